"""What the entries of the log name of the exchange."""

from ledger.admin.subjects import Subject, Subjects
from trading.auctions.models import Bid, OneWayAuction
from trading.blocks.models import BlockOffer
from trading.execution.models import Trade
from trading.markets.models import Market
from trading.orders.models import Order
from trading.surveillance.models import Alert, Relation, RuleChange

SUBJECTS: Subjects = {
    "market": Subject(Market),
    "trade": Subject(Trade),
    "maker_order": Subject(Order),
    "taker_order": Subject(Order),
    "offer": Subject(BlockOffer),
    "replaces": Subject(BlockOffer),
    "auction": Subject(OneWayAuction),
    "bid": Subject(Bid),
    "buy_order": Subject(Order),
    "sell_order": Subject(Order),
    "order": Subject(Order),
    "alert": Subject(Alert),
    "relation": Subject(Relation),
    "change": Subject(RuleChange),
}
