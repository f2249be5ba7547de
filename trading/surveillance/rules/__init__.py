"""The rules, each in a file of its own with its sentence, its thresholds and its SQL."""

from trading.surveillance.models import Rule
from trading.surveillance.rules.band_hits import BAND_HITS
from trading.surveillance.rules.closes import MARKING_CLOSE
from trading.surveillance.rules.concentration import HOLDINGS, OPEN_INTEREST
from trading.surveillance.rules.quick_cancels import QUICK_CANCELS
from trading.surveillance.rules.ratios import ORDER_TO_TRADE
from trading.surveillance.rules.round_trips import ROUND_TRIPS
from trading.surveillance.rules.self_trades import SELF_TRADES
from trading.surveillance.terms import WatchRule

RULES: dict[Rule, WatchRule] = {
    rule.name: rule
    for rule in (
        SELF_TRADES,
        ROUND_TRIPS,
        ORDER_TO_TRADE,
        QUICK_CANCELS,
        BAND_HITS,
        HOLDINGS,
        OPEN_INTEREST,
        MARKING_CLOSE,
    )
}
