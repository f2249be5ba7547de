"""A market on which two parties trade with one another all the time."""

import threading
import time
from contextlib import contextmanager

from django.db import connections
from django.utils import timezone

from tests.running import wait_until
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.models import Instruction, Trade
from trading.orders.services import NewOrder, place_orders


class Market:
    """A market on which two parties trade with one another all the time."""

    def __init__(self, who):
        self.who = who
        # When each batch of orders was acknowledged, and how many had been until then.
        self.acknowledged = []
        self.market = market_for(who, issue_to_cooperative(who, 1_000_000))
        pay_in(who, who.buyer, 10_000_000_000)
        self.placed = 0

    def enter(self, count=20):
        """Enter orders that trade with one another one by one."""
        start, self.placed = self.placed, self.placed + count
        for actor, side in ((self.who.cooperative, "sell"), (self.who.buyer, "buy")):
            orders = [NewOrder(f"{side}{start + at}", side, 4_000, 1) for at in range(count)]
            results = place_orders(actor=actor, market_id=self.market.pk, orders=orders)
            assert not any(result.error for result in results)
        self.acknowledged.append((timezone.now(), self.placed))

    @contextmanager
    def trading(self):
        """Trade in a thread as long as the context lasts."""
        stop = threading.Event()
        problems = []

        def trade():
            try:
                while not stop.is_set():
                    self.enter()
                    time.sleep(0.02)
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

    def goes_on(self, *, seconds=60):
        """Wait until more has been traded than now."""
        before = Trade.objects.count()
        wait_until(lambda: Trade.objects.count() > before, seconds=seconds)

    def settles(self):
        """Wait until nothing waits; then every tonne that was offered was sold."""
        wait_until(lambda: not Instruction.objects.exists(), seconds=60)
        assert Trade.objects.count() == self.placed
