"""Propose what the open entries of a bank statement are, with the reasons; a treasurer decides.

All is read in a handful of queries, however many entries there are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.journal.bank.models import BankEntry
from ledger.journal.bank.naming import SURE, Directory, Reason, plain
from ledger.journal.bank.selectors import open_entries
from ledger.journal.models import Payment
from ledger.parties.models import Organisation

CREDIT, DEBIT = BankEntry.Direction.CREDIT, BankEntry.Direction.DEBIT
PAYMENT_DIRECTION = {CREDIT: Payment.Direction.DEPOSIT, DEBIT: Payment.Direction.WITHDRAWAL}
Named = Mapping[int, tuple[Reason, ...]]


class Step(models.TextChoices):
    """What accepting a proposal does."""

    ENTER_DEPOSIT = "enter-deposit", _("Enter the deposit")
    CONFIRM_WITHDRAWAL = "confirm-withdrawal", _("Confirm the withdrawal")
    LINK_PAYMENT = "link-payment", _("Link the payment")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an entry may be. `is_sure`: a reason leaves no doubt, and nothing in the entry speaks for another."""

    step: Step
    organisation: Organisation
    payment: Payment | None
    reasons: tuple[Reason, ...]
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Proposals:
    """All that an entry may be, the surest first. `is_taken_back`: the bank seems to have taken the entry back."""

    entry: BankEntry
    found: tuple[Proposal, ...] = ()
    is_taken_back: bool = False

    @property
    def unambiguous(self) -> Proposal | None:
        """The proposal, where it is the only one, and sure."""
        return self.found[0] if len(self.found) == 1 and self.found[0].is_sure and not self.is_taken_back else None


def propose(entries: Iterable[BankEntry]) -> dict[int, Proposals]:
    """Return what open entries may be, by their ids; entries that can be no payment are left out.

    The entries come with their statement and payment.
    """
    asked = [entry for entry in entries if entry.is_open and entry.takes_a_payment]
    if not asked:
        return {}
    directory = Directory(Organisation.objects.filter(kind__in=Organisation.HOLDERS))
    entered = _entered_payments(asked)
    waiting = _waiting_withdrawals(asked)
    wanted = _how_often_wanted(waiting, directory)
    taken_back = _taken_back(asked)
    found = {}
    for entry in asked:
        named = directory.named_in(entry)
        if payment := entered.get((entry.direction, entry.bank_reference, entry.amount_fen)):
            proposals = [_link(payment, named)]
        elif entry.direction == CREDIT:
            proposals = [_deposit(directory.organisations[pk], reasons) for pk, reasons in named.items()]
        else:
            proposals = _withdrawals(entry, waiting, named, wanted)
        proposals.sort(key=_surest_first)
        is_taken_back = any(key in taken_back for key in _traces(entry, entry.direction))
        found[entry.pk] = Proposals(entry, tuple(proposals), is_taken_back)
    return found


def _surest_first(proposal: Proposal) -> tuple[tuple[Reason, ...], int, int]:
    return proposal.reasons, proposal.organisation.pk, proposal.payment.pk if proposal.payment is not None else 0


def _link(payment: Payment, named: Named) -> Proposal:
    """Propose a payment that has the entry's bank reference; sure where the entry names nobody else."""
    reasons = (Reason.REFERENCE, *named.get(payment.organisation_id, ()))
    is_sure = named.keys() <= {payment.organisation_id}
    return Proposal(Step.LINK_PAYMENT, payment.organisation, payment, reasons, is_sure)


def _deposit(organisation: Organisation, reasons: tuple[Reason, ...]) -> Proposal:
    return Proposal(Step.ENTER_DEPOSIT, organisation, None, reasons, is_sure=not SURE.isdisjoint(reasons))


def _withdrawals(
    entry: BankEntry, waiting: Mapping[int, Sequence[Payment]], named: Named, wanted: Mapping[int, int]
) -> list[Proposal]:
    """Propose withdrawals of the amount; sure where the counterparty has the organisation's name, and nobody else's."""
    return [
        Proposal(
            Step.CONFIRM_WITHDRAWAL,
            payment.organisation,
            payment,
            reasons,
            is_sure=Reason.NAME in reasons and named.keys() == {payment.organisation_id} and wanted[payment.pk] == 1,
        )
        for payment, reasons in _candidates(entry, waiting, named)
    ]


def _candidates(
    entry: BankEntry, waiting: Mapping[int, Sequence[Payment]], named: Named
) -> list[tuple[Payment, tuple[Reason, ...]]]:
    """Return the withdrawals of an entry's amount that its organisation asked for, or any where it names nobody."""
    of_amount = waiting.get(entry.amount_fen, ())
    if not named and not entry.counterparty_name:
        return [(payment, (Reason.AMOUNT,)) for payment in of_amount]
    return [
        (payment, (*named[payment.organisation_id], Reason.AMOUNT))
        for payment in of_amount
        if payment.organisation_id in named
    ]


def _entered_payments(entries: Sequence[BankEntry]) -> dict[tuple[str, str, int], Payment]:
    """Return payments that no entry has yet, by the entries' direction, reference and amount."""
    references = {entry.bank_reference for entry in entries}
    payments = (
        Payment.objects.filter(bank_reference__in=references, bank_entry=None)
        .exclude(status__in=Payment.VOID_STATUSES)
        .select_related("organisation")
    )
    of_direction = {theirs: ours for ours, theirs in PAYMENT_DIRECTION.items()}
    return {
        (of_direction[Payment.Direction(payment.direction)], payment.bank_reference, payment.amount_fen): payment
        for payment in payments
    }


def _waiting_withdrawals(entries: Sequence[BankEntry]) -> dict[int, list[Payment]]:
    """Return the withdrawals that wait for the bank, by their amounts, of the entries' amounts."""
    amounts = {entry.amount_fen for entry in entries if entry.direction == DEBIT}
    waiting = defaultdict(list)
    for payment in Payment.objects.filter(
        direction=Payment.Direction.WITHDRAWAL, status=Payment.Status.REQUESTED, amount_fen__in=amounts
    ).select_related("organisation"):
        waiting[payment.amount_fen].append(payment)
    return waiting


def _how_often_wanted(waiting: Mapping[int, Sequence[Payment]], directory: Directory) -> Counter[int]:
    """Return of each waiting withdrawal how many open entries, of any statement, could be it."""
    rivals = open_entries().filter(direction=DEBIT, amount_fen__in=waiting.keys(), is_reversal=False, payments=1)
    return Counter(
        payment.pk for rival in rivals for payment, _reasons in _candidates(rival, waiting, directory.named_in(rival))
    )


def _taken_back(entries: Sequence[BankEntry]) -> set[tuple[object, ...]]:
    """Return the traces of what reversals of the entries' amounts take back."""
    reversals = BankEntry.objects.filter(
        is_reversal=True, amount_fen__in={entry.amount_fen for entry in entries}
    ).select_related("statement")
    opposite = {CREDIT: DEBIT, DEBIT: CREDIT}
    return {
        trace
        for reversal in reversals
        for trace in _traces(reversal, opposite[BankEntry.Direction(reversal.direction)])
    }


def _traces(entry: BankEntry, direction: str) -> list[tuple[object, ...]]:
    """Return what an entry and its reversal have in common: the reference, or the counterparty."""
    shared = (entry.statement.account, direction, entry.amount_fen)
    traces: list[tuple[object, ...]] = [(*shared, "reference", entry.bank_reference)]
    if entry.counterparty_name:
        traces.append((*shared, "counterparty", plain(entry.counterparty_name)))
    return traces
