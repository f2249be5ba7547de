"""What the executor publishes: differences that follow each other, and what was lost is published by whoever comes next."""

import logging

import orjson
import pytest
import redis
from django.conf import settings

from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution import publishing
from trading.execution.books import forget
from trading.execution.buffers import events_of, head_of
from trading.execution.publishing import changed_levels, publish_missed
from trading.execution.services import execute_market
from trading.models import Market, Order
from trading.orders.cancels import cancel_order
from trading.orders.phases import halt_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def enter(actor, market, side, price_fen, quantity_t, **terms):
    order = NewOrder(f"{Order.objects.count()}", side, price_fen, quantity_t, **terms)
    placed = place_order(actor=actor, market_id=market.pk, order=order)
    execute_market(market.pk)
    return placed


def forget_all(market):
    """Be another worker: nothing is in this one's memory."""
    forget(market.pk)
    publishing._told.clear()


def events(client, market):
    return [
        (fields[b"event"].decode(), orjson.loads(fields[b"data"]))
        for _id, fields in client.xrange(events_of(market.symbol))
    ]


def followed(found):
    """Return the book as a client has it that applies every event."""
    book = {"bids": {}, "asks": {}}
    for name, message in found:
        for side, levels in book.items():
            if name == "snapshot":
                levels.clear()
            for price, quantity, orders in message[side]:
                levels.pop(price, None)
                if quantity:
                    levels[price] = [price, quantity, orders]
    return [sorted(book["bids"].values(), reverse=True), sorted(book["asks"].values())]


def head(client, market):
    return orjson.loads(client.hget(head_of(market.symbol), "snapshot"))


def test_every_change_of_the_book_is_told_and_comes_to_the_book(who, market, client):
    enter(who.cooperative, market, "sell", 4_010, 5)
    enter(who.cooperative, market, "sell", 4_020, 9, display_t=2)
    enter(who.cooperative, market, "sell", 4_010, 3)
    withdrawn = enter(who.buyer, market, "buy", 3_990, 7)
    enter(who.buyer, market, "buy", 4_020, 9)
    cancel_order(actor=who.buyer, order_id=withdrawn.pk)
    execute_market(market.pk)
    found = events(client, market)
    assert [name for name, _message in found] == ["delta"] * 6
    assert [message["first_sequence"] for _name, message in found] == [1, 2, 3, 4, 5, 6]
    assert found[2][1]["asks"] == [[4_010, 8, 2]]
    assert found[4][1]["asks"] == [[4_020, 1, 1], [4_010, 0, 0]]
    assert [(trade["price_fen"], trade["quantity_t"]) for trade in found[4][1]["trades"]] == [
        (4_010, 5),
        (4_010, 3),
        (4_020, 1),
    ]
    assert found[5][1]["bids"] == [[3_990, 0, 0]]
    assert followed(found) == [head(client, market)["bids"], head(client, market)["asks"]] == [[], [[4_020, 1, 1]]]


def test_state_and_reason_are_told_when_they_change_and_only_then(who, market, client):
    enter(who.cooperative, market, "sell", 4_010, 5)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Check of data")
    execute_market(market.pk)
    first, second = (message for _name, message in events(client, market))
    assert {name: first[name] for name in publishing.STATE} == {
        "state": "open",
        "phase": "open",
        "halt_reason": "",
        "reference_price_fen": 4_000,
        "indicative": None,
    }
    assert {name: second.get(name) for name in publishing.STATE if name in second} == {
        "state": "halted",
        "halt_reason": "Check of data",
    }


def test_in_a_call_auction_the_price_it_would_have_is_told(who, market, client):
    Market.objects.filter(pk=market.pk).update(state="auction", phase="auction", in_auction=True)
    forget_all(market)
    enter(who.cooperative, market, "sell", 3_990, 5)
    enter(who.buyer, market, "buy", 4_010, 4)
    (_first, one), (_second, other) = events(client, market)
    assert one["indicative"] is None
    assert other["indicative"] == {"price_fen": 4_000, "quantity_t": 4} or other["indicative"]["quantity_t"] == 4
    assert "state" not in other


def test_only_the_best_levels_are_told_and_those_that_take_their_place(who, market, client, monkeypatch):
    monkeypatch.setattr(publishing, "DEPTH_LEVELS", 2)
    for price in (4_010, 4_020, 4_030):
        enter(who.cooperative, market, "sell", price, 1)
    best = enter(who.cooperative, market, "sell", 4_000, 1)
    cancel_order(actor=who.cooperative, order_id=best.pk)
    execute_market(market.pk)
    found = events(client, market)
    assert [message["asks"] for _name, message in found] == [
        [[4_010, 1, 1]],
        [[4_020, 1, 1]],
        [],
        [[4_000, 1, 1], [4_020, 0, 0]],
        [[4_020, 1, 1], [4_000, 0, 0]],
    ]


