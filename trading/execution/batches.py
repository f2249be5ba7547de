"""Apply waiting instructions to the book, in memory, and gather what follows from them."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ledger.journal.posting import HoldChange
from trading.execution import agreed
from trading.execution.agreed import Agreed
from trading.execution.books import LiveBook, LiveOrder
from trading.execution.steps import OF_ORDERS, Step, Waiting, auction_end, steps_of
from trading.execution.telling import PUT_OFF, Content, tell
from trading.markets.models import Market
from trading.markets.rules import entry_of
from trading.matching import (
    Accepted,
    Canceled,
    Decremented,
    Event,
    Expired,
    OrderBook,
    Rejected,
    Replaced,
    Replenished,
    Traded,
    Uncrossed,
)


class Fill(NamedTuple):
    """A trade that the book made, before it is settled. Units: fen per tonne, tonnes."""

    sequence: int
    buy: LiveOrder
    sell: LiveOrder
    is_buy_taker: bool
    price_fen: int
    quantity_t: int
    trading_mode: str


@dataclass(slots=True)
class Batch:
    instruction_ids: list[int] = field(default_factory=list)
    executed: list[tuple[int, str, int | None, Content]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    touched: dict[int, LiveOrder] = field(default_factory=dict)
    # Of those touched, the orders that have other terms now.
    replaced: set[int] = field(default_factory=set)
    # What was held aside for new terms, and is not any more.
    released: dict[int, HoldChange] = field(default_factory=dict)
    # The market as the log will say that it was changed, with who did it and why.
    changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    # What was agreed outside the book, by the number of its instruction.
    agreed: dict[int, Agreed] = field(default_factory=dict)

    def last_price_fen(self) -> int | None:
        """Return the last price on the book; None where nothing was traded there."""
        prices = (fill.price_fen for fill in reversed(self.fills) if fill.trading_mode == "listing")
        return next(prices, None)


def apply(waiting: list[Waiting], live: LiveBook, market: Market, now: dt.datetime) -> Batch:
    """Apply instructions in order; the book, its orders and the market (state, rules, sequences) change in memory."""
    batch = Batch()
    live.orders.update(
        agreed.read_orders(each.content for each in waiting if each.kind == agreed.KIND and each.content)
    )
    for instruction in waiting:
        batch.instruction_ids.append(instruction.id)
        _take_in(instruction, live, batch)
        for step in steps_of(instruction, live, market, last_price_fen=batch.last_price_fen):
            _execute(step, instruction, live, market, batch, now)
    market.book_sequence = live.book.sequence
    return batch


def _take_in(instruction: Waiting, live: LiveBook, batch: Batch) -> None:
    order = instruction.order
    if order is None:
        return
    if instruction.kind == "submit":
        live.orders[order.id] = order
        batch.touched[order.id] = order
    elif instruction.hold_id is not None:
        assert instruction.held is not None
        account_id = order.cash_account_id if order.is_buy else order.credit_account_id
        batch.released[instruction.hold_id] = HoldChange(account_id, instruction.held, 0)


def _execute(step: Step, why: Waiting, live: LiveBook, market: Market, batch: Batch, now: dt.datetime) -> None:
    kind, order_id, content = step
    market.last_sequence += 1
    batch.executed.append((market.last_sequence, kind, order_id, content))
    fills = len(batch.fills)
    for event in _events(step, live.book, market.last_sequence, batch):
        _follow(event, live, market, batch, is_in_auction=kind == "auction_uncross")
    if kind not in OF_ORDERS:
        _follow_phase(step, why, live.book, market, batch, now)
    elif market.volatility_percent and len(batch.fills) > fills and _is_volatile(batch.fills[-1].price_fen, market):
        interruption = Step("auction_open", content={"minutes": market.volatility_minutes})
        _execute(interruption, why, live, market, batch, now)


def _events(step: Step, book: OrderBook, sequence: int, batch: Batch) -> list[Event]:
    """Return what follows from a step: what the book answers, or what was agreed outside of it."""
    if step.kind != agreed.KIND:
        return tell(book, step.kind, step.order_id, step.content)
    found = batch.agreed[sequence] = agreed.read_agreed(step.content)
    return found.events(is_halted=book.halted)


def _is_volatile(price_fen: int, market: Market) -> bool:
    """Return whether trading is interrupted after a trade at a price."""
    reference_fen = market.volatility_reference_fen or market.reference_price_fen
    return abs(price_fen - reference_fen) * 100 > market.volatility_percent * reference_fen


def _follow_phase(step: Step, why: Waiting, book: OrderBook, market: Market, batch: Batch, now: dt.datetime) -> None:
    """Bring the market's row to where its book stands after an instruction that is about no order."""
    match step.kind:
        case "halt":
            market.halt_reason = step.content["note"]
        case "resume":
            market.halt_reason = ""
        case "auction_open":
            market.auction_ends_at = auction_end(step.content, now)
        case "auction_uncross" | "open":
            # What a halt puts off is made up for as soon as the market goes on.
            market.auction_ends_at = now if book.in_auction else None
        case "new_day":
            market.volatility_reference_fen = None
        case "change_rules" if step.content != PUT_OFF:
            for name, value in step.content["is"].items():
                setattr(market, name, value)
            market.volatility_reference_fen = None
            actor = "system" if why.kind == "new_day" else why.actor
            batch.changes.append((actor, entry_of(market) | {"reason": why.note}))
    market.in_auction = book.in_auction
    market.phase = phase_of(book)
    market.state = Market.State.HALTED if book.halted else market.phase


