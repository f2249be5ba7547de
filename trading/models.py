"""Gathers the tables that the domain packages define."""

from trading.execution.models import Candle, ExecutedInstruction, Trade
from trading.markets.models import Market
from trading.orders.models import Instruction, Order

__all__ = ["Candle", "ExecutedInstruction", "Instruction", "Market", "Order", "Trade"]
