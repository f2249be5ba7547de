"""Bank accounts over the API: masked for their own people, stated and decided by treasurers."""

from typing import Any

import pytest

from ledger.journal.bank.accounts import bank_account_of, confirm_bank_account, state_bank_account
from ledger.models import BankAccount
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.scenes import People, bank_account

NUMBER = "6228480402564890018"
REFUSED = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 403,
    "treasurer": 403,
    "auditor": 403,
    "stranger": 401,
}


def given(who: People, **changes: Any) -> dict[str, Any]:
    organisation = str(who.buyer.organisation.public_id)
    return {"organisation": organisation, "bank": "农行延平支行", "number": "6228 4804-0256 4890018"} | changes


@pytest.fixture
def stated(who: People) -> BankAccount:
    return state_bank_account(
        actor=who.second_treasurer, organisation=who.buyer.organisation, bank="农行延平支行", number=NUMBER
    )


def test_an_account_is_stated_by_one_treasurer_and_confirmed_by_another(who: People) -> None:
    before = bank_account_of(who.buyer.organisation)
    assert before is not None
    answer = Caller(who.treasurer).send("/bank-accounts", given(who))
    assert answer.status_code == 201
    stated = answer.json()
    account = BankAccount.objects.get(pk=stated["id"])
    assert stated == {
        "id": account.pk,
        "organisation": {
            "id": str(who.buyer.organisation.public_id),
            "name": who.buyer.organisation.name,
            "name_en": who.buyer.organisation.name_en,
        },
        "bank": "农行延平支行",
        "masked_number": "····0018",
        "status": "requested",
        "is_current": False,
        "requested_at": stated["requested_at"],
        "decided_at": None,
        "number": NUMBER,
        "nonce": account.nonce,
    }
    assert bank_account_of(who.buyer.organisation) == before
    path = f"/bank-accounts/{account.pk}"
    assert is_problem(Caller(who.treasurer).send(f"{path}/confirm"), 409, "same_person")
    confirmed = Caller(who.second_treasurer).send(f"{path}/confirm").json()
    assert (confirmed["status"], confirmed["is_current"]) == ("confirmed", True)
    assert is_problem(Caller(who.second_treasurer).send(f"{path}/refuse"), 409, "wrong_state")
    assert bank_account_of(who.buyer.organisation) == account


def test_a_refused_account_leaves_it_at_the_one_before(who: People, stated: BankAccount) -> None:
    before = bank_account_of(who.buyer.organisation)
    answer = Caller(who.treasurer).send(f"/bank-accounts/{stated.pk}/refuse").json()
    assert (answer["status"], answer["is_current"]) == ("refused", False)
    assert bank_account_of(who.buyer.organisation) == before


def test_its_people_read_it_masked_and_nobody_elses(who: People, stated: BankAccount) -> None:
    before = bank_account_of(who.buyer.organisation)
    assert before is not None
    reader = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    for person in (who.buyer, reader):
        caller = Caller(person)
        assert [each["id"] for each in caller.ask("/bank-accounts").json()["results"]] == [before.pk]
        assert is_problem(caller.ask(f"/bank-accounts/{stated.pk}"), 404, "not_found")
    confirm_bank_account(actor=who.treasurer, bank_account_id=stated.pk)
    answer = Caller(reader).ask("/bank-accounts")
    assert NUMBER not in answer.content.decode()
    shown = [(each["id"], each["is_current"], each["masked_number"]) for each in answer.json()["results"]]
    assert shown == [(stated.pk, True, "····0018"), (before.pk, False, f"····{before.number[-4:]}")]
    whole = Caller(reader).ask(f"/bank-accounts/{stated.pk}")
    assert (whole.json()["number"], whole.json()["nonce"]) == (None, None)
    assert NUMBER not in whole.content.decode()
    assert is_problem(Caller(who.other_buyer).ask(f"/bank-accounts/{stated.pk}"), 404, "not_found")
    newcomer = Caller(MembershipFactory()).ask("/bank-accounts")
    assert (newcomer.status_code, newcomer.json()["results"]) == (200, [])


