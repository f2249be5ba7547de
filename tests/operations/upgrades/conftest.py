"""A market on which a real worker trades, and a release that is migrated meanwhile, by a process of its own."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections

from config.run import BASE_DIR
from tests.running import running, test_environment, wait_until
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.models import Instruction, Trade
from trading.orders.services import NewOrder, place_orders

SETTINGS = "tests.operations.upgrades.release.settings"


def owner_url():
    return urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"]).geturl()


def owner(statement):
    """Run a statement as the owner, in a session of its own."""
    with psycopg.connect(owner_url(), autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


def migrating(*words):
    """Begin `manage.py migrate` of the test's release, as the owner."""
    environment = test_environment() | {"DATABASE_URL": owner_url(), "DJANGO_SETTINGS_MODULE": SETTINGS}
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "release", *words]
    return subprocess.Popen(
        command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def take_back():
    """Take what the release has changed out of the schema again."""
    owner("DROP INDEX IF EXISTS orders_noted")
    owner("ALTER TABLE trading_order DROP COLUMN IF EXISTS noted_t CASCADE")
    owner("DELETE FROM django_migrations WHERE app = 'release'")


class Market:
    """A market on which two parties trade with one another all the time, once `trading` has begun."""

    def __init__(self, who):
        self.who = who
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


@pytest.fixture
def market(transactional_db, who):
    return Market(who)


@pytest.fixture
def worker(market):
    """Run the market's worker, and what wakes it where a wake-up was lost."""
    with running("match-0", "worker", "beat") as found:
        yield found
