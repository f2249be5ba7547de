"""Statements are imported once, and their entries become payments by the steps that payments have."""

import datetime as dt

import orjson
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from ledger.errors import BankAccountChanged, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.journal.bank.accounts import bank_account_of
from ledger.journal.bank.models import BankEntry, BankStatement
from ledger.journal.bank.services import (
    accept_unambiguous,
    confirm_withdrawal,
    enter_deposit,
    ignore_entry,
    import_statement,
    link_payment,
    reopen_entry,
)
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import Membership, Organisation, Payment, Record
from tests.factories import MembershipFactory
from tests.scenes import bank_account, pay_in
from tests.statements import ACCOUNT, balance, camt, entry, period, sample
from trading.execution.reconciliation import reconcile


def imported(who, *entries, **options):
    """Import a statement, and return its entries in their order."""
    statement = import_statement(actor=who.treasurer, content=camt(*entries, **options))
    return list(statement.entries.order_by("id"))


def from_buyer(who, reference="R1", yuan="5.00", **options):
    return entry(reference, yuan, name=who.buyer.organisation.name, **options)


def to_buyer(who, reference="OUT1", yuan="5.00", **options):
    return entry(reference, yuan, "DBIT", name=who.buyer.organisation.name, **options)


@pytest.fixture
def withdrawal(who):
    """Return a withdrawal of 5 yuan that the buyer has asked for, who has 10."""
    pay_in(who, who.buyer, 1_000)
    return request_withdrawal(actor=who.buyer, amount_fen=500)


# Importing


def test_a_statement_is_kept_with_its_entries_and_recorded(who):
    statement = import_statement(actor=who.treasurer, content=sample("june-daily.camt.053.001.02.xml"))
    statement.refresh_from_db()
    assert (statement.account, statement.currency, statement.format) == (ACCOUNT, "CNY", "camt053")
    assert (statement.starts_on, statement.ends_on) == (dt.date(2026, 6, 12), dt.date(2026, 6, 12))
    assert (statement.opening_fen, statement.closing_fen) == (125_000_000, 133_244_950)
    assert (statement.duplicates, statement.skipped, statement.imported_by) == (0, 1, who.treasurer.user)
    assert [(each.bank_reference, each.signed_fen, each.status) for each in statement.entries.order_by("id")] == [
        ("CCB2026061200004711", 10_250_050, "open"),
        ("CCB2026061200005120", -2_000_000, "open"),
        ("CCB2026061200005121", -5_100, "open"),
    ]
    record = Record.objects.get(kind="bank_statement_imported")
    assert record.pk == statement.record_id
    said = orjson.loads(bytes(record.entry))
    assert said["body"] == {"statement": str(statement.pk), "sha256": statement.sha256, "entries": 3}
    assert said["actor"] == f"user:{who.treasurer.user.public_id}"
    assert not Payment.objects.exists()


def test_one_file_is_imported_once_and_the_refusal_points_to_the_first(who):
    content = sample("june-ccb.gbk.csv")
    first = import_statement(actor=who.treasurer, content=content)
    with pytest.raises(InvalidValue) as refused:
        import_statement(actor=who.second_treasurer, content=content)
    assert (refused.value.field, f"statement {first.pk}," in str(refused.value)) == ("file", True)
    assert BankStatement.objects.count() == 1


def test_entries_of_an_overlapping_statement_are_not_imported_twice(who):
    imported(who, entry("R1", "5"), entry("R2", "6"), period=period("2026-06-11", "2026-06-12"))
    again = [entry("R1", "5"), entry("R2", "7"), entry("R2", "6", "DBIT"), entry("R3", "8")]
    later = imported(who, *again, period=period("2026-06-12", "2026-06-13"))
    assert [(each.bank_reference, each.signed_fen) for each in later] == [("R2", 700), ("R2", -600), ("R3", 800)]
    assert later[0].statement.duplicates == 1


def test_references_that_a_bank_uses_again_are_new_entries_elsewhere(who):
    imported(who, entry("R1", "5"), period=period("2026-06-11", "2026-06-12"))
    assert len(imported(who, entry("R1", "5", day="2026-06-14"), period=period("2026-06-13", "2026-06-14"))) == 1
    assert len(imported(who, entry("R1", "5"), account="6222")) == 1


def test_a_statement_that_was_known_whole_is_kept_without_entries(who):
    imported(who, entry("R1", "5"))
    assert imported(who, entry("R1", "5"), balances=balance("CLBD", "5")) == []
    assert BankStatement.objects.latest("id").duplicates == 1


