"""Where a market stands in its day: halts by the operator, and sessions by the clock.

Both are instructions to the market's book like any other, so that a replay knows when they were taken.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.freezes import Scope, require_unfrozen
from ledger.incidents.services import lock_order
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import NewRecord, append_record, append_records
from trading.markets.models import Market, MarketClock
from trading.markets.selectors import steps_between
from trading.markets.sessions import Step
from trading.orders.models import Instruction
from trading.orders.wakeups import wake_after_commit

MAX_REASON = 200
LONGEST_AUCTION = 60
SYSTEM = "system"
LONGEST_GAP = dt.timedelta(days=30)
"""Of a clock that stood still for longer, only the last days are made up for."""

_KINDS = {
    Step.BEGIN_AUCTION: Instruction.Kind.AUCTION_OPEN,
    Step.OPEN: Instruction.Kind.OPEN,
    Step.CLOSE: Instruction.Kind.CLOSE,
    Step.END_DAY: Instruction.Kind.END_DAY,
}


@transaction.atomic
def halt_market(*, actor: Membership, market_id: int, reason: str) -> Market:
    """Stop trading in a market; cancels are still taken. It takes effect in the order of the market's instructions.

    Locks: the order of freezes, shared.
    Raises: NotAllowed, NotFound, InvalidValue (no reason given).
    """
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is shown to everyone."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    # A freeze that is lifted at this moment either sees this halt and leaves it, or has the market go on before it.
    lock_order(shared=True)
    return _order(actor, market_id, Instruction.Kind.HALT, reason.strip())


@transaction.atomic
def resume_market(*, actor: Membership, market_id: int, auction_minutes: int = 0) -> Market:
    """Let a halted market go on where its day has come to, after a call auction of so many minutes where that is said.

    Locks: the order of freezes, shared.
    Raises: NotAllowed, NotFound, InvalidValue, TradingFrozen.
    """
    if not 0 <= auction_minutes <= LONGEST_AUCTION:
        raise InvalidValue(field="auction_minutes", reason=_("A call auction lasts up to 60 minutes."))
    # A freeze that begins at this moment is either seen here, or halts the market after this.
    lock_order(shared=True)
    require_unfrozen(Scope.TRADING)
    return _order(
        actor, market_id, Instruction.Kind.RESUME, "", {"minutes": auction_minutes} if auction_minutes else None
    )


def _order(
    actor: Membership, market_id: int, kind: Instruction.Kind, note: str, content: dict[str, int] | None = None
) -> Market:
    require_registrar(actor)
    market = Market.objects.filter(pk=market_id).first()
    if market is None:
        raise NotFound()
    name = log_name(actor)
    instruct(market, [kind], actor=name, note=note, content=content)
    append_record(
        kind=f"market_{kind}_ordered",
        body={"market": str(market.pk), "symbol": market.symbol, "reason": note},
        actor=name,
    )
    return market


def halt_all_at_once(*, note: str, actor: str) -> None:
    """Halt every market ahead of all that waits for it, inside the transaction of a freeze; a batch under way is not waited for.

    What stands at the head of a queue has a number below all of those that are drawn. A resume that waits is dropped: it was
    ordered before the freeze, and would end the halt. A market that is halted already is halted once more for its own reason: a batch
    may be resuming it at this moment.

    Locks: the resumes that wait and that no batch is about to delete.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM trading_instruction WHERE id IN (
                SELECT id FROM trading_instruction WHERE kind = 'resume' ORDER BY id FOR UPDATE SKIP LOCKED
            )
            """
        )
        cursor.execute(
            """
            INSERT INTO trading_instruction (id, market_id, kind, actor, note, entered_at)
            SELECT -nextval(pg_get_serial_sequence('trading_instruction', 'id')), id, 'halt', %s,
                   CASE WHEN state = 'halted' THEN halt_reason ELSE %s END, %s
              FROM trading_market
             ORDER BY id
            RETURNING market_id
            """,
            [actor, note, now],
        )
        market_ids = [row[0] for row in cursor.fetchall()]
    _tell(Instruction.Kind.HALT, market_ids, note=note, actor=actor, at=now)


def resume_halted(*, notes: Iterable[str], actor: str, auction_minutes: int = 0) -> None:
    """Let those markets go on that are halted, or about to be, for one of these reasons and for no other since.

    After a call auction of so many minutes where that is said. In the transaction in which the last freeze is lifted.
    """
    reasons = set(notes)
    waiting = dict(
        Instruction.objects.filter(kind=Instruction.Kind.HALT).order_by("id").values_list("market_id", "note")
    )
    halted = [
        market
        for market in Market.objects.order_by("id")
        # The halt that comes last is what the market will be halted for.
        if waiting.get(market.pk, market.halt_reason) in reasons
    ]
    content = {"minutes": auction_minutes} if auction_minutes else None
    now = timezone.now()
    Instruction.objects.bulk_create(
        Instruction(market=market, kind=Instruction.Kind.RESUME, actor=actor, content=content, entered_at=now)
        for market in halted
    )
    _tell(Instruction.Kind.RESUME, [market.pk for market in halted], note="", actor=actor, at=now)


def _tell(kind: Instruction.Kind, market_ids: Sequence[int], *, note: str, actor: str, at: dt.datetime) -> None:
    """Record what was ordered of each market, and wake them all."""
    markets = list(Market.objects.filter(pk__in=market_ids).order_by("id"))
    append_records(
        NewRecord(
            f"market_{kind}_ordered", {"market": str(market.pk), "symbol": market.symbol, "reason": note}, actor, at
        )
        for market in markets
    )
    for market in markets:
        wake_after_commit(market)


def step_markets() -> int:
    """Have each market do what its sessions ask for by now, and end the auctions whose time has come; return how many acted.

    Each step is instructed once, whoever calls this and however often; one that is missed is made up for.
    """
    now = timezone.now()
    markets = Market.objects.select_related("clock").order_by("id")
    return sum(_step_market(market) for market in markets if _may_have_to_act(market, now))


def _may_have_to_act(market: Market, now: dt.datetime) -> bool:
    """Return whether there is something to look at closely: mostly there is not, and nothing is locked or written then."""
    clock: MarketClock | None = getattr(market, "clock", None)
    return clock is None or bool(_due_kinds(market, clock.stepped_until, now)) or _ends_by_now(market, now)


@transaction.atomic
def _step_market(market: Market) -> bool:
    now = timezone.now()
    MarketClock.objects.get_or_create(market=market, defaults={"stepped_until": market.opened_at})
    # Whoever steps this market at the same moment has done, or does, what is to be done.
    clock = MarketClock.objects.select_for_update(skip_locked=True).filter(market=market).first()
    if clock is None or clock.stepped_until >= now:
        return False
    kinds = _due_kinds(market, clock.stepped_until, now)
    clock.stepped_until = now
    clock.save(update_fields=["stepped_until"])
    if not kinds and _is_auction_over(market, now):
        kinds = [Instruction.Kind.AUCTION_UNCROSS]
    instruct(market, kinds, actor=SYSTEM)
    return bool(kinds)


def _due_kinds(market: Market, since: dt.datetime, now: dt.datetime) -> list[Instruction.Kind]:
    steps = steps_between(market, max(since, now - LONGEST_GAP), now)
    kinds = []
    for timed in steps:
        if timed.begins_day:
            kinds.append(Instruction.Kind.NEW_DAY)
        kinds.append(_KINDS[timed.step])
    return kinds


def _is_auction_over(market: Market, now: dt.datetime) -> bool:
    """Return whether a call auction that ends by itself has lasted long enough, and nobody has ended it yet.

    The queue is read first: what is taken from it between the two has changed the market by the time that is read.
    """
    if Instruction.objects.filter(market=market, kind=Instruction.Kind.AUCTION_UNCROSS).exists():
        return False
    market.refresh_from_db(fields=["state", "auction_ends_at"])
    return _ends_by_now(market, now)


def _ends_by_now(market: Market, now: dt.datetime) -> bool:
    ends_at = market.auction_ends_at
    return market.state == Market.State.AUCTION and ends_at is not None and ends_at <= now


def instruct(
    market: Market, kinds: Iterable[Instruction.Kind], *, actor: str, note: str = "", content: Any = None
) -> None:
    """Queue instructions for a market, in order, and wake it."""
    now = timezone.now()
    rows = [
        Instruction(market=market, kind=kind, actor=actor, note=note, content=content, entered_at=now) for kind in kinds
    ]
    if rows:
        Instruction.objects.bulk_create(rows)
        wake_after_commit(market)
