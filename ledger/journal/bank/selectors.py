"""Read bank statements, and what in their periods has no counterpart."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import BooleanField, Case, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate

from ledger.errors import NotFound
from ledger.journal.bank.models import BankAccount, BankEntry, BankStatement
from ledger.journal.models import Payment
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership

# As `BankEntry.is_open` says it.
WAITS = Q(status=BankEntry.Status.OPEN) | Q(payment__status__in=Payment.VOID_STATUSES)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What reconciliation with the bank leaves over: payments that no entry shows, entries that no payment explains."""

    payments: QuerySet[Payment]
    entries: QuerySet[BankEntry]


def bank_accounts_seen_by(membership: Membership) -> QuerySet[BankAccount]:
    """Return the bank accounts that one may see, newest first: the operator and auditors all, others their own.

    Of one's own only what is or was confirmed: what waits is between the treasurers. Each says whether it `is_current`.
    """
    later = BankAccount.objects.filter(
        Q(decided_at__gt=OuterRef("decided_at")) | Q(decided_at=OuterRef("decided_at"), pk__gt=OuterRef("pk")),
        organisation=OuterRef("organisation"),
        status=BankAccount.Status.CONFIRMED,
    )
    is_current = Q(status=BankAccount.Status.CONFIRMED) & ~Exists(later)
    found = BankAccount.objects.select_related("organisation").annotate(
        is_current=ExpressionWrapper(is_current, output_field=BooleanField())
    )
    if not reads_everything(membership):
        found = found.filter(organisation=membership.organisation, status=BankAccount.Status.CONFIRMED)
    return found.order_by("-id")


def access_bank_account(*, bank_account_id: int, membership: Membership) -> BankAccount:
    """Return a bank account.

    Raises: NotFound, also where it is not to be seen.
    """
    account = bank_accounts_seen_by(membership).filter(pk=bank_account_id).first()
    if account is None:
        raise NotFound()
    return account


def open_entries() -> QuerySet[BankEntry]:
    """Return the entries that wait for a payment, in the order of the files, also those whose payment was refused."""
    return BankEntry.objects.filter(WAITS).select_related("statement", "payment").order_by("id")


def entries_of(statement: BankStatement) -> QuerySet[BankEntry]:
    """Return the entries of a statement in the order of the file, but those first that wait for a payment."""
    waits_first = Case(When(WAITS, then=Value(0)), default=Value(1))
    entries = BankEntry.objects.filter(statement=statement)
    return entries.select_related("statement", "payment__organisation").order_by(waits_first, "id")


def counts_of(statement: BankStatement) -> dict[str, int]:
    """Return how many entries of a statement wait, are matched, and are set aside, by these statuses."""
    status = BankEntry.Status
    settled = {each.value: Count("id", filter=Q(status=each) & ~WAITS) for each in (status.MATCHED, status.IGNORED)}
    return statement.entries.aggregate(**{status.OPEN.value: Count("id", filter=WAITS)}, **settled)


def unmatched(*, first: dt.date, last: dt.date) -> Unmatched:
    """Return what has no counterpart, from the first day to the last, of the days that a statement covers.

    Payments count on the day of their confirmation, entries on that of their booking. An entry that was set aside has
    no payment either: its reason says why.
    """
    covered = BankStatement.objects.filter(starts_on__lte=OuterRef("posted_on"), ends_on__gte=OuterRef("posted_on"))
    payments = (
        Payment.objects.filter(status=Payment.Status.POSTED, bank_entry=None)
        .annotate(posted_on=TruncDate("decided_at"))
        .filter(Exists(covered), posted_on__gte=first, posted_on__lte=last)
        .select_related("organisation")
        .order_by("id")
    )
    without = ~Q(status=BankEntry.Status.MATCHED) | Q(payment__status__in=Payment.VOID_STATUSES)
    entries = BankEntry.objects.filter(without, booked_on__gte=first, booked_on__lte=last).select_related(
        "statement", "payment"
    )
    return Unmatched(payments, entries.order_by("id"))
