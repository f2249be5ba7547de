"""Gathers the tables that the domain packages define."""

from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import ClosedDay, Market, MarketClock, TradingLimit
from trading.orders.models import BookEntry, Expiry, Instruction, Order

__all__ = [
    "BookEntry",
    "ClosedDay",
    "ExecutedInstruction",
    "Expiry",
    "Instruction",
    "Market",
    "MarketClock",
    "Order",
    "Trade",
    "TradingLimit",
]