def test_a_file_that_is_refused_leaves_nothing(who):
    content = camt(entry("R1", "5"), balances=balance("OPBD", "0") + balance("CLBD", "6"))
    with pytest.raises(InvalidValue):
        import_statement(actor=who.treasurer, content=content)
    assert not BankStatement.objects.exists()
    assert not Record.objects.filter(kind="bank_statement_imported").exists()


@pytest.mark.parametrize("kind", ["registrar", "auditor", "buyer", "cooperative", "verifier"])
def test_only_treasurers_import_and_decide(who, kind):
    actor = getattr(who, kind)
    bank_entry = imported(who, from_buyer(who))[0]
    steps = [
        lambda: import_statement(actor=actor, content=camt(entry("R9", "1"))),
        lambda: enter_deposit(actor=actor, entry_id=bank_entry.pk, organisation=who.buyer.organisation),
        lambda: confirm_withdrawal(actor=actor, entry_id=bank_entry.pk, payment_id=1),
        lambda: link_payment(actor=actor, entry_id=bank_entry.pk, payment_id=1),
        lambda: ignore_entry(actor=actor, entry_id=bank_entry.pk, reason="x"),
        lambda: reopen_entry(actor=actor, entry_id=bank_entry.pk),
        lambda: accept_unambiguous(actor=actor, statement_id=bank_entry.statement_id),
    ]
    for step in steps:
        with pytest.raises(NotAllowed):
            step()
    bank_entry.refresh_from_db()
    assert (bank_entry.status, BankStatement.objects.count()) == ("open", 1)


# Deposits


def test_an_entry_becomes_a_deposit_that_a_second_treasurer_confirms(who):
    bank_entry = imported(who, from_buyer(who))[0]
    matched = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    payment = matched.payment
    assert (payment.direction, payment.amount_fen, payment.bank_reference) == ("deposit", 500, "R1")
    assert (payment.status, payment.requested_by) == ("requested", who.treasurer.user)
    assert (matched.status, matched.decided_by, matched.decided_at is not None) == ("matched", who.treasurer.user, True)
    with pytest.raises(SamePerson):
        confirm_payment(actor=who.treasurer, payment_id=payment.pk)
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    assert cash_account(who.buyer.organisation).balance == 500


def test_a_treasurer_may_choose_another_organisation(who):
    bank_entry = imported(who, from_buyer(who))[0]
    matched = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.other_buyer.organisation)
    assert matched.payment.organisation == who.other_buyer.organisation


def test_an_entry_is_matched_once(who):
    bank_entry = imported(who, from_buyer(who))[0]
    enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    for step in (
        lambda: enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation),
        lambda: ignore_entry(actor=who.treasurer, entry_id=bank_entry.pk, reason="x"),
        lambda: reopen_entry(actor=who.treasurer, entry_id=bank_entry.pk),
    ):
        with pytest.raises(WrongState):
            step()
    assert Payment.objects.count() == 1


def test_an_entry_whose_deposit_was_refused_is_matched_again(who):
    bank_entry = imported(who, from_buyer(who))[0]
    wrong = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.other_buyer.organisation)
    refuse_payment(actor=who.second_treasurer, payment_id=wrong.payment_id)
    right = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    assert (right.payment.organisation, right.payment.status) == (who.buyer.organisation, "requested")


def test_a_deposit_is_not_entered_for_what_was_paid_out(who):
    bank_entry = imported(who, to_buyer(who))[0]
    with pytest.raises(InvalidValue, match="This entry was paid out"):
        enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    assert not Payment.objects.exists()


def test_what_payments_refuse_is_refused_here_and_leaves_the_entry_open(who):
    request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=900, bank_reference="R1"
    )  # another amount
    bank_entry = imported(who, from_buyer(who))[0]
    suspended = MembershipFactory(organisation__status=Organisation.Status.SUSPENDED).organisation
    for organisation, field in ((who.buyer.organisation, "bank_reference"), (suspended, "organisation")):
        with pytest.raises(InvalidValue) as refused:
            enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=organisation)
        assert refused.value.field == field
    bank_entry.refresh_from_db()
    assert (bank_entry.status, bank_entry.payment, Payment.objects.count()) == ("open", None, 1)


def test_what_the_bank_takes_back_and_what_it_booked_in_one_is_no_payment(who):
    reversal, batch = imported(
        who,
        from_buyer(who, "R1", more="<RvslInd>true</RvslInd>"),
        from_buyer(who, "R2").replace("<NtryDtls>", "<NtryDtls><Btch><NbOfTxs>3</NbOfTxs></Btch>"),
    )
    for bank_entry in (reversal, batch):
        with pytest.raises(InvalidValue):
            enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
        assert ignore_entry(actor=who.treasurer, entry_id=bank_entry.pk, reason="corrected").status == "ignored"


