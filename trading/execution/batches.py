"""Apply waiting instructions to the book, in memory, and gather what follows from them."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trading.execution.books import LiveBook, LiveOrder
from trading.markets.models import Market
from trading.matching import (
    Accepted,
    Cancel,
    Canceled,
    Decremented,
    Halt,
    Instruction,
    Rejected,
    Replenished,
    Resume,
    Submit,
    Traded,
)

# How nearly every order is entered. A new option gets a line here, and old logs read as they always did.
USUAL_TERMS: dict[str, Any] = {
    "order_type": "limit",
    "time_in_force": "gtc",
    "post_only": False,
    "display_t": None,
    "self_trade_mode": "cancel_newest",
}


class Waiting(NamedTuple):
    """A row of the queue, with the order it is about."""

    id: int
    kind: str
    actor: str
    note: str
    order: LiveOrder | None


class Fill(NamedTuple):
    """A trade that the book made, before it is settled. Units: fen per tonne, tonnes."""

    sequence: int
    buy: LiveOrder
    sell: LiveOrder
    is_buy_taker: bool
    price_fen: int
    quantity_t: int
    trading_mode: str = "listing"


@dataclass(slots=True)
class Batch:
    instruction_ids: list[int] = field(default_factory=list)
    executed: list[tuple[int, str, int | None, dict[str, Any]]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    touched: dict[int, LiveOrder] = field(default_factory=dict)


def apply(waiting: list[Waiting], live: LiveBook, market: Market) -> Batch:
    """Apply instructions in order; the book, its orders and the market (state, sequences) change in memory."""
    batch = Batch()
    for instruction in waiting:
        market.last_sequence += 1
        batch.instruction_ids.append(instruction.id)
        order_id, content = _content(instruction)
        batch.executed.append((market.last_sequence, instruction.kind, order_id, content))
        _apply_one(instruction, content, live, market, batch)
    market.book_sequence = live.book.sequence
    return batch


def _content(instruction: Waiting) -> tuple[int | None, dict[str, Any]]:
    """Return which order an instruction is about, and all else that the book is told: the log keeps both."""
    order = instruction.order
    if instruction.kind == "submit":
        assert order is not None
        return order.id, terms_of(order)
    if order is not None:
        return order.id, {}
    return None, {"note": instruction.note} if instruction.note else {}


def terms_of(order: LiveOrder) -> dict[str, Any]:
    """Return an order as the log of instructions writes it; what is as usual is not written."""
    terms: dict[str, Any] = {
        "owner": order.organisation_id,
        "side": order.side,
        "price_fen": order.price_fen,
        "quantity_t": order.quantity_t,
    }
    for name, usual in USUAL_TERMS.items():
        if (value := getattr(order, name)) != usual:
            terms[name] = value
    return terms


def told(kind: str, order_id: int | None, content: dict[str, Any]) -> Instruction:
    """Return what the book is told by an instruction: the executor and a replay read the same."""
    match kind:
        case "submit":
            return _submit(order_id, **{**USUAL_TERMS, **content})
        case "cancel":
            return Cancel(order_id)
        case "halt":
            return Halt()
    return Resume()


def _submit(
    order_id: int | None,
    *,
    owner: int,
    side: str,
    price_fen: int,
    quantity_t: int,
    order_type: str,
    time_in_force: str,
    post_only: bool,
    display_t: int | None,
    self_trade_mode: str,
) -> Submit:
    is_market = order_type == "market"
    return Submit(
        order_id,
        owner,
        side,
        order_type,
        None if is_market else price_fen,
        quantity_t,
        time_in_force,
        post_only,
        display_t,
        self_trade_mode,
        price_fen if is_market else None,
    )


def _apply_one(instruction: Waiting, content: dict[str, Any], live: LiveBook, market: Market, batch: Batch) -> None:
    order = instruction.order
    if instruction.kind == "submit":
        assert order is not None
        live.orders[order.id] = order
        batch.touched[order.id] = order
    elif instruction.kind == "halt":
        market.state, market.halt_reason = Market.State.HALTED, instruction.note
    elif instruction.kind == "resume":
        market.state, market.halt_reason = Market.State.OPEN, ""
    for event in live.book.apply(told(instruction.kind, order.id if order else None, content)):
        _follow(event, live, market.last_sequence, batch)


def _follow(event: object, live: LiveBook, sequence: int, batch: Batch) -> None:
    match event:
        case Traded(price=price, quantity=quantity, maker_id=maker_id, taker_id=taker_id):
            maker, taker = live.orders[maker_id], live.orders[taker_id]
            buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
            batch.fills.append(Fill(sequence, buy, sell, taker.is_buy, price, quantity))
            if maker.display_t is not None:
                maker.shown_t = _shown(maker) - quantity
            for order in (maker, taker):
                order.filled_t += quantity
                order.status = "partially_filled" if order.remaining_t else "filled"
                batch.touched[order.id] = order
        case Accepted(order_id=order_id, sequence=priority):
            order = live.orders[order_id]
            order.sequence = priority
            if order.status == "pending_new":
                order.status = "new"
        case Canceled(order_id=order_id, reason=reason):
            _finish(live.orders[order_id], "canceled", reason, batch)
        case Rejected(order_id=order_id, reason=reason):
            _finish(live.orders[order_id], "rejected", reason, batch)
        case Replenished(order_id=order_id, shown=shown, sequence=priority):
            order = live.orders[order_id]
            order.shown_t, order.sequence = shown, priority
        case Decremented(order_id=order_id, quantity=quantity):
            order = live.orders[order_id]
            shown = _shown(order)
            order.decremented_t += quantity
            if order.display_t is not None:
                order.shown_t = min(shown, order.remaining_t)
            batch.touched[order.id] = order


def _shown(order: LiveOrder) -> int:
    """Return how much of an iceberg is shown: a slice, or what is left of one. Units: tonnes."""
    if order.shown_t is not None:
        return order.shown_t
    return min(order.display_t or order.remaining_t, order.remaining_t)


def _finish(order: LiveOrder, status: str, reason: str, batch: Batch) -> None:
    order.status, order.reason = status, reason
    batch.touched[order.id] = order
