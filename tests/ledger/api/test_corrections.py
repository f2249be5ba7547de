"""Corrections over the API."""

from typing import Any

import pytest

from ledger.journal.corrections import request_correction
from ledger.models import Correction, Transaction
from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, issue_to_cooperative, pay_in

REFUSED = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 403,
    "treasurer": 403,
    "auditor": 403,
    "stranger": 401,
}


@pytest.fixture
def wrong(who: People) -> Transaction:
    pay_in(who, who.buyer, 1_000)
    return Transaction.objects.get()


@pytest.fixture
def correction(who: People, wrong: Transaction) -> Correction:
    return request_correction(actor=who.second_treasurer, transaction_id=wrong.pk, reason="twice")


def test_a_correction_is_asked_for_by_one_treasurer_and_confirmed_by_another(who: People, wrong: Transaction) -> None:
    answer = Caller(who.treasurer).send("/corrections", {"transaction": wrong.pk, "reason": "twice"})
    assert answer.status_code == 201
    correction = answer.json()
    assert correction == {
        "id": Correction.objects.get().pk,
        "transaction": wrong.pk,
        "reason": "twice",
        "status": "requested",
        "reversal": None,
        "requested_at": correction["requested_at"],
        "decided_at": None,
    }
    path = f"/corrections/{correction['id']}/confirm"
    assert is_problem(Caller(who.treasurer).send(path), 409, "same_person")
    confirmed = Caller(who.second_treasurer).send(path).json()
    assert (confirmed["status"], confirmed["reversal"]) == ("confirmed", Transaction.objects.get(kind="reversal").pk)
    assert is_problem(Caller(who.second_treasurer).send(path), 409, "wrong_state")
    [account] = Caller(who.buyer).ask("/accounts").json()["results"]
    assert account["balance"] == 0
    assert Caller(who.buyer).ask("/payments").json()["results"][0]["status"] == "reversed"


def test_a_refused_correction_leaves_the_transaction_as_it_is(who: People, correction: Correction) -> None:
    answer = Caller(who.treasurer).send(f"/corrections/{correction.pk}/refuse")
    assert (answer.json()["status"], answer.json()["reversal"]) == ("refused", None)
    assert Caller(who.buyer).ask("/accounts").json()["results"][0]["balance"] == 1_000


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"transaction": 2**50}, 404, "not_found", "/transaction"),
        ({"transaction": 0}, 400, "invalid_input", "/transaction"),
        ({"transaction": "1"}, 400, "invalid_input", "/transaction"),
        ({"reason": ""}, 400, "invalid_input", "/reason"),
        ({"reason": "x" * 201}, 400, "invalid_input", "/reason"),
        ({"reason": "\x00"}, 400, "invalid_input", "/reason"),
        ({"more": 1}, 400, "invalid_input", "/more"),
    ],
)
def test_a_correction_that_is_not_right_is_refused(
    who: People, wrong: Transaction, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = Caller(who.treasurer).send("/corrections", {"transaction": wrong.pk, "reason": "twice"} | changes)
    assert is_problem(answer, status, code, pointer)
    assert not Correction.objects.exists()


def test_what_is_final_or_corrected_already_is_refused(who: People, correction: Correction) -> None:
    issuance = issue_to_cooperative(who, 10).transaction_id
    answer = Caller(who.treasurer).send("/corrections", {"transaction": issuance, "reason": "x"})
    assert is_problem(answer, 409, "not_reversible", "/transaction")
    assert "Have their holders cancel as many instead." in answer.json()["detail"]
    again = {"transaction": correction.transaction_id, "reason": "x"}
    assert is_problem(Caller(who.treasurer).send("/corrections", again), 409, "already_reversed", "/transaction")


def test_who_may_ask_decide_and_read(who: People, correction: Correction) -> None:
    pay_in(who, who.other_buyer, 1)
    wrong = Transaction.objects.latest("id").pk
    body = {"transaction": wrong, "reason": "x"}
    assert statuses(who, "POST", "/corrections", body) == REFUSED | {"treasurer": 201}
    for step in ("confirm", "refuse"):
        assert statuses(who, "POST", f"/corrections/{correction.pk}/{step}") == REFUSED | {"treasurer": 200}
        assert is_problem(Caller(who.treasurer).send(f"/corrections/{2**40}/{step}"), 404, "not_found")
    readers = {"registrar": 200, "treasurer": 200, "auditor": 200}
    assert statuses(who, "GET", "/corrections") == REFUSED | readers


def test_corrections_are_listed_newest_first_in_as_many_queries(
    who: People, correction: Correction, django_assert_num_queries: Any
) -> None:
    pay_in(who, who.other_buyer, 1)
    newer = request_correction(actor=who.treasurer, transaction_id=Transaction.objects.latest("id").pk, reason="x")
    caller = Caller(who.auditor)
    with django_assert_num_queries(2):
        found = caller.ask("/corrections").json()["results"]
    assert [each["id"] for each in found] == [newer.pk, correction.pk]
