"""Account statements: what came and went in a period, with the balance before it, after it and after each transfer.

A transfer belongs to the day on which its transaction occurred (`occurred_at`), in the house's time zone. Within a period
transfers stand in the order in which they were posted.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, StatementTooLong
from ledger.journal import wording
from ledger.journal.models import Account, Transfer
from ledger.journal.selectors import balances_at, statement
from ledger.journal.serials import Run, name_of_run, runs_of
from ledger.transparency.models import LogLeaf

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
LOG_INDEX = Subquery(LogLeaf.objects.filter(record=OuterRef("transaction__record_id")).values("index")[:1])
JUST_BEFORE = dt.timedelta(microseconds=1)  # the database keeps times to the microsecond


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included; from the beginning, or until now, where one is open."""

    starts_on: dt.date | None = None
    ends_on: dt.date | None = None

    @property
    def starts_at(self) -> dt.datetime | None:
        """Return the midnight before the first day; None where nothing can have been before."""
        if self.starts_on is None or self.starts_on <= EARLIEST.date():
            return None
        return _midnight(self.starts_on)

    @property
    def ends_at(self) -> dt.datetime | None:
        """Return the midnight after the last day."""
        if self.ends_on is None or self.ends_on == dt.date.max:
            return None
        return _midnight(self.ends_on + ONE_DAY)


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer as its account sees it. Units: fen or tonnes, as the account's asset has it."""

    transaction_id: int
    occurred_at: dt.datetime
    asset_code: str
    text: str
    counterparty: str
    received: int | None
    given: int | None
    balance: int
    runs: tuple[Run, ...]
    is_reversed: bool
    # Where the transaction stands in the log; None while it waits for its place.
    log_index: int | None

    def first_runs(self, most: int) -> tuple[list[str], int]:
        """Return the first runs of serial numbers by their names, and how many more there are."""
        names = [name_of_run(self.asset_code, first, last) for first, last in self.runs[:most]]
        return names, len(self.runs) - len(names)


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole statement, the oldest transfer first."""

    account: Account
    period: Period
    opening: int
    closing: int
    lines: list[Line]


def period_of(starts_on: dt.date | None = None, ends_on: dt.date | None = None) -> Period:
    """Return the period of two days, either of which may be left out.

    Raises: InvalidValue where the last one is before the first.
    """
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise InvalidValue(field="ends_on", reason=_("The last day is before the first one."))
    return Period(starts_on, ends_on)


def check_instant(at: dt.datetime | None) -> dt.datetime | None:
    """Return an instant of which balances are known.

    Raises: InvalidValue where it is not past, or before any ledger.
    """
    if at is not None and at > timezone.now():
        raise InvalidValue(field="at", reason=_("This time is not past yet."))
    if at is not None and at < EARLIEST:
        raise InvalidValue(field="at", reason=_("Give a time since 1970."))
    return at


def read_statement(account: Account, period: Period, *, most: int) -> Statement:
    """Return the statement of a period.

    Raises: StatementTooLong where it has more transfers than `most`.
    """
    opening = opening_balance(account, period)
    transfers = list(transfers_in(account, period).order_by("id")[: most + 1])
    if len(transfers) > most:
        raise StatementTooLong(most=most)
    lines = list(_lines(account, transfers, opening))
    return Statement(account, period, opening, lines[-1].balance if lines else opening, lines)


def transfers_in(account: Account, period: Period) -> QuerySet[Transfer]:
    """Return the transfers of a period, newest first, with what a line says of them."""
    return _within(statement(account), period).select_related("transaction__reversed_by").annotate(log_index=LOG_INDEX)


def opening_balance(account: Account, period: Period) -> int:
    """Return what an account had before a period."""
    return 0 if period.starts_at is None else balances_at([account], period.starts_at - JUST_BEFORE)[account.pk]


def closing_balance(account: Account, period: Period) -> int:
    """Return what an account had at the end of a period; what it has now, where that is not past."""
    if period.ends_at is None or period.ends_at > timezone.now():
        return account.balance
    return balances_at([account], period.ends_at - JUST_BEFORE)[account.pk]


def lines_of_page(account: Account, period: Period, transfers: Sequence[Transfer], closing: int) -> list[Line]:
    """Return some transfers of a period, newest first as they are given, with the balance after each.

    The balance is reckoned back from the period's closing balance. Where that is the one of now, a transfer that is posted
    between the two reads shifts the column until the page is loaded anew; the ledger itself is not concerned.
    """
    if not transfers:
        return []
    opening = closing - _net_after(account, period, transfers[0].pk)
    opening -= sum(_signed_amount(account, transfer) for transfer in transfers)
    return list(_lines(account, transfers[::-1], opening))[::-1]


def file_name(statement: Statement) -> str:
    """Return what a statement's file is called, without its ending."""
    days = [day.isoformat() for day in (statement.period.starts_on, statement.period.ends_on) if day is not None]
    return "-".join(["tianhui-statement", str(statement.account.pk), *days])


def _net_after(account: Account, period: Period, transfer_id: int) -> int:
    """Return what an account received less what it gave within a period, after a transfer."""
    later = _within(_transfers_of(account), period).filter(pk__gt=transfer_id)
    signed = Case(When(credit_account=account, then=F("amount")), default=-F("amount"))
    return later.aggregate(total=Sum(signed))["total"] or 0


def _lines(account: Account, transfers: Iterable[Transfer], opening: int) -> Iterator[Line]:
    """Yield transfers, the oldest first, with the balance after each."""
    balance = opening
    for transfer in transfers:
        balance += _signed_amount(account, transfer)
        yield _line(account, transfer, balance)


def _signed_amount(account: Account, transfer: Transfer) -> int:
    """Return what a transfer adds to an account's balance."""
    return transfer.amount if transfer.credit_account_id == account.pk else -transfer.amount


def _line(account: Account, transfer: Transfer, balance: int) -> Line:
    receives = transfer.credit_account_id == account.pk
    other = transfer.debit_account if receives else transfer.credit_account
    return Line(
        transaction_id=transfer.transaction_id,
        occurred_at=transfer.transaction.occurred_at,
        asset_code=account.asset.code,
        text=wording.what_happened(account, transfer.transaction, other, receives),
        counterparty=wording.owner_of(other),
        received=transfer.amount if receives else None,
        given=None if receives else transfer.amount,
        balance=balance,
        runs=runs_of(transfer.serials),
        is_reversed=getattr(transfer.transaction, "reversed_by", None) is not None,
        log_index=transfer.log_index,  # type: ignore[attr-defined]
    )


def _transfers_of(account: Account) -> QuerySet[Transfer]:
    return Transfer.objects.filter(Q(debit_account=account) | Q(credit_account=account))


def _within(transfers: QuerySet[Transfer], period: Period) -> QuerySet[Transfer]:
    if period.starts_at is not None:
        transfers = transfers.filter(transaction__occurred_at__gte=period.starts_at)
    if period.ends_at is not None:
        transfers = transfers.filter(transaction__occurred_at__lt=period.ends_at)
    return transfers


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), timezone.get_default_timezone())