# Withdrawals


def test_an_entry_confirms_a_withdrawal_with_the_banks_reference(who, withdrawal):
    bank_entry = imported(who, to_buyer(who))[0]
    matched = confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.bank_reference, withdrawal.decided_by) == (
        "posted",
        "OUT1",
        who.treasurer.user,
    )
    assert (matched.payment, matched.status) == (withdrawal, "matched")
    assert cash_account(who.buyer.organisation).balance == 500


def paid_to(number):
    """Let the bank name the counterparty's account in the one entry that there is."""
    BankEntry.objects.update(counterparty_account=number)


def test_the_account_that_the_bank_names_is_the_one_that_was_paid(who, withdrawal):
    before, now = bank_account_of(who.buyer.organisation), bank_account(who, who.buyer)
    (bank_entry,) = imported(who, to_buyer(who))
    with pytest.raises(BankAccountChanged):
        confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    paid_to("6228****0018")
    with pytest.raises(BankAccountChanged):
        confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    paid_to(f"{before.number[:4]} {before.number[4:]}")
    confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    withdrawal.refresh_from_db()
    assert withdrawal.bank_account == before != now


def test_what_the_bank_has_paid_to_another_account_is_not_confirmed_by_its_entry(who, withdrawal):
    (bank_entry,) = imported(who, to_buyer(who))
    paid_to("6228480402564890099")
    with pytest.raises(InvalidValue) as refused:
        confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    assert refused.value.field == "payment_id"
    assert "not confirmed for the organisation" in str(refused.value)
    (outcome,) = accept_unambiguous(actor=who.treasurer, statement_id=bank_entry.statement_id)
    assert (outcome.payment, "not confirmed for the organisation" in outcome.refusal) == (None, True)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.bank_account) == ("requested", None)
    # Somebody has looked: it is the same one after all.
    paid = confirm_payment(actor=who.treasurer, payment_id=withdrawal.pk, bank_reference="OUT1")
    link_payment(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=paid.pk)
    assert paid.bank_account == bank_account_of(who.buyer.organisation)


def test_who_asked_for_a_withdrawal_does_not_confirm_it_as_treasurer_later(who, withdrawal):
    bank_entry = imported(who, to_buyer(who))[0]
    who.buyer.organisation = who.treasurer.organisation
    who.buyer.role = Membership.Role.TREASURER
    with pytest.raises(SamePerson):
        confirm_withdrawal(actor=who.buyer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    bank_entry.refresh_from_db()
    assert bank_entry.status == "open"


@pytest.mark.parametrize(("yuan", "indicator"), [("5.01", "DBIT"), ("5.00", "CRDT")])
def test_a_withdrawal_of_another_amount_or_direction_is_not_confirmed(who, withdrawal, yuan, indicator):
    bank_entry = imported(who, entry("OUT1", yuan, indicator))[0]
    with pytest.raises(InvalidValue) as refused:
        confirm_withdrawal(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    assert refused.value.field == "payment_id"
    withdrawal.refresh_from_db()
    assert withdrawal.status == "requested"


def test_a_deposit_is_not_confirmed_as_a_withdrawal(who):
    deposit = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="X"
    )
    bank_entry = imported(who, from_buyer(who))[0]
    with pytest.raises(InvalidValue):
        confirm_withdrawal(actor=who.second_treasurer, entry_id=bank_entry.pk, payment_id=deposit.pk)
    deposit.refresh_from_db()
    assert deposit.status == "requested"


def test_payments_and_entries_that_do_not_exist_are_refused(who, withdrawal):
    bank_entry = imported(who, to_buyer(who))[0]
    for step in (confirm_withdrawal, link_payment):
        with pytest.raises(InvalidValue):
            step(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk + 1_000)
        with pytest.raises(NotFound):
            step(actor=who.treasurer, entry_id=bank_entry.pk + 1_000, payment_id=withdrawal.pk)
    with pytest.raises(NotFound):
        accept_unambiguous(actor=who.treasurer, statement_id=bank_entry.statement_id + 1_000)


# Linking


def test_an_entry_is_linked_with_a_deposit_that_was_entered_without_it(who):
    deposit = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="typed wrongly"
    )
    bank_entry = imported(who, from_buyer(who))[0]
    matched = link_payment(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=deposit.pk)
    assert (matched.payment, matched.payment.status) == (deposit, "requested")
    confirm_payment(actor=who.second_treasurer, payment_id=deposit.pk)
    assert cash_account(who.buyer.organisation).balance == 500


