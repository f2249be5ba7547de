"""The product on hosts of its own: a market moves from one to another while it trades, hosts are cut off and come back.

Nothing acknowledged is lost, nothing is done twice: what clients were told is compared with the ledger.
"""

import json
import os
import time
from contextlib import contextmanager
from itertools import pairwise

import psycopg
import pytest
from django.db import connection

from config.run import BASE_DIR
from ledger.models import Record
from tests.operations.hosts.listening import Listener
from tests.operations.hosts.network import why_not
from tests.operations.hosts.product import STREAM_PORT, WEB_PORT, product
from tests.operations.hosts.traders import Trader
from tests.scenes import issue_to_cooperative, market_for, pay_in, people
from tests.servers import VAR
from tests.waiting import wait_until
from trading.execution.reconciliation import reconcile
from trading.models import ExecutedInstruction, Instruction, Market, Order, Trade
from trading.orders.moves import move_market
from trading.orders.services import NewOrder, place_orders

REPORT = BASE_DIR / "var" / "hosts.json"
# What is made on the tests' own database is only the model for that of the hosts.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def spread(django_db_setup, django_db_blocker):
    """Return the product, with the programs that no test stops: pages, streams, and what sweeps and wakes."""
    if reason := why_not():
        pytest.skip(reason)
    like = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), product(VAR / "hosts", like=like) as found:
        for host, program in (("web", "web"), ("stream", "stream"), ("control", "worker"), ("control", "beat")):
            found.start(host, program)
        found.start("a", "match-0")
        found.start("b", "match-1")
        yield found


@pytest.fixture
def hosts(spread):
    """Be on the clients' host as long as a test lasts."""
    with spread.at_hand():
        yield spread
        wait_until(lambda: not Instruction.objects.exists(), seconds=60)


@pytest.fixture(scope="module")
def measured():
    """Return where figures are put that are no test's to judge; they stand in var/hosts.json afterwards."""
    found = {}
    yield found
    REPORT.write_text(json.dumps(found, indent=1) + "\n")


@pytest.fixture
def who(hosts):
    return people()


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 10_000_000_000)
    return market


@contextmanager
def trading(hosts, who, market):
    """Have a seller and a buyer enter orders, over HTTP, as long as the context lasts."""
    web = hosts.network["web"].address
    traders = [Trader(web, WEB_PORT, who.cooperative, market, "sell"), Trader(web, WEB_PORT, who.buyer, market, "buy")]
    for trader in traders:
        trader.start()
    try:
        yield traders
    finally:
        for trader in traders:
            trader.end()


def executed(market):
    return Market.objects.values_list("last_sequence", flat=True).get(pk=market.pk)


def goes_on(market, by=30, seconds=60):
    """Wait until a market has executed so many instructions more."""
    before = executed(market)
    wait_until(lambda: executed(market) >= before + by, seconds=seconds)


def is_as_told(market, traders):
    """Compare what clients were told with the ledger, once all is executed: each order once, each trade settled once."""
    wait_until(lambda: not market.instructions.exists(), seconds=60)
    told = {name: number for trader in traders for name, number in trader.told.items()}
    orders = dict(Order.objects.filter(market=market).values_list("client_order_id", "id"))
    assert told.items() <= orders.items()
    submitted = ExecutedInstruction.objects.filter(market=market, kind="submit").values_list("order_id", flat=True)
    assert sorted(submitted) == sorted(orders.values())
    trades = Trade.objects.filter(market=market)
    assert trades.exists()
    assert trades.values("transaction").distinct().count() == trades.count()
    sold = sum(trades.values_list("quantity_t", flat=True))
    assert sold == sum(Order.objects.filter(market=market, side="buy").values_list("filled_t", flat=True))
    assert [result for result in reconcile() if not result.holds] == []


def longest_gap_ms(market):
    """Return the longest time in which a market has executed nothing."""
    at = list(
        ExecutedInstruction.objects.filter(market=market).order_by("sequence").values_list("executed_at", flat=True)
    )
    return max((after - before).total_seconds() for before, after in pairwise(at)) * 1_000