def test_the_operator_and_auditors_see_all_and_compare_it_whole(who: People, stated: BankAccount) -> None:
    for person in (who.treasurer, who.registrar, who.auditor):
        caller = Caller(person)
        assert len(caller.ask("/bank-accounts").json()["results"]) == 4
        [waits] = caller.ask("/bank-accounts", status="requested").json()["results"]
        assert (waits["id"], "number" in waits) == (stated.pk, False)
        of_one = caller.ask("/bank-accounts", organisation=str(who.cooperative.organisation.public_id))
        assert len(of_one.json()["results"]) == 1
        assert caller.ask(f"/bank-accounts/{stated.pk}").json()["number"] == NUMBER
    assert is_problem(caller.ask("/bank-accounts", status="lost"), 400, "invalid_input")


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"organisation": "01234567-89ab-cdef-0123-456789abcdef"}, 404, "not_found", "/organisation"),
        ({"organisation": 1}, 400, "invalid_input", "/organisation"),
        ({"bank": ""}, 400, "invalid_input", "/bank"),
        ({"bank": "x" * 201}, 400, "invalid_input", "/bank"),
        ({"bank": "\x00"}, 400, "invalid_input", "/bank"),
        ({"number": 62284804}, 400, "invalid_input", "/number"),
        ({"number": "1" * 61}, 400, "invalid_input", "/number"),
        ({"number": "1234567"}, 422, "invalid_value", "/number"),
        ({"number": "1" * 31}, 422, "invalid_value", "/number"),
        ({"number": "62284804x"}, 422, "invalid_value", "/number"),
        ({"status": "confirmed"}, 400, "invalid_input", "/status"),
    ],
)
def test_what_is_no_account_is_refused(
    who: People, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    count = BankAccount.objects.count()
    assert is_problem(Caller(who.treasurer).send("/bank-accounts", given(who, **changes)), status, code, pointer)
    assert BankAccount.objects.count() == count


def test_who_holds_no_money_and_who_waits_already_are_refused(who: People, stated: BankAccount) -> None:
    caller = Caller(who.treasurer)
    assert is_problem(caller.send("/bank-accounts", given(who)), 422, "invalid_value", "/organisation")
    verifier = given(who, organisation=str(who.verifier.organisation.public_id))
    assert is_problem(caller.send("/bank-accounts", verifier), 422, "invalid_value", "/organisation")


def test_who_may_state_decide_and_read(who: People, stated: BankAccount) -> None:
    body = given(who, organisation=str(who.cooperative.organisation.public_id))
    assert statuses(who, "POST", "/bank-accounts", body) == REFUSED | {"treasurer": 201}
    for step in ("confirm", "refuse"):
        assert statuses(who, "POST", f"/bank-accounts/{stated.pk}/{step}") == REFUSED | {"treasurer": 200}
        assert is_problem(Caller(who.treasurer).send(f"/bank-accounts/{2**40}/{step}"), 404, "not_found")
    everybody = dict.fromkeys(REFUSED, 200) | {"stranger": 401}
    assert statuses(who, "GET", "/bank-accounts") == everybody
    readers = {"registrar": 200, "treasurer": 200, "auditor": 200}
    hidden = {"cooperative": 404, "buyer": 404, "verifier": 404, "stranger": 401}
    assert statuses(who, "GET", f"/bank-accounts/{stated.pk}") == hidden | readers


def test_accounts_are_listed_newest_first_in_as_many_queries(who: People, django_assert_num_queries: Any) -> None:
    newest = bank_account(who, who.cooperative)
    for reader in (who.auditor, who.cooperative):
        caller = Caller(reader)
        with django_assert_num_queries(2):
            found = caller.ask("/bank-accounts").json()["results"]
        assert found[0]["id"] == newest.pk
        assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)
