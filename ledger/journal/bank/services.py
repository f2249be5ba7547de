"""Import bank statements, and match their entries with payments."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError, InvalidValue, NotFound, WrongState
from ledger.journal.bank.accounts import NUMBER, accounts_while
from ledger.journal.bank.content import StatementContent, StatementEntry, unreadable
from ledger.journal.bank.matching import PAYMENT_DIRECTION, Proposal, Step, propose
from ledger.journal.bank.models import BankEntry, BankStatement
from ledger.journal.bank.reading import read_statement
from ledger.journal.bank.selectors import open_entries
from ledger.journal.decisions import require_treasurer
from ledger.journal.models import Payment
from ledger.journal.payments import confirm_payment, request_deposit
from ledger.parties.access import log_name
from ledger.parties.models import Membership, Organisation
from ledger.rows import draw_ids
from ledger.texts import check_texts
from ledger.transparency.services import append_record

_IMPORTS = 0x7469_616E_6875_6906
# Each is a transaction of its own; a treasurer waits for the answer.
ACCEPTED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one proposal: the payment that the entry is matched with, or why it was refused."""

    entry: BankEntry
    proposal: Proposal
    payment: Payment | None
    refusal: str = ""


@transaction.atomic
def import_statement(*, actor: Membership, content: bytes, account: str = "") -> BankStatement:
    """Keep a bank's statement with the entries that no earlier one of its account has.

    Locks: an advisory lock, so that of two overlapping statements the second one sees the first one's entries.
    Raises: NotAllowed, InvalidValue (a file that cannot be read, contradicts itself, or was imported before).
    """
    require_treasurer(actor)
    read = read_statement(content, account="".join(account.split()))
    _one_import_at_a_time()
    sha256 = hashlib.sha256(content).hexdigest()
    _check_is_new(sha256)
    entries = _without_known(read)
    statement = _keep(actor, read, sha256, entries)
    rows = [_row(statement, entry) for entry in entries]
    for row in rows:
        check_texts(row)
    BankEntry.objects.bulk_create(rows)
    return statement


@transaction.atomic
def enter_deposit(*, actor: Membership, entry_id: int, organisation: Organisation) -> BankEntry:
    """Enter the money of an entry as an organisation's deposit; a second treasurer confirms it.

    Locks: the entry.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue (an entry of another kind; see `request_deposit`).
    """
    entry = _lock_to_match(actor, entry_id)
    if entry.direction != BankEntry.Direction.CREDIT:
        raise InvalidValue(reason=_("This entry was paid out: a deposit is paid in."))
    payment = request_deposit(
        actor=actor, organisation=organisation, amount_fen=entry.amount_fen, bank_reference=entry.bank_reference
    )
    return _match(entry, payment, actor)


@transaction.atomic
def confirm_withdrawal(*, actor: Membership, entry_id: int, payment_id: int) -> BankEntry:
    """Confirm that an entry is a withdrawal that the bank has paid out, and post it.

    Where the bank account has changed meanwhile, the entry says which one was paid, if it names one of them.

    Locks: the entry, then as `confirm_payment`.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue (another direction, amount or account), NoBankAccount,
        BankAccountChanged.
    """
    entry = _lock_to_match(actor, entry_id)
    payment = _find_payment(entry, payment_id)
    if payment.direction != Payment.Direction.WITHDRAWAL:
        raise InvalidValue(reason=_("This entry was paid in: a withdrawal is paid out."))
    confirmed = confirm_payment(
        actor=actor,
        payment_id=payment.pk,
        bank_reference=entry.bank_reference,
        bank_account=_account_named(entry, payment),
    )
    return _match(entry, confirmed, actor)


