import datetime as dt

import pytest
import time_machine
from django.utils import translation

from ledger.credits.services import retire_credits
from ledger.journal.payments import confirm_payment, request_withdrawal
from ledger.journal.selectors import cash_account, holding_in, system_account
from ledger.journal.trial_balance import AssetTotal, TrialBalanceRow, totals, trial_balance
from ledger.models import Account
from tests.factories import OrganisationFactory
from tests.scenes import issue_to_cooperative, pay_in

START = dt.datetime(2025, 3, 1, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def batch(who):
    """Return a batch of 100 t, 10 t of them in the buffer; an hour later 30 t are retired and 1,000 fen come and 400 go."""
    with time_machine.travel(START, tick=False):
        batch = issue_to_cooperative(who, 100, buffer_t=10)
    with time_machine.travel(START + HOUR, tick=False):
        retire_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=30, beneficiary_name="甲", purpose="event")
        pay_in(who, who.buyer, 1_000)
        payment = request_withdrawal(actor=who.buyer, amount_fen=400)
        confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference="OUT")
    return batch


def test_every_account_stands_with_what_it_gave_and_received_cash_first(who, batch, django_assert_num_queries):
    with translation.override("zh-hans"), django_assert_num_queries(1):
        found = trial_balance()
    code, asset = batch.asset.code, batch.asset
    buyer, cooperative = who.buyer.organisation, who.cooperative.organisation
    bank = system_account(cash_account(buyer).asset, "bank")
    system = {purpose: system_account(asset, purpose).pk for purpose in ("issuance", "buffer", "retired")}
    assert found == [
        TrialBalanceRow("CNY", False, "bank", "", bank.pk, 1_000, 400, -600),
        TrialBalanceRow("CNY", False, "holding", buyer.name, cash_account(buyer).pk, 400, 1_000, 600),
        TrialBalanceRow(code, True, "buffer", "", system["buffer"], 0, 10, 10),
        TrialBalanceRow(code, True, "holding", cooperative.name, holding_in(cooperative, asset).pk, 30, 90, 60),
        TrialBalanceRow(code, True, "issuance", "", system["issuance"], 100, 0, -100),
        TrialBalanceRow(code, True, "retired", "", system["retired"], 0, 30, 30),
    ]
    assert totals(found) == [AssetTotal("CNY", 1_400, 1_400, 0), AssetTotal(code, 130, 130, 0)]
    assert {row.account_id: row.balance for row in found} == dict(
        Account.objects.exclude(balance=0).values_list("id", "balance")
    )


def test_it_is_had_as_of_any_past_instant(who, batch):
    assert trial_balance(START - dt.timedelta(microseconds=1)) == []
    at_first = trial_balance(START)
    assert [(row.purpose, row.debits, row.credits, row.balance) for row in at_first] == [
        ("buffer", 0, 10, 10),
        ("holding", 0, 90, 90),
        ("issuance", 100, 0, -100),
    ]
    assert totals(at_first) == [AssetTotal(batch.asset.code, 100, 100, 0)]
    assert trial_balance(START + HOUR) == trial_balance()


def test_an_account_that_never_moved_anything_is_left_out(who, batch):
    cash = cash_account(who.buyer.organisation).asset
    Account.objects.create(organisation=OrganisationFactory(), asset=cash)
    assert len(trial_balance()) == 6


@pytest.mark.django_db
def test_empty_books_have_an_empty_trial_balance():
    assert trial_balance() == []
    assert totals([]) == []
