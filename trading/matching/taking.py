"""How an incoming order trades with what rests: level by level from the best price on, in order of time."""

from collections.abc import Hashable

from trading.matching.checks import SELF_TRADE_MODES
from trading.matching.instructions import Decremented, Event, Replenished, Submit, Traded, canceled
from trading.matching.resting import Part, RestingOrders
from trading.matching.sides import LARGE, BookSide, Level, close_gaps


def opposite(resting: RestingOrders, order: Submit) -> BookSide:
    """Return the side that an order trades with."""
    return resting.asks if order.side == "buy" else resting.bids


def would_take(resting: RestingOrders, order: Submit, limit: int) -> bool:
    """Return whether an order would meet any resting order at its limit, its owner's own ones too."""
    side = opposite(resting, order)
    return side.best >= side.sign * limit


def take(resting: RestingOrders, taker: Submit, quantity: int, limit: int, events: list[Event]) -> int:
    """Let an incoming order trade while prices allow, and return what remains of it."""
    side = opposite(resting, taker)
    worst = side.sign * limit
    while quantity and side.best >= worst:
        quantity = _take_best(resting, side, taker, quantity, events)
    return quantity


def _take_best(resting: RestingOrders, side: BookSide, taker: Submit, quantity: int, events: list[Event]) -> int:
    """Let the taker trade with what the best level shows, in turn, up to an order of its own owner; return what remains.

    The level itself is walked, so whoever is used up leaves it when the walk is over, and icebergs come back behind all others.
    """
    key = side.best
    level, price = side[key], side.sign * key
    terms, parts = resting.terms, resting.parts
    taker_id, owner = taker.order_id, taker.owner
    used_up, own = [], None
    if level.__sizeof__() > LARGE:
        close_gaps(level)
    for maker_id in level:
        maker = terms[maker_id]
        if maker.owner == owner:
            own = maker
            break
        shown = parts[maker_id].shown if maker_id in parts else maker.quantity
        trade = Traded()
        events.append(trade)
        trade.price = price
        trade.maker_id = maker_id
        trade.taker_id = taker_id
        if shown > quantity:
            trade.quantity = quantity
            parts.setdefault(maker_id, Part(shown)).shown = shown - quantity
            quantity = 0
            break
        trade.quantity = shown
        used_up.append(maker_id)
        quantity -= shown
        if not quantity:
            break
    for maker_id in used_up:
        del level[maker_id]
        if maker_id in parts:
            _finish_part(resting, maker_id, level, events)
        else:
            del terms[maker_id]
    if not level:
        side.drop(key)
    return quantity if own is None else _prevent_self_trade(resting, own, taker, quantity, events)


def _finish_part(resting: RestingOrders, maker_id: Hashable, level: Level, events: list[Event]) -> None:
    """Take a maker off that shows nothing any more; an iceberg shows its next slice, behind all others."""
    part, maker = resting.parts[maker_id], resting.terms[maker_id]
    if not part.hidden:
        del resting.terms[maker_id], resting.parts[maker_id]
        return
    assert maker.display is not None
    part.replenish(maker.display)
    resting.sequence += 1
    level[maker_id] = resting.sequence
    events.append(Replenished(maker_id, part.shown, resting.sequence))


def _prevent_self_trade(
    resting: RestingOrders, maker: Submit, taker: Submit, quantity: int, events: list[Event]
) -> int:
    """Do what the taker's mode says where it meets an order of its own owner, and return what remains of the taker."""
    mode = taker.self_trade_mode
    assert mode in SELF_TRADE_MODES, "the same two orders would meet for ever"
    if mode == "decrement":
        return _decrement_both(resting, maker, taker, quantity, events)
    if mode in ("cancel_oldest", "cancel_both"):
        events.append(canceled(maker.order_id, resting.take_off(maker.order_id), "self_trade"))
    if mode in ("cancel_newest", "cancel_both"):
        events.append(canceled(taker.order_id, quantity, "self_trade"))
        return 0
    return quantity


def _decrement_both(resting: RestingOrders, maker: Submit, taker: Submit, quantity: int, events: list[Event]) -> int:
    less = min(quantity, resting.part(maker.order_id).remaining)
    events += (Decremented(maker.order_id, less), Decremented(taker.order_id, less))
    if not resting.decrement(maker.order_id, less):
        events.append(canceled(maker.order_id, 0, "self_trade"))
    if quantity == less:
        events.append(canceled(taker.order_id, 0, "self_trade"))
    return quantity - less


def would_fill(resting: RestingOrders, order: Submit, limit: int) -> bool:
    """Return whether the order, run as IOC, would fill wholly: a rehearsal that changes nothing."""
    side, needed = opposite(resting, order), order.quantity
    for price, level in side.prices():
        if side.sign * price < side.sign * limit:
            return False
        offered, is_stopped = _offered(resting, level, order)
        needed -= offered
        if needed <= 0 or is_stopped:
            return needed <= 0
    return False


def _offered(resting: RestingOrders, level: Level, order: Submit) -> tuple[int, bool]:
    """Return how much a level offers to an order, and whether an order of its own owner would stop it there.

    All shown parts come before any hidden one, so an own order stops the taker before what others hide.
    """
    shown = hidden = 0
    for maker_id in level:
        if resting.terms[maker_id].owner != order.owner:
            part = resting.part(maker_id)
            shown += part.shown
            hidden += part.hidden
        elif order.self_trade_mode != "cancel_oldest":
            return shown, True
    return shown + hidden, False
