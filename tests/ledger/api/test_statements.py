"""Balances of the past, statements and the trial balance over the API."""

import csv
import datetime as dt
from typing import Any

import pytest
import time_machine

from ledger.journal.selectors import cash_account
from ledger.journal.services import place_hold
from ledger.models import Account
from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, issue_to_cooperative, pay_in

NOON = dt.datetime(2025, 3, 1, 4, tzinfo=dt.UTC)
READERS = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 200,
    "treasurer": 200,
    "auditor": 200,
    "stranger": 401,
}


@pytest.fixture
def account(who: People) -> Account:
    """Return the buyer's cash: 1,000 fen at noon of the first of March, 500 a day later, 100 of it held."""
    for days, amount_fen in ((0, 1_000), (1, 500)):
        with time_machine.travel(NOON + dt.timedelta(days=days), tick=False):
            pay_in(who, who.buyer, amount_fen)
    account = cash_account(who.buyer.organisation)
    assert account is not None
    place_hold(account_id=account.pk, amount=100, purpose="order")
    return account


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert (answer.status_code, answer["content-type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("at", "balance"),
    [
        ("2025-03-01T12:00:00+08:00", 1_000),
        ("2025-03-01T11:59:59.999999+08:00", 0),
        ("2025-03-01T12:00:00", 1_000),
        ("2025-03-02T04:00:00Z", 1_500),
    ],
)
def test_balances_are_had_as_of_a_past_instant(who: People, account: Account, at: str, balance: int) -> None:
    [found] = Caller(who.buyer).ask("/accounts", at=at).json()["results"]
    assert (found["balance"], found["held"], found["available"]) == (balance, None, None)
    assert dt.datetime.fromisoformat(found["at"]).tzinfo is not None
    [now] = Caller(who.buyer).ask("/accounts").json()["results"]
    assert (now["at"], now["balance"], now["held"], now["available"]) == (None, 1_500, 100, 1_400)


def test_many_accounts_take_one_query_more_for_the_past(
    who: People, account: Account, django_assert_num_queries: Any
) -> None:
    issue_to_cooperative(who, 10, buffer_t=1)
    caller = Caller(who.auditor)
    # The last one asks which accounts have sealed bids: their deposits are told to nobody else.
    with django_assert_num_queries(3):
        now = caller.ask("/accounts").json()["results"]
    with django_assert_num_queries(4):
        then = caller.ask("/accounts", at="2025-03-01T12:00:00Z").json()["results"]
    assert len(now) == len(then) == Account.objects.count()
    assert [each["balance"] for each in then if each["asset"] != "CNY"] == [0] * (len(then) - 2)


@pytest.mark.parametrize("at", ["", "now", "2025-13-01T00:00:00Z", "\x00", "9999-12-31T23:59:59Z", "1", "x" * 5_000])
def test_what_is_no_time_is_refused(who: People, account: Account, at: str) -> None:
    for path in ("/accounts", "/trial-balance", "/trial-balance.csv"):
        answer = Caller(who.auditor).ask(path, at=at)
        assert answer.status_code in (400, 422)
        assert is_problem(
            answer, answer.status_code, "invalid_input" if answer.status_code == 400 else "invalid_value", "/at"
        )


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_not_past_or_before_any_ledger_is_refused(who: People, account: Account, at: str) -> None:
    for path in ("/accounts", "/trial-balance", "/trial-balance.csv"):
        answer = Caller(who.auditor).ask(path, at=at)
        assert is_problem(answer, answer.status_code, answer.json()["code"], "/at")
        assert answer.status_code in (400, 422)


def test_a_statement_is_had_as_csv(who: People, account: Account) -> None:
    path = f"/accounts/{account.pk}/statement.csv"
    opening, first, second, closing = rows_of(Caller(who.buyer).ask(path))
    assert [row["balance"] for row in (opening, first, second, closing)] == ["0.00", "10.00", "15.00", "15.00"]
    assert [row["what"] for row in (opening, first)] == ["Opening balance", "Money paid in by bank"]
    day = rows_of(Caller(who.buyer).ask(path, starts_on="2025-03-02", ends_on="2025-03-02"))
    assert [(row["received"], row["balance"]) for row in day] == [("", "10.00"), ("5.00", "15.00"), ("", "15.00")]


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ({"starts_on": "2025-02-30"}, 400, "/starts_on"),
        ({"ends_on": "tomorrow"}, 400, "/ends_on"),
        ({"day": "2025-03-01"}, 400, "/day"),
        ({"starts_on": "2025-03-02", "ends_on": "2025-03-01"}, 422, "/ends_on"),
    ],
)
def test_a_period_that_is_none_is_refused(
    who: People, account: Account, query: dict[str, str], status: int, pointer: str
) -> None:
    answer = Caller(who.buyer).ask(f"/accounts/{account.pk}/statement.csv", **query)
    assert is_problem(answer, status, "invalid_input" if status == 400 else "invalid_value", pointer)


def test_a_statement_that_is_too_long_is_refused(
    who: People, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.statements.MAX_LINES", 1)
    answer = Caller(who.buyer).ask(f"/accounts/{account.pk}/statement.csv")
    assert is_problem(answer, 422, "statement_too_long")


def test_a_statement_is_its_organisations_the_operators_and_the_auditors(who: People, account: Account) -> None:
    expected = READERS | {"cooperative": 404, "buyer": 200, "verifier": 404}
    assert statuses(who, "GET", f"/accounts/{account.pk}/statement.csv") == expected


def test_the_trial_balance_sums_to_zero_for_each_asset(who: People, account: Account) -> None:
    batch = issue_to_cooperative(who, 10, buffer_t=1)
    found = Caller(who.auditor).ask("/trial-balance").json()
    assert found["at"] is None
    assert found["totals"] == [
        {"asset": "CNY", "debits": 1_500, "credits": 1_500, "balance": 0},
        {"asset": batch.asset.code, "debits": 10, "credits": 10, "balance": 0},
    ]
    holding = next(row for row in found["rows"] if row["account"] == account.pk)
    assert holding == {
        "asset": "CNY",
        "purpose": "holding",
        "organisation": who.buyer.organisation.name_en,
        "account": account.pk,
        "debits": 0,
        "credits": 1_500,
        "balance": 1_500,
    }
    then = Caller(who.auditor).ask("/trial-balance", at="2025-03-01T12:00:00+08:00").json()
    assert [(row["purpose"], row["balance"]) for row in then["rows"]] == [("bank", -1_000), ("holding", 1_000)]
    rows = rows_of(Caller(who.auditor).ask("/trial-balance.csv"))
    assert [(row["asset"], row["balance"]) for row in rows[:2]] == [("CNY", "-15.00"), ("CNY", "15.00")]
    assert {row["balance"] for row in rows[2:]} == {"-10", "9", "1"}


def test_the_trial_balance_is_the_operators_and_the_auditors(who: People, account: Account) -> None:
    for path in ("/trial-balance", "/trial-balance.csv"):
        assert statuses(who, "GET", path) == READERS
