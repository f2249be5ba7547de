"""Accounts and payments over the API."""

from typing import Any

import pytest

from ledger.journal.bank.accounts import bank_account_of
from ledger.models import Account, Batch, Payment
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory
from tests.scenes import People, bank_account, issue_to_cooperative, pay_in

REFERENCE = "ICBC-1"


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 1_000, buffer_t=100)


def a_deposit(who: People, **changes: Any) -> dict[str, Any]:
    deposit = {
        "organisation": str(who.buyer.organisation.public_id),
        "amount_fen": 500_000,
        "bank_reference": REFERENCE,
    }
    return deposit | changes


def test_a_deposit_is_entered_by_one_treasurer_and_confirmed_by_another(who: People) -> None:
    answer = Caller(who.treasurer).send("/payments/deposits", a_deposit(who))
    assert answer.status_code == 201
    payment = answer.json()
    assert payment == {
        "id": Payment.objects.get().pk,
        "organisation": {
            "id": str(who.buyer.organisation.public_id),
            "name": who.buyer.organisation.name,
            "name_en": who.buyer.organisation.name_en,
        },
        "direction": "deposit",
        "amount_fen": 500_000,
        "bank_reference": REFERENCE,
        "status": "requested",
        "bank_account": None,
        "requested_at": payment["requested_at"],
        "decided_at": None,
    }
    path = f"/payments/{payment['id']}/confirm"
    assert is_problem(Caller(who.treasurer).send(path), 409, "same_person")
    confirmed = Caller(who.second_treasurer).send(path)
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "posted")
    assert is_problem(Caller(who.second_treasurer).send(path), 409, "wrong_state")
    [account] = Caller(who.buyer).ask("/accounts").json()["results"]
    assert (account["asset"], account["kind"]) == ("CNY", "cash")
    assert (account["balance"], account["held"], account["available"]) == (500_000, 0, 500_000)


def test_a_bank_reference_is_entered_once(who: People) -> None:
    caller = Caller(who.treasurer)
    assert caller.send("/payments/deposits", a_deposit(who)).status_code == 201
    answer = caller.send("/payments/deposits", a_deposit(who))
    assert is_problem(answer, 422, "invalid_value", "/bank_reference")
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"organisation": "00000000-0000-0000-0000-000000000000"}, 404, "/organisation"),
        ({"organisation": 5}, 400, "/organisation"),
        ({"organisation": "\ud800"}, 400, "/organisation"),
        ({"amount_fen": -1}, 400, "/amount_fen"),
        ({"amount_fen": 10**30}, 400, "/amount_fen"),
        ({"bank_reference": "x" * 65}, 400, "/bank_reference"),
        ({"bank_reference": "\x00"}, 400, "/bank_reference"),
    ],
)
def test_a_deposit_that_is_not_right_is_refused(
    who: People, changes: dict[str, Any], status: int, pointer: str
) -> None:
    answer = Caller(who.treasurer).send("/payments/deposits", a_deposit(who, **changes))
    assert is_problem(answer, status, "not_found" if status == 404 else "invalid_input", pointer)
    assert not Payment.objects.exists()


