"""A day at the exchange, to be watched: things happen at a time of 1 December 2026 in Shanghai."""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import time_machine

from ledger.models import Membership
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Alert, Market, Order
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_order
from trading.surveillance.rules import RULES
from trading.surveillance.selectors import thresholds_now
from trading.surveillance.services import change_thresholds
from trading.surveillance.watching import run_rule

SHANGHAI = ZoneInfo("Asia/Shanghai")
numbers = itertools.count(1)


@contextmanager
def at(clock: str, *, day: int = 1) -> Iterator[None]:
    """Let it be this time of the day in Shanghai."""
    moment = dt.datetime.combine(dt.date(2026, 12, day), dt.time.fromisoformat(clock), SHANGHAI)
    with time_machine.travel(moment, tick=False):
        yield


class Day:
    """A market in which people with money and credits trade."""

    def __init__(self, who: People, market: Market) -> None:
        self.who, self.market = who, market

    def enter(self, actor: Membership, side: str, price_fen: int | None, quantity_t: int, **options: Any) -> Order:
        """Enter an order, and have the market take it."""
        order = NewOrder(f"o{next(numbers)}", side, price_fen, quantity_t, **options)
        placed = place_order(actor=actor, market_id=self.market.pk, order=order)
        execute_market(self.market.pk)
        placed.refresh_from_db()
        return placed

    def trade(self, seller: Membership, buyer: Membership, quantity_t: int, price_fen: int = 4_000) -> None:
        """Have two organisations trade with each other."""
        self.enter(seller, "sell", price_fen, quantity_t)
        self.enter(buyer, "buy", price_fen, quantity_t)

    def cancel(self, order: Order, actor: Membership) -> None:
        cancel_order(actor=actor, order_id=order.pk)
        execute_market(self.market.pk)

    def set(self, rule: str, **thresholds: int) -> None:
        """Give a rule other thresholds."""
        wanted = thresholds_now(RULES[rule]) | thresholds
        change_thresholds(actor=self.who.registrar, rule=rule, thresholds=wanted, reason="For the test.")

    def judge(self, rule: str, clock: str = "12:02", *, day: int = 1) -> list[Alert]:
        """Return the alerts that a rule raises when it runs at a time."""
        with at(clock, day=day):
            raised = run_rule(RULES[rule])
        return list(Alert.objects.filter(pk__in=[alert.id for alert in raised]).order_by("pk"))


def day_of(who: People) -> Day:
    """Return a market in which the cooperative has 10,000 t, and everybody money."""
    with at("09:00"):
        market = market_for(who, issue_to_cooperative(who, 10_000))
        for payer in (who.cooperative, who.buyer, who.other_buyer):
            pay_in(who, payer, 100_000_000)
    return Day(who, market)


def round_trip(day: Day, clock: str = "10:10") -> None:
    """Let the cooperative sell the buyer 30 t, and buy them back."""
    with at(clock):
        day.trade(day.who.cooperative, day.who.buyer, 30)
        day.trade(day.who.buyer, day.who.cooperative, 30)


def self_trades(day: Day, clock: str = "10:20") -> None:
    """Let three orders of the cooperative meet another one of it."""
    with at(clock):
        day.enter(day.who.cooperative, "sell", 4_000, 50)
        for _time in range(3):
            day.enter(day.who.cooperative, "buy", 4_000, 5)


def figures(alert: Alert) -> dict[str, Any]:
    found: dict[str, Any] = alert.evidence["figures"]
    return found
