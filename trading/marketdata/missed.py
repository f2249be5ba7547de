"""What somebody missed who was away for longer than the buffers reach back: read from the database, and bounded."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from ledger.parties.models import Organisation
from trading.execution.models import Trade
from trading.execution.publishing import MAX_MISSED_TRADES, TRADE_COLUMNS
from trading.marketdata.selectors import own_trades
from trading.markets.models import Market
from trading.orders.models import Order

MAX_MISSED = 1_000
"""Open orders, finished orders, and trades of an organisation in one snapshot."""
LONGEST_ABSENCE = dt.timedelta(hours=24)
MARGIN = dt.timedelta(seconds=60)
"""A batch is published after it is committed, and committed after it has its time: longer than that takes none."""


def is_market(symbol: str) -> bool:
    """Return whether there is a market of this symbol."""
    return Market.objects.filter(symbol=symbol).exists()


def trades_between(symbol: str, after: int, until: int) -> tuple[list[dict[str, Any]], bool]:
    """Return a market's trades of the instructions after one and up to another, oldest first, and whether these are all."""
    # From the newest on: PostgreSQL would look at every trade that there ever was to find those after an instruction.
    newest = Trade.objects.filter(market__symbol=symbol).order_by("-id").values(*TRADE_COLUMNS)
    rows = list(newest[: MAX_MISSED_TRADES + 1])
    missed = [row for row in rows if after < row["sequence"] <= until]
    is_complete = len(rows) <= MAX_MISSED_TRADES or rows[-1]["sequence"] <= after
    return missed[:MAX_MISSED_TRADES][::-1], is_complete


def own_state(organisation_id: int, since: dt.datetime | None) -> dict[str, Any]:
    """Return an organisation's open orders, and the orders that ended and the trades that were made since a time.

    Some of them were there before: events tell time only so exactly. What is not all of it says so.
    """
    organisation = Organisation(pk=organisation_id)
    orders = Order.objects.filter(organisation=organisation).select_related("market").order_by("-id")
    found_open, all_open = _first(orders.filter(status__in=Order.OPEN_STATUSES))
    finished: Sequence[Any] = []
    trades: Sequence[Any] = []
    all_finished = all_trades = True
    if since is not None:
        earliest = max(since - MARGIN, dt.datetime.now(dt.UTC) - LONGEST_ABSENCE)
        is_within_reach = earliest == since - MARGIN
        finished, all_finished = _first(orders.filter(changed_at__gte=earliest).exclude(status__in=Order.OPEN_STATUSES))
        trades, all_trades = _first(own_trades(organisation).filter(executed_at__gte=earliest))
        all_finished, all_trades = all_finished and is_within_reach, all_trades and is_within_reach
    return {
        "orders": [_order(order) for order in (*found_open, *finished)],
        "trades": [_trade(trade) for trade in reversed(trades)],
        "open_orders_complete": all_open,
        "finished_orders_complete": all_finished,
        "trades_complete": all_trades,
    }


def _first(rows: QuerySet[Any]) -> tuple[Sequence[Any], bool]:
    found = list(rows[: MAX_MISSED + 1])
    return found[:MAX_MISSED], len(found) <= MAX_MISSED


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.pk,
        "market": order.market.symbol,
        "client_order_id": order.client_order_id,
        "side": order.side,
        "price_fen": order.price_fen,
        "quantity_t": order.quantity_t,
        "filled_t": order.filled_t,
        "remaining_t": order.remaining_t,
        "status": order.status,
        "reason": order.reason,
        "changed_at": order.changed_at,
    }


def _trade(trade: Any) -> dict[str, Any]:
    return {
        "id": trade.pk,
        "market": trade.market.symbol,
        "order": trade.own_order_id,
        "side": trade.side,
        "taker_side": trade.taker_side,
        "trading_mode": trade.trading_mode,
        "price_fen": trade.price_fen,
        "quantity_t": trade.quantity_t,
        "fee_fen": trade.fee_fen,
        "transaction": trade.transaction_id,
        "executed_at": trade.executed_at,
    }
