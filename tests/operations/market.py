"""A market on which two parties trade with one another all the time."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.utils import timezone

from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from tests.waiting import wait_until
from trading.models import Instruction, Trade
from trading.orders.services import NewOrder, place_orders

# More than the longest drill trades: 20 t and 80,000 fen a time, fifty times a second.
TONNES, CASH_FEN = 1_000_000, 10_000_000_000
PRICE_FEN = 4_000
ORDERS = 20
PAUSE_SECONDS = 0.02
# A worker that has just been started, on a machine that does much else.
PATIENCE_SECONDS = 60.0


class Market:
    """A market on which two parties trade with one another all the time."""

    def __init__(self, who: People) -> None:
        self.who = who
        # When each batch of orders was acknowledged, and how many had been until then.
        self.acknowledged: list[tuple[dt.datetime, int]] = []
        self.market = market_for(who, issue_to_cooperative(who, TONNES))
        pay_in(who, who.buyer, CASH_FEN)
        self.placed = 0

    def enter(self, count: int = ORDERS) -> None:
        """Enter orders that trade with one another one by one."""
        start, self.placed = self.placed, self.placed + count
        for actor, side in ((self.who.cooperative, "sell"), (self.who.buyer, "buy")):
            orders = [NewOrder(f"{side}{start + at}", side, PRICE_FEN, 1) for at in range(count)]
            results = place_orders(actor=actor, market_id=self.market.pk, orders=orders)
            assert not any(result.error for result in results)
        self.acknowledged.append((timezone.now(), self.placed))

    @contextmanager
    def trading(self) -> Iterator[None]:
        """Trade in a thread as long as the context lasts."""
        stop = threading.Event()
        problems: list[Exception] = []

        def trade() -> None:
            try:
                while not stop.is_set():
                    self.enter()
                    time.sleep(PAUSE_SECONDS)
            except Exception as error:
                problems.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=trade)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert problems == []

    def goes_on(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until more has been traded than now."""
        before = Trade.objects.count()
        wait_until(lambda: Trade.objects.count() > before, seconds=seconds)

    def settles(self) -> None:
        """Wait until nothing waits; then every tonne that was offered was sold."""
        wait_until(lambda: not Instruction.objects.exists(), seconds=PATIENCE_SECONDS)
        assert Trade.objects.count() == self.placed
