"""Gathers the tables that the domain packages define."""

from trading.auctions.models import Bid, OneWayAuction
from trading.blocks.models import BlockOffer
from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import Market
from trading.orders.models import Instruction, Order

__all__ = ["Bid", "BlockOffer", "ExecutedInstruction", "Instruction", "Market", "OneWayAuction", "Order", "Trade"]