def phase_of(book: OrderBook) -> str:
    """Return where a market's book stands in its day."""
    if book.closed:
        return Market.Phase.CLOSED
    return Market.Phase.AUCTION if book.in_auction else Market.Phase.OPEN


def _follow(event: object, live: LiveBook, market: Market, batch: Batch, *, is_in_auction: bool) -> None:
    match event:
        case Traded(price=price, quantity=quantity, maker_id=maker_id, taker_id=taker_id):
            maker, taker = live.orders[maker_id], live.orders[taker_id]
            buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
            found = batch.agreed.get(market.last_sequence)
            mode = "listing" if found is None else found.mode
            batch.fills.append(Fill(market.last_sequence, buy, sell, taker.is_buy, price, quantity, mode))
            _show_less(maker, quantity, is_in_auction=is_in_auction)
            if is_in_auction:
                _show_less(taker, quantity, is_in_auction=True)
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
        case Expired(order_id=order_id):
            _finish(live.orders[order_id], "expired", "", batch)
        case Replaced(order_id=order_id, price=price, quantity=quantity, sequence=priority):
            _replace(live.orders[order_id], price, quantity, priority, batch)
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
        case Uncrossed(price=price) if price is not None:
            market.volatility_reference_fen = price


def _show_less(order: LiveOrder, quantity: int, *, is_in_auction: bool) -> None:
    """Take a fill off what an iceberg on the book shows: an auction fills hidden tonnes like shown ones, and those last."""
    if order.display_t is None:
        return
    shown = _shown(order)
    order.shown_t = min(shown, order.remaining_t - quantity) if is_in_auction else shown - quantity


def _shown(order: LiveOrder) -> int:
    """Return how much of an iceberg is shown: a slice, or what is left of one. Units: tonnes."""
    if order.shown_t is not None:
        return order.shown_t
    return min(order.display_t or order.remaining_t, order.remaining_t)


def _replace(order: LiveOrder, price: int | None, quantity: int, priority: int, batch: Batch) -> None:
    """Give an order its new terms; one that keeps its place keeps showing what it shows, as far as there is so much."""
    shown, keeps_place = _shown(order), order.sequence == priority
    order.quantity_t, order.sequence = quantity, priority
    if price is not None:
        order.price_fen = price
    if order.display_t is not None:
        order.shown_t = min(shown, order.remaining_t) if keeps_place else None
    batch.touched[order.id] = order
    batch.replaced.add(order.id)


def _finish(order: LiveOrder, status: str, reason: str, batch: Batch) -> None:
    order.status, order.reason = status, reason
    batch.touched[order.id] = order
