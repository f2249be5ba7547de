"""Apply waiting instructions to the book, in memory, and gather what follows from them."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trading.execution.books import LiveBook, LiveOrder
from trading.markets.models import Market
from trading.matching import Accepted, Cancel, Canceled, Halt, Rejected, Resume, Submit, Traded


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
        batch.executed.append((market.last_sequence, instruction.kind, *_content(instruction)))
        _apply_one(instruction, live, market, batch)
    market.book_sequence = live.book.sequence
    return batch


def _content(instruction: Waiting) -> tuple[int | None, dict[str, Any]]:
    order = instruction.order
    if instruction.kind == "submit":
        assert order is not None
        return order.id, {
            "owner": order.organisation_id,
            "side": order.side,
            "price_fen": order.price_fen,
            "quantity_t": order.quantity_t,
        }
    if order is not None:
        return order.id, {}
    return None, {"note": instruction.note} if instruction.note else {}


def _apply_one(instruction: Waiting, live: LiveBook, market: Market, batch: Batch) -> None:
    order = instruction.order
    if instruction.kind == "submit":
        assert order is not None
        live.orders[order.id] = order
        batch.touched[order.id] = order
        events = live.book.apply(submit(order.id, order.organisation_id, order.side, order.price_fen, order.quantity_t))
    elif instruction.kind == "cancel":
        assert order is not None
        events = live.book.apply(Cancel(order.id))
    elif instruction.kind == "halt":
        market.state, market.halt_reason = Market.State.HALTED, instruction.note
        events = live.book.apply(Halt())
    else:
        market.state, market.halt_reason = Market.State.OPEN, ""
        events = live.book.apply(Resume())
    for event in events:
        _follow(event, live, market.last_sequence, batch)


def submit(order_id: int, owner: int, side: str, price_fen: int, quantity_t: int) -> Submit:
    """Return the book's instruction for a limit order, good till cancelled."""
    return Submit(order_id, owner, side, "limit", price_fen, quantity_t)


def _follow(event: object, live: LiveBook, sequence: int, batch: Batch) -> None:
    match event:
        case Traded(price=price, quantity=quantity, maker_id=maker_id, taker_id=taker_id):
            maker, taker = live.orders[maker_id], live.orders[taker_id]
            buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
            batch.fills.append(Fill(sequence, buy, sell, taker.is_buy, price, quantity))
            for order in (maker, taker):
                order.filled_t += quantity
                order.status = "filled" if order.filled_t == order.quantity_t else "partially_filled"
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


def _finish(order: LiveOrder, status: str, reason: str, batch: Batch) -> None:
    order.status, order.reason = status, reason
    batch.touched[order.id] = order
