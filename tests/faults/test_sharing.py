"""Sell, and the households have their shares: by the product's own worker and beat, however they are killed."""

import signal

import pytest

from ledger.models import Account, DistributedSale, Distribution
from tests.faults.standing import broken, locked, sessions
from tests.running import signal_program, start_again
from tests.scenes import ProjectFactory, households_of, issue_to_cooperative, market_for, pay_in, plan_of
from tests.waiting import wait_until
from trading.models import Instruction, Trade
from trading.orders.services import NewOrder, place_orders

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(product, who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    pay_in(who, who.buyer, 1_000_000_000)
    market = market_for(who, issue_to_cooperative(who, 100_000, project=project), taker_fee_bps=35)
    households_of(who, project, ["1", "2", "4"])
    plan_of(who)
    return market


def trade(who, market, *quantities):
    """Enter sells and buys that the worker is to match."""
    start = Trade.objects.count()
    for side, actor in (("sell", who.cooperative), ("buy", who.buyer)):
        orders = [NewOrder(f"{side}{start}-{at}", side, 4_000, each) for at, each in enumerate(quantities)]
        place_orders(actor=actor, market_id=market.pk, orders=orders)
    wait_until(lambda: not Instruction.objects.exists())


def shared():
    return sum(Account.objects.filter(purpose="share").values_list("balance", flat=True))


def test_the_worker_shares_what_was_sold(market, who):
    trade(who, market, 5, 7)
    wait_until(lambda: DistributedSale.objects.count() == 2)
    net = 12 * 4_000
    assert shared() == net - net // 10
    assert broken() == []


def test_a_worker_killed_in_the_middle_of_a_sweep_leaves_nothing_of_it(product, market, who):
    processes, environment = product
    trade(who, market, 3)
    wait_until(lambda: DistributedSale.objects.count() == 1)
    before = shared()
    with locked("SELECT 1 FROM ledger_account WHERE purpose = 'share' FOR UPDATE"):
        trade(who, market, *[2] * 10)
        wait_until(lambda: sessions("wait_event_type = 'Lock' AND query LIKE '%account%'") >= 1)
        signal_program(processes, "worker", signal.SIGKILL)
        assert (shared(), DistributedSale.objects.count()) == (before, 1)
    start_again(processes, environment, "worker")
    wait_until(lambda: DistributedSale.objects.count() == 11)
    assert shared() == sum(Distribution.objects.values_list("shared_fen", flat=True))
    assert broken() == []
