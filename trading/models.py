"""Gathers the tables that the domain packages define."""

from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import Market
from trading.orders.models import Instruction, Order
from trading.surveillance.models import Alert, AlertStep, Relation, RuleChange, RuleProgress

__all__ = [
    "Alert",
    "AlertStep",
    "ExecutedInstruction",
    "Instruction",
    "Market",
    "Order",
    "Relation",
    "RuleChange",
    "RuleProgress",
    "Trade",
]
