"""Server-sent events as they go over the wire, and what Redis publishes, taken apart."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, NamedTuple

import orjson

RETRY = b"retry: 2000\n\n"


class Signal(Enum):
    """What a reader is told that is no message of Redis."""

    HEARTBEAT = auto()
    INTERRUPTED = auto()
    RESUMED = auto()
    MISSED = auto()
    """Something was not heard: catch up with the buffer."""
    END = auto()


class MarketMessage(NamedTuple):
    """A market's event: what it follows, and how it is written to every reader."""

    life: str
    previous: int | None
    sequence: int
    wire: bytes


class OrdersMessage(NamedTuple):
    """An entry of the events of orders: its number in a buffer's life, when it was, and whose events are in it."""

    life: str
    number: int
    at_ms: int
    data: bytes


class Revoked(NamedTuple):
    """That a person's session, token or role may have ended."""

    user_id: int


Item = MarketMessage | OrdersMessage | Revoked | Signal


def event(name: str, data: bytes = b"{}", event_id: str | None = None) -> bytes:
    """Return an event. Data are compact JSON: one line."""
    head = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, name.encode(), data)


def market_message(life: str, previous: str, sequence: str, name: str, data: bytes) -> MarketMessage:
    """Return a market's event that Redis publishes, or keeps."""
    wire = event(name, data, f"{life}-{sequence}")
    return MarketMessage(life, None if previous == "-" else int(previous), int(sequence), wire)


def read_market_message(published: bytes) -> MarketMessage:
    """Take apart what is published of a market."""
    head, _newline, data = published.partition(b"\n")
    life, previous, sequence, name = head.decode().split(" ")
    return market_message(life, previous, sequence, name, data)


def read_orders_message(published: bytes) -> OrdersMessage:
    """Take apart what is published of orders."""
    head, _newline, data = published.partition(b"\n")
    life, number, at_ms = head.decode().split(" ")
    return OrdersMessage(life, int(number), int(at_ms), data)


CHANGES = {
    "new": "accepted",
    "partially_filled": "partially_filled",
    "filled": "filled",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
}


def own_events(content: dict[str, Any], organisation_ids: Iterable[int]) -> dict[int, bytes]:
    """Return what an entry of orders says to each of these organisations, as JSON; nothing to whom it says nothing.

    The rows are those that trading/execution/publishing.py writes.
    """
    found: dict[int, dict[str, Any]] = {}
    wanted = set(organisation_ids)

    def of(organisation_id: int) -> dict[str, Any]:
        head = {"market": content["market"], "executed_at": content["executed_at"]}
        return found.setdefault(organisation_id, head | {"orders": [], "trades": []})

    for organisation_id, *order in content["orders"]:
        if organisation_id in wanted:
            of(organisation_id)["orders"].append(_own_order(content, order))
    for trade in content["trades"]:
        for side, place in (("buy", 6), ("sell", 7)):
            if trade[place][0] in wanted:
                of(trade[place][0])["trades"].append(_own_trade(content, trade, side, trade[place]))
    return {organisation_id: orjson.dumps(message) for organisation_id, message in found.items()}


def _own_order(content: dict[str, Any], row: list[Any]) -> dict[str, Any]:
    order_id, client_order_id, side, price_fen, quantity_t, filled_t, remaining_t, status, reason, was_replaced = row
    is_open = status in ("new", "partially_filled")
    return {
        "id": order_id,
        "market": content["market"],
        "client_order_id": client_order_id,
        "change": "replaced" if was_replaced and is_open else CHANGES[status],
        "side": side,
        "price_fen": price_fen,
        "quantity_t": quantity_t,
        "filled_t": filled_t,
        "remaining_t": remaining_t,
        "status": status,
        "reason": reason,
        "changed_at": content["executed_at"],
    }


def _own_trade(content: dict[str, Any], row: list[Any], side: str, own: list[Any]) -> dict[str, Any]:
    trade_id, price_fen, quantity_t, taker_side, trading_mode, transaction_id, _buy, _sell = row
    _organisation_id, order_id, fee_fen = own
    return {
        "id": trade_id,
        "market": content["market"],
        "order": order_id,
        "side": side,
        "taker_side": taker_side,
        "trading_mode": trading_mode,
        "price_fen": price_fen,
        "quantity_t": quantity_t,
        "fee_fen": fee_fen,
        "transaction": transaction_id,
        "executed_at": content["executed_at"],
    }
