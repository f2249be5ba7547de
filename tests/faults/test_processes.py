"""Workers that are killed, messages that are lost, Redis that hangs: nothing is lost, nothing is done twice.

The product's own programs run beside the tests, on the tests' database: the market's worker (match-0), the worker of all
other tasks, and beat.
"""

import os
import random
import signal
import time
from contextlib import contextmanager, suppress

import pytest
import redis
from django.conf import settings
from django.db import transaction

from config import run as config_run
from config.celery import app
from config.embedded import redis as embedded_redis
from config.hints import hint_client
from config.processes import Processes
from ledger.journal.selectors import cash_account
from ledger.models import LogLeaf, Record, SerialBlock
from ledger.transparency.selectors import latest_checkpoint, waiting_records
from ledger.transparency.services import append_record
from tests.faults.standing import broken, locked, nothing_waits, sessions
from tests.running import running, signal_program, start_again
from tests.scenes import issue_to_cooperative, market_for, pay_in
from tests.waiting import wait_until
from trading.errors import TooLateToCancel
from trading.execution.selectors import oldest_instructions
from trading.models import ExecutedInstruction, Instruction, Order, Trade
from trading.orders import wakeups
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_orders

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(product, who):
    """Return a market with 100,000 t at the cooperative's, and ten million yuan at each buyer's."""
    market = market_for(who, issue_to_cooperative(who, 100_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 1_000_000_000)
    pay_in(who, who.other_buyer, 1_000_000_000)
    return market


def enter(actor, market, side, *quantities, price_fen=4_000):
    start = Order.objects.count()
    orders = [NewOrder(f"{start + at}", side, price_fen, quantity) for at, quantity in enumerate(quantities)]
    results = place_orders(actor=actor, market_id=market.pk, orders=orders)
    assert not any(result.error for result in results)
    return [result.order for result in results]


def test_orders_are_executed_by_the_worker(market, who):
    enter(who.cooperative, market, "sell", 5, 5)
    enter(who.buyer, market, "buy", 7)
    wait_until(nothing_waits)
    assert sum(Trade.objects.values_list("quantity_t", flat=True)) == 7
    assert broken() == []


@contextmanager
def blocked_in_a_batch(market, who):
    """Have twenty sells on the book and twenty buys in a batch that cannot go on: the seller's account is taken."""
    enter(who.cooperative, market, "sell", *[10] * 20)
    wait_until(nothing_waits)
    with locked(f"SELECT 1 FROM ledger_account WHERE organisation_id = {who.cooperative.organisation_id} FOR UPDATE"):
        enter(who.buyer, market, "buy", *[10] * 20)
        wait_until(lambda: sessions("wait_event_type = 'Lock'") == 1)
        yield


def test_a_worker_killed_in_the_middle_of_a_batch_leaves_nothing_of_it(product, market, who):
    processes, environment = product
    with blocked_in_a_batch(market, who):
        signal_program(processes, "match-0", signal.SIGKILL)
        assert Instruction.objects.count() == 20
        assert not Trade.objects.exists()
    start_again(processes, environment, "match-0")
    wait_until(nothing_waits)
    assert Trade.objects.count() == 20
    assert ExecutedInstruction.objects.count() == 40
    assert broken() == []


def test_orders_keep_coming_in_while_a_batch_is_blocked(market, who):
    with blocked_in_a_batch(market, who):
        (late,) = enter(who.other_buyer, market, "buy", 3)
        cancel_order(actor=who.other_buyer, order_id=late.pk)
    wait_until(nothing_waits)
    late.refresh_from_db()
    assert late.status == "canceled"
    assert broken() == []


def test_a_worker_killed_at_twenty_moments_loses_nothing_and_does_nothing_twice(product, market, who):
    """At moments drawn by lot, while orders and cancels flow; as one starts again, another is at work, and killed next."""
    processes, environment = product
    lot = random.Random(20220719)
    second = Processes(settings.BASE_DIR, environment)
    workers = [
        (processes, config_run.programs(environment)["match-0"]),
        (second, [*config_run.programs(environment)["match-0"], "-n", "second@%h"]),
    ]
    second.start("match-0", workers[1][1])
    placed = []
    try:
        for kill in range(20):
            executed = ExecutedInstruction.objects.count()
            side, actor = lot.choice([("sell", who.cooperative), ("buy", who.buyer), ("buy", who.other_buyer)])
            quantities = [lot.randint(1, 9) for _ in range(25)]
            placed += [
                (actor, order) for order in enter(actor, market, side, *quantities, price_fen=lot.randint(3_990, 4_010))
            ]
            actor, order = lot.choice(placed)
            with suppress(TooLateToCancel):
                cancel_order(actor=actor, order_id=order.pk)
            # One is up and at work; the rest of what waits comes while it is killed.
            wait_until(lambda executed=executed: ExecutedInstruction.objects.count() > executed, seconds=60)
            enter(who.buyer, market, "buy", *[1] * 40)
            time.sleep(lot.random() / 20)
            killed, command = workers[kill % 2]
            signal_program(killed, "match-0", signal.SIGKILL)
            killed.start("match-0", command)
        wait_until(nothing_waits)
    finally:
        second.stop()
    assert ExecutedInstruction.objects.filter(kind="submit").count() == Order.objects.count() == 20 * (25 + 40)
    assert Trade.objects.exists()
    assert broken() == []


def test_a_wake_up_that_is_lost_costs_a_moment(market, who, monkeypatch):
    monkeypatch.setattr("trading.orders.wakeups.wake", lambda market_id, shard: None)
    enter(who.cooperative, market, "sell", 5)
    wait_until(nothing_waits)
    assert broken() == []


def test_a_redis_that_forgets_everything_loses_no_order(product, market, who):
    processes, environment = product
    signal_program(processes, "match-0", signal.SIGKILL)
    enter(who.cooperative, market, "sell", 5)
    enter(who.buyer, market, "buy", 5)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
    start_again(processes, environment, "match-0")
    wait_until(nothing_waits)
    assert Trade.objects.count() == 1
    # The worker still hears what is sent to it: sooner than the sweep looks for what is overdue.
    signal_program(processes, "beat", signal.SIGSTOP)
    enter(who.buyer, market, "buy", 1)
    wait_until(nothing_waits)
    signal_program(processes, "beat", signal.SIGCONT)
    assert broken() == []


def test_a_wake_up_that_comes_twice_does_nothing_twice(market, who):
    enter(who.cooperative, market, "sell", 5)
    enter(who.buyer, market, "buy", 5)
    for _ in range(5):
        app.send_task(wakeups.TASK, args=[market.pk], queue=wakeups.queue_of(market.shard))
    wait_until(nothing_waits)
    time.sleep(0.3)
    assert Trade.objects.count() == 1
    assert ExecutedInstruction.objects.count() == 2
    assert broken() == []


@pytest.mark.parametrize("clock", [(), ("env", "DJANGO_SETTINGS_MODULE=tests.stepping_clock")], ids=["", "set back"])
def test_two_workers_of_one_market_take_turns(product, market, who, clock):
    """Also where the clock of one is set back again and again."""
    _processes, environment = product
    second = Processes(settings.BASE_DIR, environment)
    command = [*clock, *config_run.programs(environment)["match-0"]]
    try:
        second.start("match-0", [*command, "-n", "second@%h"])
        for at in range(40):
            enter(who.cooperative, market, "sell", 3, 4, price_fen=3_995 + at % 10)
            enter(who.buyer, market, "buy", 5, 2, price_fen=4_000)
            for _ in range(2):
                app.send_task(wakeups.TASK, args=[market.pk], queue=wakeups.queue_of(market.shard))
        wait_until(nothing_waits)
    finally:
        second.stop()
    assert Trade.objects.count() > 20
    assert broken() == []


# Redis


def test_orders_are_entered_without_waiting_for_a_redis_that_is_gone(market, who, monkeypatch):
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(wakeups, "_redis", hint_client())
    began = time.monotonic()
    enter(who.cooperative, market, "sell", 5)
    # It would be tried again for as long as the broker is gone.
    assert time.monotonic() - began < 20
    wait_until(nothing_waits)


def test_orders_are_entered_and_later_executed_where_redis_hangs(market, who):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        server = client.info("server")["process_id"]
        os.kill(server, signal.SIGSTOP)
        try:
            began = time.monotonic()
            enter(who.cooperative, market, "sell", 5)
            enter(who.buyer, market, "buy", 5)
            # Who waits for an answer waits until the server goes on, which is only below.
            assert time.monotonic() - began < 40
        finally:
            os.kill(server, signal.SIGCONT)
    wait_until(nothing_waits)
    assert Trade.objects.count() == 1
    assert broken() == []


@pytest.fixture
def own_redis(tmp_path, monkeypatch):
    """Run a second Redis, which a test may stop; wake-ups of this process, and programs started from now on, use it."""
    started = [embedded_redis.start(tmp_path, last_port=None)]
    url = started[0][1]
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setattr(settings, "REDIS_URL", url)
    monkeypatch.setattr(wakeups, "_redis", hint_client())

    def start_again():
        started.append(embedded_redis.start(tmp_path, last_port=started[0][0].port))
        assert started[-1][1] == url

    yield started[0][0], start_again
    embedded_redis.stop_saving(started[-1][0])


def test_what_was_entered_while_redis_was_down_is_executed_when_it_is_back(transactional_db, who, own_redis):
    server, start_redis_again = own_redis
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 1_000_000)
    with running("match-0", "worker", "beat"):
        enter(who.cooperative, market, "sell", 5)
        wait_until(nothing_waits)
        embedded_redis.stop_saving(server)
        enter(who.buyer, market, "buy", 5)
        time.sleep(1)
        start_redis_again()
        wait_until(nothing_waits, seconds=30)
    assert Trade.objects.count() == 1
    assert broken() == []