def test_another_worker_goes_on_where_the_first_one_was(who, market, client):
    enter(who.cooperative, market, "sell", 4_010, 5)
    forget_all(market)
    enter(who.buyer, market, "buy", 4_010, 2)
    (_, _first), (name, second) = events(client, market)
    assert (name, second["first_sequence"], second["asks"]) == ("delta", 2, [[4_010, 3, 1]])


def test_a_batch_that_was_never_published_is_seen_by_the_next_one(who, market, client, monkeypatch):
    """The worker was killed between commit and publication."""
    enter(who.cooperative, market, "sell", 4_010, 5)
    with monkeypatch.context() as killed:
        killed.setattr(publishing, "publish", lambda *arguments, **named: None)
        enter(who.buyer, market, "buy", 4_010, 2)
    forget_all(market)
    enter(who.buyer, market, "buy", 4_010, 1)
    name, message = events(client, market)[-1]
    assert (name, message["sequence"], message["reason"]) == ("snapshot", 3, "missed")
    assert [trade["quantity_t"] for trade in message["trades"]] == [2, 1]
    assert message["trades_complete"] is True
    entries = [orjson.loads(fields[b"data"]) for _id, fields in client.xrange("orders:events")]
    assert [entry.get("missed", False) for entry in entries] == [False, True, False]
    enter(who.buyer, market, "buy", 4_000, 1)
    assert events(client, market)[-1][0] == "delta"


def test_what_nothing_follows_is_published_by_the_beat(who, market, client, monkeypatch):
    enter(who.cooperative, market, "sell", 4_010, 5)
    with monkeypatch.context() as killed:
        killed.setattr(publishing, "publish", lambda *arguments, **named: None)
        enter(who.buyer, market, "buy", 4_010, 2)
    # The first look may come between a commit and its publication.
    assert publish_missed() == []
    assert publish_missed() == [market.symbol]
    assert publish_missed() == []
    name, message = events(client, market)[-1]
    assert (name, message["sequence"], message["asks"]) == ("snapshot", 2, [[4_010, 3, 1]])
    assert [trade["quantity_t"] for trade in message["trades"]] == [2]
    enter(who.buyer, market, "buy", 4_010, 1)
    assert events(client, market)[-1][0] == "delta"
    assert followed(events(client, market))[1] == [[4_010, 2, 1]]


def test_a_redis_that_was_emptied_is_filled_again_in_another_life(who, market, client):
    enter(who.cooperative, market, "sell", 4_010, 5)
    life = client.hget(head_of(market.symbol), "life")
    client.flushall()
    assert publish_missed() == [market.symbol]
    assert client.hget(head_of(market.symbol), "life") != life
    assert head(client, market)["asks"] == [[4_010, 5, 1]]


def test_a_market_that_is_new_is_there_to_be_followed(market, client):
    assert publish_missed() == [market.symbol]
    assert (head(client, market)["sequence"], head(client, market)["bids"]) == (0, [])
    assert publish_missed() == []
    assert not client.exists("orders:events")


def test_a_database_brought_back_from_a_copy_begins_another_life(who, market, client):
    enter(who.cooperative, market, "sell", 4_010, 5)
    life = client.hget(head_of(market.symbol), "life")
    client.hset(head_of(market.symbol), "sequence", 999)
    assert publish_missed() == [market.symbol]
    assert client.hget(head_of(market.symbol), "life") != life
    assert head(client, market)["sequence"] == 1


def test_without_redis_nothing_fails_and_what_was_not_published_is_later(who, market, client, monkeypatch, caplog):
    away = redis.Redis.from_url("redis://127.0.0.1:1/0")
    with monkeypatch.context() as lost, caplog.at_level(logging.WARNING):
        lost.setattr(publishing, "_redis", away)
        lost.setattr(publishing, "_buffers", publishing.Buffers(away))
        enter(who.cooperative, market, "sell", 4_010, 5)
        assert publish_missed() == []
    assert "is not published" in caplog.text
    assert Market.objects.get(pk=market.pk).last_sequence == 1
    enter(who.buyer, market, "buy", 4_010, 2)
    name, message = events(client, market)[-1]
    assert (name, message["sequence"]) == ("snapshot", 2)
    away.close()


def test_orders_of_a_large_batch_come_in_entries_of_a_bounded_size(who, market, client, monkeypatch):
    monkeypatch.setattr(publishing, "ORDERS_AN_ENTRY", 2)
    for number in range(5):
        order = NewOrder(f"o{number}", "sell", 4_010, 1)
        place_order(actor=who.cooperative, market_id=market.pk, order=order)
    execute_market(market.pk)
    entries = [orjson.loads(fields[b"data"]) for _id, fields in client.xrange("orders:events")]
    assert [len(entry["orders"]) for entry in entries] == [2, 2, 1]


def test_levels_that_changed_came_or_went_are_those_that_differ():
    before = [(10, 5, 1), (9, 4, 2), (8, 1, 1)]
    after = [(11, 1, 1), (10, 5, 1), (9, 3, 1)]
    assert changed_levels(before, after) == [(11, 1, 1), (9, 3, 1), (8, 0, 0)]
    assert changed_levels(after, after) == []
