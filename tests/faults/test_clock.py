"""A clock that is set back: what comes later is later by its number, and nothing waits until the time comes again."""

import datetime as dt

import pytest
import redis
import time_machine
from celery.beat import PersistentScheduler
from django.conf import settings
from django.utils import timezone

from config.beat import SteadyScheduler
from config.celery import app
from ledger.models import Checkpoint, Transaction
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.verification import verify_log
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.reconciliation import reconcile
from trading.execution.selectors import oldest_instructions
from trading.execution.services import execute_market
from trading.models import ExecutedInstruction, Instruction, Trade
from trading.orders.services import place_orders
from trading.orders.terms import NewOrder
from trading.orders.wakeups import queue_of
from trading.tasks import wake_waiting_markets

NOON = dt.datetime(2026, 7, 1, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 100_000_000)
    return market


def trade(who, market, name):
    """Enter a sell and a buy that meet, and execute them."""
    for actor, side in ((who.cooperative, "sell"), (who.buyer, "buy")):
        place_orders(actor=actor, market_id=market.pk, orders=[NewOrder(f"{name}-{side}", side, 4_000, 5)])
    execute_market(market.pk)
    sequence_log()


@pytest.mark.django_db
def test_what_is_executed_after_the_clock_was_set_back_is_later_by_its_number(who, market):
    started = timezone.now()
    for name, hours in (("first", 3), ("second", 2), ("third", -1)):
        with time_machine.travel(started + hours * HOUR):
            trade(who, market, name)
    executed = list(ExecutedInstruction.objects.order_by("sequence").values_list("sequence", "executed_at"))
    assert [sequence for sequence, _at in executed] == [1, 2, 3, 4, 5, 6]
    assert executed[0][1] > executed[2][1] > executed[4][1]
    assert Trade.objects.order_by("sequence").last().buy_order.client_order_id == "third-buy"
    assert Transaction.objects.latest("pk").occurred_at < started
    signed = list(Checkpoint.objects.order_by("tree_size").values_list("signed_at", flat=True))
    assert signed[-1] < signed[-2] < signed[-3]
    assert verify_log().difference == ""
    assert [result for result in reconcile() if not result.holds] == []


def wake_ups(market):
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        return broker.llen(queue_of(market.shard))


@pytest.mark.django_db
def test_an_order_that_was_entered_in_the_future_waits_no_longer_than_any_other(who, market):
    with time_machine.travel(timezone.now() + HOUR):
        place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("early", "buy", 4_000, 5)])
    assert [row.market_id for row in oldest_instructions(older_than=dt.timedelta(seconds=1))] == [market.pk]
    wake_waiting_markets()
    assert wake_ups(market) == 1


@pytest.mark.django_db
def test_a_mark_that_redis_does_not_forget_in_time_keeps_no_market_from_being_woken(who, market):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.set(f"wake:{market.pk}", 1)
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("late", "buy", 4_000, 5)])
    Instruction.objects.update(entered_at=timezone.now() - HOUR)
    wake_waiting_markets()
    assert wake_ups(market) == 1


def seconds_of_sleep(scheduler_class, folder):
    """Return how long beat sleeps after the clock was set back by an hour, when it was at work just before."""

    class Scheduler(scheduler_class):
        def apply_entry(self, entry, producer=None):
            """Send nothing."""

    with time_machine.travel(NOON, tick=False) as clock:
        scheduler = Scheduler(app, schedule_filename=str(folder / "beat-schedule"))
        try:
            for _second in range(3):
                while (sleep := scheduler.tick()) == 0:
                    pass
                clock.shift(sleep + 0.02)
            clock.move_to(NOON - HOUR)
            while (sleep := scheduler.tick()) == 0:
                pass
            return sleep
        finally:
            scheduler.close()


def test_beat_does_not_sleep_until_the_time_comes_again(tmp_path):
    assert seconds_of_sleep(SteadyScheduler, tmp_path) <= 1


def test_celerys_own_scheduler_would(tmp_path):
    assert seconds_of_sleep(PersistentScheduler, tmp_path) > 60


def test_beat_takes_up_a_schedule_that_was_written_in_the_future(tmp_path):
    with time_machine.travel(NOON + HOUR, tick=False):
        scheduler = SteadyScheduler(app, schedule_filename=str(tmp_path / "beat-schedule"))
        scheduler.close()
    assert seconds_of_sleep(SteadyScheduler, tmp_path) <= 1
