"""Gathers the tables that the domain packages define."""

from trading.auctions.models import Bid, OneWayAuction
from trading.blocks.models import BlockOffer
from trading.execution.models import Candle, ExecutedInstruction, Trade
from trading.markets.models import ClosedDay, Market, MarketChange, MarketClock, TradingLimit
from trading.orders.models import BookEntry, Expiry, Instruction, Order
from trading.portfolio.models import PositionDay
from trading.surveillance.models import Alert, AlertStep, Relation, RuleChange, RuleProgress

__all__ = [
    "Alert",
    "AlertStep",
    "Bid",
    "BlockOffer",
    "BookEntry",
    "Candle",
    "ClosedDay",
    "ExecutedInstruction",
    "Expiry",
    "Instruction",
    "Market",
    "MarketChange",
    "MarketClock",
    "OneWayAuction",
    "Order",
    "PositionDay",
    "Relation",
    "RuleChange",
    "RuleProgress",
    "Trade",
    "TradingLimit",
]