@transaction.atomic
def link_payment(*, actor: Membership, entry_id: int, payment_id: int) -> BankEntry:
    """Match an entry with a payment that was entered or confirmed without it; the payment itself is not changed.

    Locks: the entry, then the payment.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue (another direction or amount; a payment that is matched,
        refused, reversed, or waits for the bank).
    """
    entry = _lock_to_match(actor, entry_id)
    payment = _find_payment(entry, payment_id)
    if payment.status in Payment.VOID_STATUSES:
        raise WrongState(field="payment_id", state=payment.get_status_display())
    if payment.direction == Payment.Direction.WITHDRAWAL and payment.status == Payment.Status.REQUESTED:
        raise InvalidValue(field="payment_id", reason=_("This withdrawal waits to be confirmed: confirm it instead."))
    if BankEntry.objects.filter(payment=payment).exclude(pk=entry.pk).exists():
        raise InvalidValue(field="payment_id", reason=_("This payment is matched with another entry."))
    return _match(entry, payment, actor)


@transaction.atomic
def ignore_entry(*, actor: Membership, entry_id: int, reason: str) -> BankEntry:
    """Set an entry aside that is no payment of an organisation, such as interest or the bank's charges.

    Locks: the entry.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue (no reason).
    """
    entry = _lock(actor, entry_id)
    if not entry.is_open:
        raise WrongState(state=entry.get_status_display())
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why."))
    entry.reason = reason.strip()
    return _decide(entry, BankEntry.Status.IGNORED, None, actor)


@transaction.atomic
def reopen_entry(*, actor: Membership, entry_id: int) -> BankEntry:
    """Take an entry up again that was set aside.

    Locks: the entry.
    Raises: NotAllowed, NotFound, WrongState.
    """
    entry = _lock(actor, entry_id)
    if entry.status != BankEntry.Status.IGNORED:
        raise WrongState(state=entry.get_status_display())
    entry.reason = ""
    return _decide(entry, BankEntry.Status.OPEN, None, actor)


def accept_unambiguous(*, actor: Membership, statement_id: int) -> list[Outcome]:
    """Accept those proposals of a statement that leave no doubt, each by itself, and tell what became of each.

    One that is refused leaves the others as they are. At most `ACCEPTED_AT_ONCE` are taken.

    Raises: NotAllowed, NotFound.
    """
    require_treasurer(actor)
    if not BankStatement.objects.filter(pk=statement_id).exists():
        raise NotFound()
    proposed = propose(open_entries().filter(statement=statement_id)).values()
    sure = [(each.entry, each.unambiguous) for each in proposed if each.unambiguous is not None]
    return [_accept(actor, entry, proposal) for entry, proposal in sure[:ACCEPTED_AT_ONCE] if proposal is not None]


def _accept(actor: Membership, entry: BankEntry, proposal: Proposal) -> Outcome:
    try:
        if proposal.step == Step.ENTER_DEPOSIT:
            matched = enter_deposit(actor=actor, entry_id=entry.pk, organisation=proposal.organisation)
        else:
            assert proposal.payment is not None
            take = confirm_withdrawal if proposal.step == Step.CONFIRM_WITHDRAWAL else link_payment
            matched = take(actor=actor, entry_id=entry.pk, payment_id=proposal.payment.pk)
    except DomainError as error:
        return Outcome(entry, proposal, None, str(error))
    return Outcome(matched, proposal, matched.payment)


def _one_import_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_IMPORTS])


def _check_is_new(sha256: str) -> None:
    first = BankStatement.objects.filter(sha256=sha256).first()
    if first is not None:
        raise unreadable(
            _("This file was imported before: it is statement %(number)s, %(statement)s."),
            number=first.pk,
            statement=first,
        )


def _without_known(read: StatementContent) -> list[StatementEntry]:
    """Return the entries that no earlier statement of the account has whose period overlaps this one's."""
    known = set(
        BankEntry.objects.filter(
            statement__account=read.account,
            statement__starts_on__lte=read.ends_on,
            statement__ends_on__gte=read.starts_on,
            bank_reference__in={entry.reference for entry in read.entries},
        ).values_list("bank_reference", "direction", "amount_fen")
    )
    return [entry for entry in read.entries if entry.key not in known]


