"""Which shard has how much to do, which has no worker, and which move would help."""

import datetime as dt

import pytest
import redis
import time_machine
from django.core.management import call_command
from django.utils import timezone

from tests.scenes import issue_to_cooperative, market_for
from trading import tasks
from trading.execution import shards
from trading.execution.services import execute_market
from trading.execution.shards import MarketLoad, Shard, suggest
from trading.orders.moves import move_market
from trading.orders.services import NewOrder, place_orders

LATER = dt.timedelta(seconds=31)


@pytest.fixture(autouse=True)
def _two_shards(settings):
    settings.MATCHING_SHARDS = 2


@pytest.fixture
def sent(monkeypatch):
    """Return which shards were asked: here no worker takes the question."""
    found = []
    monkeypatch.setattr(
        shards.app, "send_task", lambda _task, args, **options: found.append((args[0], options["queue"]))
    )
    return found


def sell(who, market, count):
    orders = [NewOrder(f"{market.pk}-{at}", "sell", 4_000, 1) for at in range(count)]
    place_orders(actor=who.cooperative, market_id=market.pk, orders=orders)


def test_each_shard_has_its_markets_and_what_they_have_to_do(who):
    busy, idle, moved = (market_for(who, issue_to_cooperative(who, 100)) for _ in range(3))
    move_market(actor=who.registrar, market_id=moved.pk, shard=1, reason="Balance")
    sell(who, busy, 3)
    execute_market(busy.pk)
    sell(who, moved, 2)
    first, second = shards.shards()
    assert [market.symbol for market in first.markets] == [busy.symbol, idle.symbol]
    assert (first.executed, first.waiting, first.oldest_waiting_at) == (3, 0, None)
    assert [market.symbol for market in second.markets] == [moved.symbol]
    assert (second.executed, second.waiting) == (0, 2)
    assert second.oldest_waiting_at is not None


def test_loads_and_their_shards_are_read_by_one_query(who, django_assert_num_queries):
    for _ in range(3):
        market_for(who, issue_to_cooperative(who, 100))
    with django_assert_num_queries(1):
        shards.shards()


def test_what_was_long_ago_is_no_load(who):
    market = market_for(who, issue_to_cooperative(who, 100))
    sell(who, market, 3)
    execute_market(market.pk)
    with time_machine.travel(timezone.now() + shards.WINDOW, tick=False):
        assert shards.shards()[0].executed == 0


def test_a_shard_that_answers_has_a_worker_and_one_that_does_not_is_named(who, sent, caplog):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert tasks.ask_shards() is None
        assert sent == [(0, "matching.0"), (1, "matching.1")]
        tasks.answer_for_shard(0)
        # Nobody could have answered yet.
        assert shards.silent_shards() == []
        assert [shard.is_served for shard in shards.shards()] == [True, None]
    with time_machine.travel(now + LATER, tick=False):
        tasks.answer_for_shard(0)
        assert shards.ask_shards() == [1]
        assert [shard.is_served for shard in shards.shards()] == [True, False]
    assert "shard 1 has no worker: nobody takes from the queue matching.1" in caplog.text
    # In a queue that nobody takes from one question waits, not one for each time.
    assert sent == [(0, "matching.0"), (1, "matching.1"), (0, "matching.0")]


def test_a_worker_that_is_busy_with_one_batch_after_the_other_is_not_called_silent(who, sent):
    market = market_for(who, issue_to_cooperative(who, 100))
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        shards.ask_shards()
    with time_machine.travel(now + LATER, tick=False):
        assert shards.silent_shards() == [0, 1]
        sell(who, market, 1)
        execute_market(market.pk)
        assert shards.silent_shards() == [1]
        assert [shard.is_served for shard in shards.shards()] == [True, False]


def test_where_all_answer_the_database_is_not_asked(who, sent, django_assert_num_queries):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        shards.ask_shards()
    with time_machine.travel(now + LATER, tick=False):
        for shard in (0, 1):
            tasks.answer_for_shard(shard)
        with django_assert_num_queries(0):
            assert shards.silent_shards() == []


def test_nothing_is_said_of_workers_where_redis_is_away(who, monkeypatch, settings):
    with redis.Redis(port=1) as nobody:
        monkeypatch.setattr(shards, "_redis", nobody)
        shards.ask_shards()
        shards.answer(0)
        assert shards.silent_shards() == []
        assert [shard.is_served for shard in shards.shards()] == [None, None]


def test_the_command_lists_shards_and_what_should_move(who, sent, capsys):
    market = market_for(who, issue_to_cooperative(who, 100))
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        shards.ask_shards()
    with time_machine.travel(now + LATER, tick=False):
        tasks.answer_for_shard(1)
        call_command("shards")
    said = capsys.readouterr().out
    assert "NO WORKER" in said
    assert said.endswith(f"Move {market.symbol} to shard 1: its shard has no worker.\n")


# Which move helps


def shard(number, *executed, is_served=True):
    markets = [
        MarketLoad(number * 10 + at, f"{number}-{at}", number, 0, None, count, None)
        for at, count in enumerate(executed)
    ]
    return Shard(number, tuple(markets), {}, is_served)


@pytest.mark.parametrize(
    ("found", "move"),
    [
        ([shard(0, 100), shard(1, 100)], None),
        # One market alone cannot be parted.
        ([shard(0, 100), shard(1)], None),
        ([shard(0, 60, 40), shard(1)], ("0-0", 1)),
        ([shard(0, 90, 10), shard(1, 20)], ("0-1", 1)),
        ([shard(0, 50, 30, 20), shard(1, 5), shard(2, 40)], ("0-0", 1)),
        # Slightly uneven is good enough.
        ([shard(0, 60, 60), shard(1, 100)], None),
        ([shard(0, 5), shard(1, 100, 3, is_served=False), shard(2, 9)], ("1-0", 0)),
        ([shard(0, is_served=False), shard(1, 10)], None),
        ([shard(0, 10, is_served=False)], None),
        # What is not known is not held against a shard.
        ([shard(0, 60, 40, is_served=None), shard(1, is_served=None)], ("0-0", 1)),
    ],
)
def test_the_move_that_helps_most_is_suggested(found, move):
    suggestion = suggest(found)
    assert (suggestion and (suggestion.market.symbol, suggestion.to_shard)) == move