def test_a_payment_is_linked_with_one_entry_only(who):
    deposit = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="R1"
    )
    first, second = imported(who, from_buyer(who), from_buyer(who, "R2"))
    link_payment(actor=who.treasurer, entry_id=first.pk, payment_id=deposit.pk)
    with pytest.raises(InvalidValue) as refused:
        link_payment(actor=who.treasurer, entry_id=second.pk, payment_id=deposit.pk)
    assert "another entry" in str(refused.value)


def test_a_withdrawal_that_waits_and_a_payment_that_was_refused_are_not_linked(who, withdrawal):
    bank_entry = imported(who, to_buyer(who))[0]
    with pytest.raises(InvalidValue):
        link_payment(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)
    refuse_payment(actor=who.treasurer, payment_id=withdrawal.pk)
    with pytest.raises(WrongState):
        link_payment(actor=who.treasurer, entry_id=bank_entry.pk, payment_id=withdrawal.pk)


# Setting aside


def test_an_entry_is_set_aside_with_a_reason_and_taken_up_again(who):
    bank_entry = imported(who, entry("R1", "0.42", text="结息"))[0]
    for reason in ("", "  "):
        with pytest.raises(InvalidValue) as refused:
            ignore_entry(actor=who.treasurer, entry_id=bank_entry.pk, reason=reason)
        assert refused.value.field == "reason"
    with pytest.raises(InvalidValue):
        ignore_entry(actor=who.treasurer, entry_id=bank_entry.pk, reason="a\x00b")
    aside = ignore_entry(actor=who.treasurer, entry_id=bank_entry.pk, reason=" interest ")
    assert (aside.status, aside.reason, aside.decided_by) == ("ignored", "interest", who.treasurer.user)
    with pytest.raises(WrongState):
        enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    again = reopen_entry(actor=who.second_treasurer, entry_id=bank_entry.pk)
    assert (again.status, again.reason, again.decided_by) == ("open", "", who.second_treasurer.user)


# Many at once


def test_what_leaves_no_doubt_is_accepted_each_by_itself(who, withdrawal):
    deposit = request_deposit(
        actor=who.second_treasurer, organisation=who.buyer.organisation, amount_fen=700, bank_reference="R7"
    )
    request_deposit(actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=1, bank_reference="USED")
    entries = imported(
        who,
        from_buyer(who, "R1"),
        to_buyer(who, "OUT1"),
        from_buyer(who, "R7", "7.00"),
        from_buyer(who, "USED", "9.00"),
        entry("R4", "5.00", text=f"{who.buyer.organisation.name}、{who.other_buyer.organisation.name}"),
        entry("R5", "0.42", text="结息"),
    )
    outcomes = accept_unambiguous(actor=who.treasurer, statement_id=entries[0].statement_id)
    assert [(each.entry.bank_reference, each.payment and each.payment.status) for each in outcomes] == [
        ("R1", "requested"),
        ("OUT1", "posted"),
        ("R7", "requested"),
        ("USED", None),
    ]
    assert outcomes[2].payment == deposit
    assert outcomes[3].refusal == "This bank reference has been entered already."
    for each in entries:
        each.refresh_from_db()
    assert [each.status for each in entries] == ["matched", "matched", "matched", "open", "open", "open"]
    assert [
        each.entry.bank_reference
        for each in accept_unambiguous(actor=who.treasurer, statement_id=entries[0].statement_id)
    ] == ["USED"]


# The database itself


def test_the_database_refuses_entries_that_contradict_themselves(who):
    bank_entry = imported(who, from_buyer(who))[0]
    for changes in ({"status": "matched"}, {"status": "ignored"}, {"amount_fen": 0}, {"amount_fen": -5}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BankEntry.objects.filter(pk=bank_entry.pk).update(**changes)


def test_the_database_refuses_to_change_a_statement(who):
    imported(who, from_buyer(who))
    for statement in ("UPDATE ledger_bankstatement SET closing_fen = 1", "DELETE FROM ledger_bankstatement"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_an_entry_whose_deposit_was_reversed_is_matched_again(who):
    """The money went to the wrong organisation, and the correction gives the bank's reference free."""
    bank_entry = imported(who, from_buyer(who))[0]
    wrong = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.other_buyer.organisation)
    posted = confirm_payment(actor=who.second_treasurer, payment_id=wrong.payment_id)
    asked = request_correction(actor=who.treasurer, transaction_id=posted.transaction_id, reason="To the wrong one.")
    confirm_correction(actor=who.second_treasurer, correction_id=asked.pk)
    bank_entry.refresh_from_db()
    assert bank_entry.is_open
    right = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    assert (right.payment.organisation, right.payment.status) == (who.buyer.organisation, "requested")
    assert [result.detail for result in reconcile() if not result.holds] == []
