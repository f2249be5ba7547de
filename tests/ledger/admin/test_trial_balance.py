import csv
import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.test import Client

from ledger.admin import trial_balance as page
from ledger.journal.trial_balance import trial_balance
from ledger.models import Account
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, pay_in

ADDRESS = "/admin/trial-balance/"


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def test_every_account_is_there_with_its_balance(who: People) -> None:
    pay_in(who, who.buyer, 123_456)
    issue_to_cooperative(who, 100, buffer_t=10)
    rows = {row.account_id: row for row in trial_balance()}
    for account in Account.objects.all():
        row = rows[account.pk]
        assert (row.balance, row.credits - row.debits, row.purpose) == (
            account.balance,
            account.balance,
            account.purpose,
        )
    assert [row.asset_code for row in trial_balance()][:2] == ["CNY", "CNY"]


def test_the_page_shows_totals_that_balance(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 123_456)
    issue_to_cooperative(who, 100, buffer_t=10)
    context = auditor.get(ADDRESS).context
    assert context["balances"] is True
    cash, credit = context["totals"]
    assert (cash["debits"], cash["credits"], cash["accounts"]) == ("1,234.56", "1,234.56", 2)
    assert (credit["debits"], credit["unit"], credit["accounts"]) == ("100", "t", 3)


def test_it_is_computed_as_of_a_past_instant_in_shanghai(who: People) -> None:
    for hour in (1, 5):
        with time_machine.travel(dt.datetime(2026, 3, 1, hour, 30, tzinfo=dt.UTC), tick=False):
            pay_in(who, who.buyer, 100)
    with time_machine.travel(dt.datetime(2026, 3, 2, tzinfo=dt.UTC)):
        client = client_of(who.auditor)
        debits = lambda at: [total["debits"] for total in client.get(ADDRESS, {"at": at}).context["totals"]]  # noqa: E731
        assert debits("2026-03-01T13:29") == ["1.00"]
        assert debits("2026-03-01T13:30") == debits("2026-03-01") == debits("") == ["2.00"]
        assert debits("2026-02-28") == []


@pytest.mark.parametrize("at", ["x", "2026-13-01", "2026-03-01T25:00", "\x00"])
def test_a_time_that_is_none_is_said_beside_the_field(at: str, auditor: Client) -> None:
    for address in (ADDRESS, f"{ADDRESS}export.csv"):
        answer = auditor.get(address, {"at": at})
        assert answer.status_code == 422
        assert "Write a time such as" in answer.content.decode()


def test_the_page_reads_as_often_however_many_accounts(
    who: People, auditor: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROWS_A_PAGE", 2)
    for payer in (who.buyer, who.other_buyer):
        pay_in(who, payer, 100)
    # Session, person, membership; the balance.
    with django_assert_num_queries(4):
        answer = auditor.get(ADDRESS, {"page": "2"})
    assert len(answer.context["rows"]) == 1
    assert answer.context["totals"][0]["accounts"] == 3


def test_the_export_has_every_account(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 123_456)
    content = b"".join(auditor.get(f"{ADDRESS}export.csv").streaming_content).decode()
    head, bank, buyer = csv.reader(io.StringIO(content.removeprefix("\ufeff")))
    assert head == ["Asset", "Account", "Purpose", "Organisation", "Debits", "Credits", "Balance"]
    assert bank[3:] == ["", "1,234.56", "0.00", "−1,234.56"]
    assert buyer[3:] == [who.buyer.organisation.name_en, "0.00", "1,234.56", "1,234.56"]