def test_who_may_enter_deposits_and_who_may_withdraw(who: People) -> None:
    refused = {
        "cooperative": 403,
        "buyer": 403,
        "verifier": 403,
        "registrar": 403,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    assert statuses(who, "POST", "/payments/deposits", a_deposit(who)) == refused | {"treasurer": 201}
    pay_in(who, who.buyer, 1_000)
    expected = refused | {"buyer": 201, "cooperative": 409}
    assert statuses(who, "POST", "/payments/withdrawals", {"amount_fen": 1_000}) == expected


def test_a_withdrawal_is_held_then_confirmed_with_a_reference_or_refused(who: People) -> None:
    pay_in(who, who.buyer, 1_000)
    caller = Caller(who.buyer)
    payment = caller.send("/payments/withdrawals", {"amount_fen": 600}).json()
    assert caller.ask("/accounts").json()["results"][0]["held"] == 600
    assert is_problem(caller.send("/payments/withdrawals", {"amount_fen": 401}), 409, "insufficient_balance")
    path = f"/payments/{payment['id']}"
    expected = {
        "cooperative": 404,
        "buyer": 403,
        "verifier": 404,
        "registrar": 403,
        "treasurer": 200,
        "auditor": 403,
        "stranger": 401,
    }
    assert statuses(who, "POST", f"{path}/confirm", {"bank_reference": "out-1"}) == expected
    assert statuses(who, "POST", f"{path}/refuse") == expected
    assert is_problem(Caller(who.treasurer).send(f"{path}/confirm"), 422, "invalid_value", "/bank_reference")
    assert Caller(who.treasurer).send(f"{path}/refuse").json()["status"] == "refused"
    assert caller.ask("/accounts").json()["results"][0]["available"] == 1_000


def test_a_withdrawal_says_to_which_account_it_was_paid(who: People) -> None:
    pay_in(who, who.buyer, 1_000)
    payment = Caller(who.buyer).send("/payments/withdrawals", {"amount_fen": 600}).json()
    assert payment["bank_account"] is None
    before = bank_account_of(who.buyer.organisation)
    now = bank_account(who, who.buyer)
    path, body, treasurer = f"/payments/{payment['id']}/confirm", {"bank_reference": "out-1"}, Caller(who.treasurer)
    assert is_problem(treasurer.send(path, body), 409, "bank_account_changed", "/bank_account")
    for wrong, status, code in ((2**50, 422, "invalid_value"), ("x", 400, "invalid_input"), (0, 400, "invalid_input")):
        assert is_problem(treasurer.send(path, body | {"bank_account": wrong}), status, code, "/bank_account")
    assert now != before
    paid = treasurer.send(path, body | {"bank_account": before.pk}).json()
    assert (paid["status"], paid["bank_account"]) == ("posted", before.pk)
    assert Caller(who.buyer).ask("/payments").json()["results"][0]["bank_account"] == before.pk


def test_an_organisation_without_a_bank_account_is_told_what_to_do(who: People) -> None:
    newcomer = MembershipFactory()
    pay_in(who, newcomer, 1_000)
    answer = Caller(newcomer).send("/payments/withdrawals", {"amount_fen": 600})
    assert is_problem(answer, 409, "no_bank_account")
    assert "The operator enters it from the contract" in answer.json()["detail"]
    assert Caller(newcomer).ask("/accounts").json()["results"][0]["held"] == 0
    bank_account(who, newcomer)
    assert Caller(newcomer).send("/payments/withdrawals", {"amount_fen": 600}).status_code == 201


def test_payments_and_accounts_are_seen_by_their_organisation_the_operator_and_auditors(
    who: People, batch: Batch
) -> None:
    pay_in(who, who.buyer, 1_000)
    seen = {
        name: len(Caller(getattr(who, name)).ask("/payments").json()["results"])
        for name in ("cooperative", "buyer", "verifier", "registrar", "auditor")
    }
    assert seen == {"cooperative": 0, "buyer": 1, "verifier": 0, "registrar": 1, "auditor": 1}
    account = Account.objects.get(organisation=who.cooperative.organisation)
    expected = {
        "cooperative": 200,
        "buyer": 404,
        "verifier": 404,
        "registrar": 200,
        "treasurer": 200,
        "auditor": 200,
        "stranger": 401,
    }
    for path in ("transfers", "serials"):
        assert statuses(who, "GET", f"/accounts/{account.pk}/{path}") == expected
    assert len(Caller(who.auditor).ask("/accounts").json()["results"]) == Account.objects.count()


def test_an_account_shows_its_transfers_and_serial_numbers(
    who: People, batch: Batch, django_assert_num_queries: Any
) -> None:
    caller = Caller(who.cooperative)
    body = {"batch": batch.asset.code, "quantity_t": 10, "beneficiary_name": "x", "purpose": "event"}
    assert caller.send("/retirements", body).status_code == 201
    account = Account.objects.get(organisation=who.cooperative.organisation)
    with django_assert_num_queries(3):
        out, into = caller.ask(f"/accounts/{account.pk}/transfers").json()["results"]
    assert (into["kind"], into["direction"], into["amount"]) == ("issuance", "in", 900)
    assert into["serials"] == [{"first_serial": "1", "last_serial": "900", "quantity_t": 900}]
    assert (out["kind"], out["direction"], out["amount"]) == ("retirement", "out", 10)
    with django_assert_num_queries(3):
        owned = caller.ask(f"/accounts/{account.pk}/serials").json()["results"]
    assert owned == [{"first_serial": "11", "last_serial": "900", "quantity_t": 890}]


def test_somebody_of_no_organisation_has_no_accounts(who: People) -> None:
    OrganisationFactory()
    caller = Caller(UserFactory())
    for path in ("/accounts", "/payments", "/orders", "/trades"):
        assert is_problem(caller.ask(path), 403, "not_allowed")
    assert caller.ask("/me").json()["organisation"] is None
