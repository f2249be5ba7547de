"""Two treasurers at the same moment, each with a connection of its own; and what the lock is for."""

from collections import Counter

import pytest

from ledger.errors import InvalidValue, WrongState
from ledger.journal.bank.services import confirm_withdrawal, enter_deposit, import_statement, link_payment
from ledger.journal.payments import request_deposit, request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import BankEntry, BankStatement, Payment
from tests.racing import Meeting, race, unlocked
from tests.scenes import pay_in
from tests.statements import camt, entry, period

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(outcomes):
    """Return how often each type came out."""
    return Counter(type(outcome) for outcome in outcomes)


def imported(who, *entries):
    statement = import_statement(actor=who.treasurer, content=camt(*entries))
    return list(statement.entries.order_by("id"))


def deposit_for(actor, bank_entry, organisation):
    return lambda: enter_deposit(actor=actor, entry_id=bank_entry.pk, organisation=organisation)


def test_two_treasurers_do_not_match_one_entry_twice(who):
    (bank_entry,) = imported(who, entry("R1", "5"))
    outcomes = race(
        deposit_for(who.treasurer, bank_entry, who.buyer.organisation),
        deposit_for(who.second_treasurer, bank_entry, who.other_buyer.organisation),
    )
    assert kinds(outcomes) == {BankEntry: 1, WrongState: 1}
    bank_entry.refresh_from_db()
    assert Payment.objects.get() == bank_entry.payment


def test_control_without_the_lock_only_the_banks_reference_stops_the_second(who):
    (bank_entry,) = imported(who, entry("R1", "5"))
    meeting = Meeting()
    outcomes = race(
        unlocked(deposit_for(who.treasurer, bank_entry, who.buyer.organisation), meeting),
        unlocked(deposit_for(who.second_treasurer, bank_entry, who.other_buyer.organisation), meeting),
    )
    assert meeting.met
    assert kinds(outcomes) == {BankEntry: 1, InvalidValue: 1}


def test_two_entries_do_not_confirm_one_withdrawal(who):
    pay_in(who, who.buyer, 1_000)
    withdrawal = request_withdrawal(actor=who.buyer, amount_fen=500)
    entries = imported(who, entry("OUT1", "5", "DBIT"), entry("OUT2", "5", "DBIT"))
    outcomes = race(
        *(
            lambda each=each: confirm_withdrawal(actor=who.treasurer, entry_id=each.pk, payment_id=withdrawal.pk)
            for each in entries
        )
    )
    assert kinds(outcomes) == {BankEntry: 1, WrongState: 1}
    assert cash_account(who.buyer.organisation).balance == 500
    assert BankEntry.objects.filter(status="open", payment=None).count() == 1


def test_two_entries_are_not_linked_with_one_payment(who):
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="typed"
    )
    entries = imported(who, entry("R1", "5"), entry("R2", "5"))
    outcomes = race(
        *(
            lambda each=each: link_payment(actor=who.treasurer, entry_id=each.pk, payment_id=payment.pk)
            for each in entries
        )
    )
    assert kinds(outcomes) == {BankEntry: 1, InvalidValue: 1}


def test_one_file_is_not_imported_twice(who):
    content = camt(entry("R1", "5"))
    outcomes = race(*[lambda: import_statement(actor=who.treasurer, content=content)] * 2)
    assert kinds(outcomes) == {BankStatement: 1, InvalidValue: 1}


def test_overlapping_statements_do_not_both_bring_an_entry(who):
    files = [camt(entry("R1", "5"), period=period("2026-06-11", last)) for last in ("2026-06-12", "2026-06-13")]
    outcomes = race(
        *(lambda content=content: import_statement(actor=who.treasurer, content=content) for content in files)
    )
    assert kinds(outcomes) == {BankStatement: 2}
    assert BankEntry.objects.count() == 1
    assert sorted(statement.duplicates for statement in outcomes) == [0, 1]
