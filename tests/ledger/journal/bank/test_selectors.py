"""What reconciliation with the bank leaves over."""

import datetime as dt

import pytest
import time_machine

from ledger.journal.bank.selectors import counts_of, entries_of, open_entries, unmatched
from ledger.journal.bank.services import enter_deposit, ignore_entry, import_statement
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from tests.scenes import pay_in
from tests.statements import camt, entry, period

FIRST, LAST = dt.date(2026, 6, 11), dt.date(2026, 6, 12)


@pytest.fixture
def statement(who):
    """Return a statement of two days in June with three entries of 5 yuan, paid in by the buyer."""
    entries = [entry(f"R{number}", "5", name=who.buyer.organisation.name) for number in range(3)]
    content = camt(*entries, period=period("2026-06-11", "2026-06-12"))
    return import_statement(actor=who.treasurer, content=content)


def posted(who, reference, at):
    """Enter and confirm a deposit at a moment."""
    with time_machine.travel(at, tick=False):
        payment = request_deposit(
            actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference=reference
        )
        return confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)


def test_payments_of_covered_days_that_the_bank_does_not_show_are_listed(who, statement):
    posted(who, "A", "2026-06-10T23:59:59+08:00")
    within = [posted(who, "B", "2026-06-11T00:00:00+08:00"), posted(who, "C", "2026-06-12T23:59:59+08:00")]
    posted(who, "D", "2026-06-13T00:00:00+08:00")
    assert list(unmatched(first=FIRST, last=LAST).payments) == within
    # Of the days around, no statement says what the bank did.
    wide = unmatched(first=dt.date(2026, 1, 1), last=dt.date(2026, 12, 31))
    assert list(wide.payments) == within
    assert list(unmatched(first=LAST, last=LAST).payments) == within[1:]


def test_only_posted_payments_are_missed(who, statement):
    with time_machine.travel("2026-06-12T10:00:00+08:00", tick=False):
        deposit = {"actor": who.treasurer, "organisation": who.buyer.organisation, "amount_fen": 500}
        request_deposit(**deposit, bank_reference="waits")
        refused = request_deposit(**deposit, bank_reference="refused")
        refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
        pay_in(who, who.cooperative, 1_000)
        request_withdrawal(actor=who.cooperative, amount_fen=100)
    assert [payment.organisation for payment in unmatched(first=FIRST, last=LAST).payments] == [
        who.cooperative.organisation
    ]


def test_entries_without_a_payment_are_listed_also_those_set_aside_or_refused(who, statement):
    matched, aside, wrong = statement.entries.order_by("id")
    enter_deposit(actor=who.treasurer, entry_id=matched.pk, organisation=who.buyer.organisation)
    ignore_entry(actor=who.treasurer, entry_id=aside.pk, reason="interest")
    refused = enter_deposit(actor=who.treasurer, entry_id=wrong.pk, organisation=who.buyer.organisation)
    left = unmatched(first=FIRST, last=LAST)
    assert list(left.entries) == [aside]
    refuse_payment(actor=who.second_treasurer, payment_id=refused.payment_id)
    assert list(left.entries.all()) == [aside, wrong]
    assert list(unmatched(first=FIRST, last=FIRST).entries) == []
    assert list(open_entries()) == [wrong]
    assert list(entries_of(statement)) == [wrong, matched, aside]
    assert counts_of(statement) == {"open": 1, "matched": 1, "ignored": 1}


def test_a_payment_that_an_entry_shows_is_not_missed(who, statement):
    first = statement.entries.order_by("id")[0]
    with time_machine.travel("2026-06-12T10:00:00+08:00", tick=False):
        entered = enter_deposit(actor=who.treasurer, entry_id=first.pk, organisation=who.buyer.organisation)
        confirm_payment(actor=who.second_treasurer, payment_id=entered.payment_id)
    assert list(unmatched(first=FIRST, last=LAST).payments) == []
