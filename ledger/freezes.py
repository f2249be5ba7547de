"""What is frozen just now, as far as a process must know it before it writes or shows anything.

The incidents themselves are above (ledger/incidents); here is what the ground floor, too, may ask. A freeze stands in the database,
and nothing else decides: what writes asks in its own statement (`TRADING_FROZEN`) or in its own transaction
(`require_unfrozen`), and the table of records refuses every fact while everything is frozen (migrations/sql/incidents.sql). What
pages show, and refuse beforehand, goes by what was read a moment ago (`frozen`), which costs a query a second, whoever asks.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

from django.db import InterfaceError, OperationalError, connection
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.errors import DomainError

KEPT_SECONDS = 1.0
"""For how long a process shows what it has read."""
SQLSTATE = "TH503"
"""What the database says where it refuses a fact because everything is frozen."""
LET_THROUGH = "tianhui.let_through"
"""The setting of a transaction whose facts the table of records takes all the same while it is on."""
STILL_RECORDED = ("incident_", "security_", "log_key_")
"""Kinds of facts that are taken while everything is frozen: of the freeze itself, of who logs in, of the log's key."""


class Scope(TextChoices):
    TRADING = "trading", pgettext_lazy("frozen", "trading")
    WITHDRAWALS = "withdrawals", pgettext_lazy("frozen", "withdrawals")
    EVERYTHING = "everything", pgettext_lazy("frozen", "everything")


# Which freezes stop what.
STOPS = {
    Scope.TRADING: (Scope.TRADING, Scope.EVERYTHING),
    Scope.WITHDRAWALS: (Scope.WITHDRAWALS, Scope.EVERYTHING),
    Scope.EVERYTHING: (Scope.EVERYTHING,),
}


def _standing(*scopes: Scope) -> str:
    words = ", ".join(f"'{scope.value}'" for scope in scopes)
    return f"EXISTS (SELECT FROM ledger_incident WHERE lifted_at IS NULL AND scope IN ({words}))"


TRADING_FROZEN = _standing(*STOPS[Scope.TRADING])
"""SQL: whether trading is frozen as the statement begins. The index of what stands is all but empty."""
EVERYTHING_FROZEN = _standing(Scope.EVERYTHING)


class Frozen(DomainError):
    """Something is frozen by the operator: not a fault of who asks, and over once two people lift it."""

    code, status = "frozen", 409
    scope: ClassVar[Scope]


class TradingFrozen(Frozen):
    code, status, scope = "trading_frozen", 409, Scope.TRADING
    message: ClassVar[str | Promise] = _(
        "Trading is frozen by the operator: %(reason)s Nothing new can be entered; what is open can be cancelled."
    )


class WithdrawalsFrozen(Frozen):
    code, status, scope = "withdrawals_frozen", 409, Scope.WITHDRAWALS
    message: ClassVar[str | Promise] = _(
        "Withdrawals are frozen by the operator: %(reason)s No money and no credits can leave; what you have stays yours."
    )


class EverythingFrozen(Frozen):
    code, status, scope = "everything_frozen", 503, Scope.EVERYTHING
    message: ClassVar[str | Promise] = _(
        "Everything is frozen by the operator: %(reason)s Nothing can be changed; all can be read."
    )


REFUSALS: dict[Scope, type[Frozen]] = {
    each.scope: each for each in (TradingFrozen, WithdrawalsFrozen, EverythingFrozen)
}
RETRY_SECONDS = 60


class Standing(NamedTuple):
    """A freeze that stands."""

    id: int
    scope: str
    reason: str
    begun_at: object
    waits_to_be_lifted: bool


class _Kept(NamedTuple):
    until: float
    standing: tuple[Standing, ...]


_kept: _Kept | None = None


def frozen() -> tuple[Standing, ...]:
    """Return the freezes that stand, the oldest first, as they were read at most a second ago; for what is shown and refused beforehand.

    While the database is away it is what was known last: pages that need none are still shown.
    """
    global _kept
    now = time.monotonic()
    if _kept is None or _kept.until <= now:
        before = () if _kept is None else _kept.standing
        try:
            standing = read_standing()
        except (InterfaceError, OperationalError):
            standing = before
        _kept = _Kept(now + KEPT_SECONDS, standing)
    return _kept.standing


def is_everything_frozen() -> bool:
    """Return whether everything is frozen, as was read at most a second ago."""
    return any(each.scope == Scope.EVERYTHING for each in frozen())


def forget() -> None:
    """Read anew next time: this process has just changed it."""
    global _kept
    _kept = None


def keep_for_good(standing: Iterable[Standing] = ()) -> None:
    """Take it that this stands until `forget`: tests count queries, and know what they have frozen."""
    global _kept
    _kept = _Kept(float("inf"), tuple(standing))


def read_standing() -> tuple[Standing, ...]:
    """Return the freezes that stand in the database at this moment, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, scope, reason, begun_at, lift_requested_at IS NOT NULL
              FROM ledger_incident
             WHERE lifted_at IS NULL
             ORDER BY id
            """
        )
        return tuple(Standing(*row) for row in cursor.fetchall())


def require_unfrozen(scope: Scope) -> None:
    """Refuse while something is frozen; asked in the transaction that would write, after it has begun.

    Whoever has been let through before a freeze was committed is under way, and may end; nothing begins after it.

    Raises: TradingFrozen, WithdrawalsFrozen, EverythingFrozen.
    """
    stopping = _stopping(scope)
    if stopping is not None:
        raise refusal_of(stopping)


def refuse_frozen(scope: Scope) -> Frozen:
    """Return the refusal for what a statement has found to be frozen, with the reason where it still stands."""
    stopping = _stopping(scope)
    return _refusal(REFUSALS[scope], "") if stopping is None else refusal_of(stopping)


def _stopping(scope: Scope) -> Standing | None:
    """Return the widest of the freezes that stop something."""
    found = [each for each in read_standing() if each.scope in STOPS[scope]]
    return max(found, key=lambda each: each.scope == Scope.EVERYTHING, default=None)


def refusal_of(standing: Standing) -> Frozen:
    """Return the refusal that a freeze is to whoever wants to do what it stops."""
    return _refusal(REFUSALS[Scope(standing.scope)], standing.reason)


def _refusal(error: type[Frozen], reason: str) -> Frozen:
    if error is EverythingFrozen:
        # Whatever says for how many seconds to wait says it to programs, too.
        return error(reason=reason, seconds=RETRY_SECONDS)
    return error(reason=reason)


def as_refusal(error: BaseException) -> Frozen | None:
    """Return what the database meant where it refused a fact because everything is frozen; None for any other error."""
    cause = error.__cause__
    return refuse_frozen(Scope.EVERYTHING) if getattr(cause, "sqlstate", None) == SQLSTATE else None


def is_still_recorded(kinds: Iterable[str]) -> bool:
    """Return whether facts of these kinds are taken while everything is frozen."""
    return all(kind.startswith(STILL_RECORDED) for kind in kinds)


@contextlib.contextmanager
def letting_through() -> Iterator[None]:
    """Have the table of records take what is recorded in the context; asks nothing of the database while nothing is frozen."""
    if not is_everything_frozen():
        yield
        return
    _set_let_through("on")
    yield
    _set_let_through("off")


def _set_let_through(word: str) -> None:
    """Say it for this transaction; where it is given up, so is this."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [LET_THROUGH, word])