def test_a_worker_that_loses_redis_in_the_middle_of_a_batch_lives_on(transactional_db, who, own_redis):
    server, start_redis_again = own_redis
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    with running("match-0", "worker", "beat") as (processes, _environment):
        with blocked_in_a_batch(market, who):
            server.process.kill()
            server.process.wait()
        wait_until(nothing_waits)
        # It has yet to say that it is done, and finds nobody.
        time.sleep(2)
        assert processes.ended() is None
        start_redis_again()
        enter(who.buyer, market, "buy", 1)
        wait_until(nothing_waits, seconds=30)
    assert Trade.objects.count() == 20
    assert broken() == []


# An instruction that cannot be executed


def test_an_instruction_that_cannot_be_executed_stops_its_own_market_and_is_named(market, who, capfd):
    other = market_for(who, issue_to_cooperative(who, 10))
    enter(who.cooperative, market, "sell", 5)
    wait_until(nothing_waits)
    # The seller's serial numbers are gone: a trade cannot be settled.
    lost = SerialBlock.objects.get(account__organisation=who.cooperative.organisation, asset=market.asset)
    SerialBlock.objects.filter(pk=lost.pk).update(account=cash_account(who.buyer.organisation))
    with locked(f"SELECT 1 FROM trading_market WHERE id = {market.pk} FOR NO KEY UPDATE"):
        (before,) = enter(who.buyer, market, "buy", 1, price_fen=3_900)
        (poison,) = enter(who.buyer, market, "buy", 2)
        (after,) = enter(who.buyer, market, "buy", 3, price_fen=3_900)
    wait_until(lambda: Order.objects.get(pk=before.pk).status == "new")
    enter(who.cooperative, other, "sell", 1)
    wait_until(lambda: not other.instructions.exists())
    (oldest,) = oldest_instructions()
    assert oldest.order_id == poison.pk
    said = []

    def is_named():
        said.append(capfd.readouterr().out)
        return f"stands still: instruction {oldest.instruction_id} (submit) cannot be executed" in "".join(said)

    wait_until(is_named)
    SerialBlock.objects.filter(pk=lost.pk).update(account=lost.account)
    wait_until(nothing_waits)
    assert set(Order.objects.filter(pk__in=[poison.pk, after.pk]).values_list("status", flat=True)) == {"filled", "new"}
    assert broken() == []


# The log


def test_a_sequencer_killed_in_the_middle_leaves_nothing_of_it(product, market):
    processes, environment = product
    wait_until(lambda: waiting_records() == 0)
    size = latest_checkpoint().tree_size
    with locked("LOCK TABLE ledger_checkpoint IN EXCLUSIVE MODE"):
        append(30)
        wait_until(lambda: sessions("wait_event_type = 'Lock'") >= 1)
        signal_program(processes, "worker", signal.SIGKILL)
        assert waiting_records() == 30
    start_again(processes, environment, "worker")
    wait_until(lambda: waiting_records() == 0)
    assert latest_checkpoint().tree_size == size + 30 == Record.objects.count()
    assert list(LogLeaf.objects.order_by("index").values_list("index", flat=True)) == list(range(size + 30))
    assert broken() == []


def append(count):
    with transaction.atomic():
        for _ in range(count):
            append_record(kind="test", body={}, actor="system")