def test_a_market_moves_between_hosts_while_it_trades(hosts, who, market, measured):
    with trading(hosts, who, market) as traders:
        goes_on(market)
        by = ("--by", who.registrar.user.username, "--reason", "Balance")
        assert "trading goes on" in hosts.manage("control", "move_market", market.symbol, "--shard", "1", *by)
        goes_on(market)
        move_market(actor=who.registrar, market_id=market.pk, shard=0, reason="Back")
        goes_on(market)
    is_as_told(market, traders)
    measured["longest gap while a market moved there and back, ms"] = longest_gap_ms(market)
    assert Record.objects.filter(kind="market_moved").count() == 2


# Hosts that are cut off


def sessions(host, condition="true"):
    """Return how many sessions of the database a host has that are so."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE client_addr = %s AND {condition}", [host.address])
        return cursor.fetchone()[0]


def in_a_batch(hosts):
    """Return the host whose worker waits for the account that the test has locked: it has the market."""
    waits = "wait_event_type = 'Lock' AND query LIKE '%%ledger_account%%'"
    return next((name for name in ("a", "b") if sessions(hosts.network[name], waits)), "")


def enter(actor, market, side, *quantities):
    start = Order.objects.count()
    orders = [NewOrder(f"{start + at}", side, 4_000, quantity) for at, quantity in enumerate(quantities)]
    assert not any(result.error for result in place_orders(actor=actor, market_id=market.pk, orders=orders))


def test_a_worker_that_is_cut_off_in_the_middle_of_a_batch_loses_the_market_to_another_host(
    hosts, who, market, measured
):
    """What it had begun is undone by PostgreSQL within seconds; it goes on when it is back."""
    hosts.start("b", "match-0", "-n", "second@%h")
    enter(who.cooperative, market, "sell", *[10] * 30)
    wait_until(lambda: executed(market) == 30, seconds=60)
    with psycopg.connect(hosts.owner_url) as session:
        account = f"organisation_id = {who.cooperative.organisation_id}"
        session.execute(f"SELECT 1 FROM ledger_account WHERE {account} FOR UPDATE")
        enter(who.buyer, market, "buy", *[10] * 20)
        wait_until(lambda: bool(in_a_batch(hosts)), seconds=60)
        cut_off = in_a_batch(hosts)
        hosts.network.cut_off(cut_off)
        began = time.monotonic()
        # What it waited for is there now: PostgreSQL tells it so, and hears nothing.
        session.rollback()
    wait_until(lambda: executed(market) == 50, seconds=60)
    measured["another host goes on with the batch of one that was cut off, s"] = time.monotonic() - began
    assert Trade.objects.filter(market=market).count() == 20
    # Also those of its sessions end that were doing nothing.
    wait_until(lambda: sessions(hosts.network[cut_off]) == 0, seconds=60)
    hosts.network.mend(cut_off)
    hosts.stop("b" if cut_off == "a" else "a", "match-0")
    enter(who.buyer, market, "buy", *[10] * 10)
    wait_until(lambda: executed(market) == 60, seconds=60)
    assert Trade.objects.filter(market=market).count() == 30
    assert hosts.ended() == []
    assert [result for result in reconcile() if not result.holds] == []
    if cut_off == "b":
        hosts.start("a", "match-0")
        hosts.stop("b", "match-0")


def test_pages_and_streams_that_are_cut_off_come_back_and_nothing_is_missing(hosts, who, market):
    """Who asks again gets what was entered, once; who listens again hears what was missed."""
    listener = Listener(hosts.network["stream"].address, STREAM_PORT, market.symbol)
    listener.start()
    # Who comes late is told the newest trades alone.
    wait_until(lambda: listener.is_told, seconds=60)
    with trading(hosts, who, market) as traders:
        goes_on(market)
        wait_until(lambda: listener.sequence > 0, seconds=60)
        hosts.network.unplug("stream")
        goes_on(market)
        # Whether or not the connection has survived, it is made anew: as by a browser that was told nothing for too long.
        heard = listener.times_connected
        wait_until(lambda: not listener.is_connected, seconds=60)
        hosts.network.mend("stream")
        wait_until(lambda: listener.times_connected > heard, seconds=60)
        hosts.network.cut_off("web")
        wait_until(lambda: all(trader.unanswered for trader in traders), seconds=60)
        hosts.network.mend("web")
        goes_on(market)
    is_as_told(market, traders)
    wait_until(lambda: listener.sequence == executed(market), seconds=60)
    listener.end()
    assert listener.gaps == []
    assert listener.trades == dict(Trade.objects.filter(market=market).values_list("id", "quantity_t"))
    assert hosts.ended() == []