def _keep(actor: Membership, read: StatementContent, sha256: str, entries: Sequence[StatementEntry]) -> BankStatement:
    now, statement_id = timezone.now(), draw_ids(BankStatement, 1)[0]
    body = {"statement": str(statement_id), "sha256": sha256, "entries": len(entries)}
    statement = BankStatement(
        pk=statement_id,
        sha256=sha256,
        format=read.format,
        account=read.account,
        starts_on=read.starts_on,
        ends_on=read.ends_on,
        opening_fen=read.opening_fen,
        closing_fen=read.closing_fen,
        duplicates=len(read.entries) - len(entries),
        skipped=read.skipped,
        imported_by=actor.user,
        imported_at=now,
        record_id=append_record(kind="bank_statement_imported", body=body, actor=log_name(actor), at=now),
    )
    check_texts(statement)
    statement.save(force_insert=True)
    return statement


def _row(statement: BankStatement, entry: StatementEntry) -> BankEntry:
    return BankEntry(
        statement=statement,
        bank_reference=entry.reference,
        direction=entry.direction,
        amount_fen=entry.amount_fen,
        booked_on=entry.booked_on,
        is_reversal=entry.is_reversal,
        payments=entry.payments,
        counterparty_name=entry.counterparty_name,
        counterparty_account=entry.counterparty_account,
        counterparty_code=entry.counterparty_code,
        text=entry.text,
    )


def _lock(actor: Membership, entry_id: int) -> BankEntry:
    require_treasurer(actor)
    entry = BankEntry.objects.select_for_update(of=("self",)).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound()
    return entry


def _lock_to_match(actor: Membership, entry_id: int) -> BankEntry:
    entry = _lock(actor, entry_id)
    if not entry.is_open:
        raise WrongState(state=entry.get_status_display())
    if entry.is_reversal:
        raise InvalidValue(reason=_("This entry takes back an earlier one: correct that payment, and set this aside."))
    if not entry.takes_a_payment:
        raise InvalidValue(reason=_("The bank has booked several payments in this entry: enter each by itself."))
    return entry


def _find_payment(entry: BankEntry, payment_id: int) -> Payment:
    """Return a payment that has the direction and the amount of an entry.

    Locks: the payment, FOR NO KEY UPDATE.
    """
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).filter(pk=payment_id).first()
    if payment is None:
        raise InvalidValue(field="payment_id", reason=_("There is no payment with this number."))
    if payment.direction != PAYMENT_DIRECTION[BankEntry.Direction(entry.direction)]:
        raise InvalidValue(field="payment_id", reason=_("The payment goes the other way than the entry."))
    if payment.amount_fen != entry.amount_fen:
        raise InvalidValue(field="payment_id", reason=_("The payment has another amount than the entry."))
    return payment


def _account_named(entry: BankEntry, payment: Payment) -> int | None:
    """Return which account, of those in force while a withdrawal waited, an entry was paid to; None where it does not say.

    Raises: InvalidValue where it names another one.
    """
    named = re.sub(r"[\s-]", "", entry.counterparty_account)
    if not NUMBER.fullmatch(named):
        return None
    accounts = accounts_while(payment.organisation, payment.requested_at)
    for account in accounts:
        if account.number == named:
            return account.pk
    if accounts:
        raise InvalidValue(
            field="payment_id",
            reason=_(
                "The bank has paid to an account that was not confirmed for the organisation. Find out why; if it is the same one "
                "after all, confirm the withdrawal itself, and link it here."
            ),
        )
    return None


def _match(entry: BankEntry, payment: Payment, actor: Membership) -> BankEntry:
    return _decide(entry, BankEntry.Status.MATCHED, payment, actor)


def _decide(entry: BankEntry, status: str, payment: Payment | None, actor: Membership) -> BankEntry:
    entry.status = status
    entry.payment = payment
    entry.decided_by = actor.user
    entry.decided_at = timezone.now()
    check_texts(entry)
    entry.save(update_fields=["status", "payment", "reason", "decided_by", "decided_at"])
    return entry
