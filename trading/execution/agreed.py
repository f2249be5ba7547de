"""Settle what was agreed outside the book: its orders trade with one another, at the agreed prices, and touch nothing else.

The book takes no part, but the market is one: the instruction has its number among the others, and where the market is
halted when its turn comes, all its orders are rejected. The executor and a replay follow the same events.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from trading.execution.books import ORDER_COLUMNS, LiveOrder
from trading.matching import Event, Rejected, traded

KIND = "agreed"
HALTED = "market_halted"


@dataclass(frozen=True, slots=True)
class Agreed:
    """An instruction's content, read. `orders` are (id, price in fen, tonnes); `trades` are (maker, taker, price in fen, tonnes)."""

    mode: str
    fee_bps: int
    orders: Sequence[tuple[int, int, int]]
    trades: Sequence[tuple[int, int, int, int]]

    def events(self, *, is_halted: bool) -> list[Event]:
        """Return what becomes of the orders: all of the trades, or none."""
        if is_halted:
            return [Rejected(order_id, HALTED) for order_id, *_terms in self.orders]
        return [traded(price, quantity, maker, taker) for maker, taker, price, quantity in self.trades]


def read_agreed(content: Mapping[str, Any]) -> Agreed:
    """Read what the executor was told.

    Raises: ValueError, TypeError, KeyError where it is not what is written there.
    """
    first, then = {"buy": ("buy", "sell"), "sell": ("sell", "buy")}[content["maker"]]
    return Agreed(
        str(content["mode"]),
        _whole(content["fee_bps"]),
        [
            (_whole(order["order"]), _whole(order["price_fen"]), _whole(order["quantity_t"]))
            for order in content["orders"]
        ],
        [
            tuple(_whole(trade[name]) for name in (first, then, "price_fen", "quantity_t"))  # type: ignore[misc]
            for trade in content["trades"]
        ],
    )


def _whole(figure: Any) -> int:
    if type(figure) is not int:
        raise TypeError("a figure is no whole number")
    return figure


def read_orders(contents: Iterable[Mapping[str, Any]]) -> dict[int, LiveOrder]:
    """Return the orders that instructions name, by their ids; most batches name none, and nothing is read."""
    ids = [order["order"] for content in contents for order in content["orders"]]
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {ORDER_COLUMNS}
              FROM trading_order o JOIN ledger_hold hold ON hold.id = o.hold_id
             WHERE o.id = ANY(%s)
            """,
            [ids],
        )
        return {row[0]: LiveOrder(*row) for row in cursor.fetchall()}
