"""What is executed for an instruction that waits: mostly just that, but a day that ends ends its orders first."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ledger.errors import DomainError
from trading.execution.books import LiveBook, LiveOrder, matching_rules
from trading.execution.models import Trade
from trading.execution.telling import PUT_OFF, Content, edge_of, terms_of
from trading.markets.models import Market, TradingMode
from trading.markets.rules import FEES, Rules, rules_in
from trading.markets.services import check_rules

LastPrice = Callable[[], int | None]

OF_ORDERS = frozenset({"submit", "cancel", "replace", "expire"})


class Waiting(NamedTuple):
    """A row of the queue, with the order it is about, and what new terms hold beyond it."""

    id: int
    kind: str
    actor: str
    note: str
    content: Any
    hold_id: int | None
    held: int | None
    order: LiveOrder | None


class Step(NamedTuple):
    """An instruction as the log keeps it."""

    kind: str
    order_id: int | None = None
    content: Content = {}


def steps_of(instruction: Waiting, live: LiveBook, market: Market, *, last_price_fen: LastPrice) -> Iterable[Step]:
    """Return what is executed for an instruction, in order; `last_price_fen` tells the last price of its own batch."""
    kind, order = instruction.kind, instruction.order
    if kind == "submit":
        assert order is not None
        terms = terms_of(order)
        if not order.is_covered(market.taker_fee_bps):
            # Fees rose after it was checked: what it holds would not pay them.
            terms["rejected"] = "fees_changed"
        return (Step(kind, order.id, terms),)
    if kind in OF_ORDERS:
        assert order is not None
        return (Step(kind, order.id, instruction.content or {}),)
    return _of_market(instruction, live, market, last_price_fen)


def _of_market(instruction: Waiting, live: LiveBook, market: Market, last_price_fen: LastPrice) -> Iterator[Step]:
    book = live.book
    match instruction.kind:
        case "halt":
            yield Step("halt", content={"note": instruction.note})
        case "resume":
            minutes = (instruction.content or {}).get("minutes")
            if minutes and book.halted and not book.closed:
                yield Step("auction_open", content={"minutes": minutes})
            yield Step("resume")
        case "auction_uncross":
            may = book.in_auction and not book.halted and not book.closed
            yield Step("auction_uncross", content={} if may else PUT_OFF)
        case "open" | "close":
            if book.in_auction and not book.halted and not book.closed:
                yield Step("auction_uncross")
            yield Step(instruction.kind)
        case "end_day":
            yield from (Step("expire", order.id) for order in _live(live) if order.time_in_force == "day")
            yield Step("end_day")
        case "new_day":
            yield Step("new_day")
            yield from _changes(_of_new_day(market, last_price_fen()), live, market)
        case "change_rules":
            yield from _changes(instruction.content, live, market)
        case kind:
            yield Step(kind, content=instruction.content or {})


def _live(live: LiveBook) -> list[LiveOrder]:
    """Return the orders on the book: those that a batch has finished stay until it is committed, and some never get there."""
    return [order for order in live.orders.values() if order.sequence is not None and not order.is_finished]


def _of_new_day(market: Market, traded_fen: int | None) -> Rules:
    """Return the reference price of a new day: the last price of the days before."""
    if traded_fen is not None:
        return {"reference_price_fen": traded_fen}
    trades = Trade.objects.filter(market=market, trading_mode=TradingMode.LISTING).order_by("-id")
    last = trades.values_list("price_fen", flat=True).first()
    return {} if last is None else {"reference_price_fen": last}


def _changes(changes: Rules, live: LiveBook, market: Market) -> Iterator[Step]:
    """Yield the end of the orders that new rules do not allow, then the change; nothing where they make no sense now."""
    was = rules_in(market)
    now_is = was | changes
    changed = Market(**now_is, symbol=market.symbol)
    try:
        check_rules(changed)
    except DomainError:
        # Two changes that were ordered at once do not go together: the earlier one stands.
        yield Step("change_rules", content=PUT_OFF)
        return
    if now_is == was:
        return
    ends_all = any(now_is[name] != was[name] for name in FEES)
    for order in _live(live):
        if ends_all or _breaks(order, changed):
            yield Step("expire", order.id)
    yield Step("change_rules", content={"was": was, "is": now_is})
    if live.book.closed and not now_is["sessions"]:
        # No session will open it any more.
        yield Step("open")


def _breaks(order: LiveOrder, market: Market) -> bool:
    """Return whether a market's rules do not allow an order to rest."""
    rules = matching_rules(market)
    assert rules.band is not None
    if order.order_type == "market":
        return order.price_fen != edge_of(rules, is_buy=order.is_buy)
    low, high = rules.band
    return bool(not low <= order.price_fen <= high or order.price_fen % rules.tick or order.remaining_t % rules.lot)


def auction_end(content: Content, now: dt.datetime) -> dt.datetime | None:
    """Return when a call auction ends by itself; None where the market's sessions end it."""
    minutes = content.get("minutes")
    return now + dt.timedelta(minutes=minutes) if minutes else None
