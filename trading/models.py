"""Gathers the tables that the domain packages define."""

from trading.auctions.models import Bid, OneWayAuction
from trading.blocks.models import BlockOffer
from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import ClosedDay, Market, MarketClock, TradingLimit
from trading.orders.models import Expiry, Instruction, Order

__all__ = [
    "Bid",
    "BlockOffer",
    "ClosedDay",
    "ExecutedInstruction",
    "Expiry",
    "Instruction",
    "Market",
    "MarketClock",
    "OneWayAuction",
    "Order",
    "Trade",
    "TradingLimit",
]
