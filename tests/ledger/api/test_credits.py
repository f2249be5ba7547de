"""Batches, and their retirement: by whom, repeated, hidden, listed."""

from typing import Any

import pytest

from ledger.models import Account, Batch, IdempotentRequest, Organisation, Retirement
from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, issue_to_cooperative


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 1_000, buffer_t=100)


def a_retirement(batch: Batch, **changes: Any) -> dict[str, Any]:
    wanted = {
        "batch": batch.asset.code,
        "quantity_t": 10,
        "beneficiary_name": "闽江纸业",
        "beneficiary_code": "91350100M000100Y43",
        "purpose": "own_footprint",
        "note": "2022",
    }
    return wanted | changes


def test_a_retirement_uses_credits_up_for_good(who: People, batch: Batch) -> None:
    answer = Caller(who.cooperative).send("/retirements", a_retirement(batch))
    assert answer.status_code == 201
    retirement = Retirement.objects.get()
    assert answer.json() == {
        "id": str(retirement.public_id),
        "organisation": {
            "id": str(who.cooperative.organisation.public_id),
            "name": who.cooperative.organisation.name,
            "name_en": who.cooperative.organisation.name_en,
        },
        "batch": batch.asset.code,
        "quantity_t": 10,
        "serials": [{"first_serial": "1", "last_serial": "10", "quantity_t": 10}],
        "purpose": "own_footprint",
        "is_beneficiary_public": True,
        "beneficiary_name": "闽江纸业",
        "beneficiary_code": "91350100M000100Y43",
        "beneficiary_place": "",
        "period_starts_on": None,
        "period_ends_on": None,
        "court_name": "",
        "case_number": "",
        "note": "2022",
        "retired_at": answer.json()["retired_at"],
    }
    assert Caller().ask(f"/retirements/{retirement.public_id}").json() == answer.json()
    supply = Caller().ask(f"/batches/{batch.asset.code}").json()["supply"]
    assert supply == {"issued": 1_000, "held": 890, "buffer": 100, "retired": 10, "cancelled": 0}


def test_who_may_retire(who: People, batch: Batch) -> None:
    assert statuses(who, "POST", "/retirements", a_retirement(batch)) == {
        "cooperative": 201,
        "buyer": 409,
        "verifier": 403,
        "registrar": 403,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"batch": "TH-35-000009-2022"}, 404, "not_found", "/batch"),
        ({"batch": "CNY"}, 404, "not_found", "/batch"),
        ({"quantity_t": 901}, 409, "insufficient_balance", "/quantity_t"),
        ({"quantity_t": 2**53 - 1}, 409, "insufficient_balance", "/quantity_t"),
        ({"quantity_t": 2**53}, 400, "invalid_input", "/quantity_t"),
        ({"quantity_t": 0}, 400, "invalid_input", "/quantity_t"),
        ({"quantity_t": 1.5}, 400, "invalid_input", "/quantity_t"),
        ({"purpose": "fun"}, 400, "invalid_input", "/purpose"),
        ({"purpose": ["fun"]}, 400, "invalid_input", "/purpose"),
        ({"beneficiary_name": " "}, 400, "invalid_input", "/beneficiary_name"),
        ({"is_beneficiary_public": "yes"}, 400, "invalid_input", "/is_beneficiary_public"),
        ({"note": "x" * 301}, 400, "invalid_input", "/note"),
    ],
)
def test_a_retirement_that_is_not_right_changes_nothing(
    who: People, batch: Batch, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = Caller(who.cooperative).send("/retirements", a_retirement(batch) | changes)
    assert is_problem(answer, status, code, pointer)
    assert not Retirement.objects.exists()
    assert Account.objects.get(organisation=who.cooperative.organisation).balance == 900


def test_a_request_repeated_with_its_key_retires_once(who: People, batch: Batch) -> None:
    caller = Caller(who.cooperative)
    key = {"idempotency_key": "order-66"}
    first = caller.send("/retirements", a_retirement(batch), **key)
    again = caller.send("/retirements", a_retirement(batch), **key)
    assert (again.status_code, again.content, again["idempotency-replayed"]) == (201, first.content, "true")
    other = caller.send("/retirements", a_retirement(batch) | {"quantity_t": 11}, **key)
    assert is_problem(other, 422, "idempotency_key_reused")
    # After two days the answer is forgotten; what the key retired is known for good.
    IdempotentRequest.objects.all().delete()
    late = caller.send("/retirements", a_retirement(batch), **key)
    assert (late.status_code, late.json()) == (200, first.json())
    IdempotentRequest.objects.all().delete()
    for changes in ({"quantity_t": 11}, {"is_beneficiary_public": False}, {"note": "2023"}):
        other = caller.send("/retirements", a_retirement(batch) | changes, **key)
        assert is_problem(other, 409, "idempotency_conflict")
    assert caller.send("/retirements", a_retirement(batch)).status_code == 201
    assert Retirement.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 65, "a b", "é"])
def test_a_key_is_a_short_word(who: People, batch: Batch, key: str) -> None:
    answer = Caller(who.cooperative).send("/retirements", a_retirement(batch), idempotency_key=key)
    assert is_problem(answer, 400, "invalid_idempotency_key")
    assert not Retirement.objects.exists()


def test_a_beneficiary_that_is_not_public_is_hidden_from_others(who: People, batch: Batch) -> None:
    Caller(who.cooperative).send("/retirements", a_retirement(batch, is_beneficiary_public=False))
    public_id = Retirement.objects.get().public_id
    for person, is_seen in (
        (who.cooperative, True),
        (who.auditor, True),
        (who.registrar, True),
        (who.buyer, False),
        (who.verifier, False),
        (None, False),
    ):
        caller = Caller(person)
        shown = caller.ask(f"/retirements/{public_id}").json()
        assert caller.ask("/retirements").json()["results"] == [shown]
        hidden = {shown["beneficiary_name"], shown["beneficiary_code"], shown["note"]}
        assert hidden == ({"闽江纸业", "91350100M000100Y43", "2022"} if is_seen else {None})
        assert shown["quantity_t"] == 10


def test_a_suspended_organisation_retires_nothing(who: People, batch: Batch) -> None:
    Organisation.objects.filter(pk=who.cooperative.organisation_id).update(status=Organisation.Status.SUSPENDED)
    answer = Caller(who.cooperative).send("/retirements", a_retirement(batch))
    assert is_problem(answer, 403, "organisation_suspended")


def test_lists_take_as_many_queries_however_long_they_are(who: People, django_assert_num_queries: Any) -> None:
    batches = [issue_to_cooperative(who, 100) for _ in range(3)]
    caller = Caller(who.cooperative)
    for batch in batches:
        caller.send("/retirements", a_retirement(batch))
    with django_assert_num_queries(2):
        assert len(Caller().ask("/batches").json()["results"]) == 3
    with django_assert_num_queries(1):
        assert len(Caller().ask("/retirements").json()["results"]) == 3


def test_a_list_keeps_its_place_while_new_rows_arrive(who: People) -> None:
    batches = [issue_to_cooperative(who, 100) for _ in range(5)]
    caller = Caller(who.cooperative)
    for batch in batches[:4]:
        caller.send("/retirements", a_retirement(batch))
    first = caller.ask("/retirements", page_size=2).json()
    assert first["previous"] is None
    caller.send("/retirements", a_retirement(batches[4]))
    second = caller.get(first["next"]).json()
    assert second["next"] is None
    seen = [row["batch"] for row in first["results"] + second["results"]]
    assert seen == [batch.asset.code for batch in reversed(batches[:4])]
    back = caller.get(second["previous"]).json()
    assert back["results"] == first["results"]
