"""A market is moved to another shard: by whom, where to, and what of it is on record."""

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger.errors import InvalidValue, NotAllowed, NotFound
from ledger.models import Record
from tests.racing import race
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution import books
from trading.execution.reconciliation import reconcile
from trading.execution.services import HUNG_SECONDS, _lock_market, execute_market
from trading.models import Market, Order, Trade
from trading.orders.moves import move_market
from trading.orders.services import NewOrder, place_order
from trading.orders.wakeups import queue_of


@pytest.fixture
def market(who, settings):
    settings.MATCHING_SHARDS = 4
    return market_for(who, issue_to_cooperative(who, 1_000))


def move(who, market, shard, **changes):
    return move_market(
        **{"actor": who.registrar, "market_id": market.pk, "shard": shard, "reason": "Balance"} | changes
    )


def test_a_move_is_on_record_with_its_reason(who, market):
    moved = move(who, market, 3, reason=" Shard 0 is full. ")
    assert (moved.shard, queue_of(moved.shard)) == (3, "matching.3")
    assert Market.objects.get().shard == 3
    entry = orjson.loads(bytes(Record.objects.get(kind="market_moved").entry))
    assert entry["actor"] == f"user:{who.registrar.user.public_id}"
    body = entry["body"]
    assert (body["symbol"], body["from_shard"], body["to_shard"]) == (market.symbol, 0, 3)
    assert body["reason"] == "Shard 0 is full."
    assert [result for result in reconcile() if not result.holds] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"shard": 4}, "shard"), ({"shard": -1}, "shard"), ({"shard": 0}, "shard"), ({"reason": " "}, "reason")],
)
def test_a_move_that_makes_no_sense_is_refused(who, market, changes, field):
    with pytest.raises(InvalidValue) as refused:
        move(who, market, **{"shard": 1} | changes)
    assert refused.value.field == field
    assert not Record.objects.filter(kind="market_moved").exists()


@pytest.mark.parametrize("person", ["cooperative", "buyer", "verifier", "treasurer", "auditor"])
def test_only_a_registrar_moves_markets(who, market, person):
    with pytest.raises(NotAllowed):
        move(who, market, 1, actor=getattr(who, person))
    assert Market.objects.get().shard == 0


def test_a_market_that_there_is_not_cannot_be_moved(who, market):
    with pytest.raises(NotFound):
        move(who, market, 1, market_id=0)


def test_where_there_are_fewer_shards_than_there_were_the_one_that_serves_counts(who, market, settings):
    move(who, market, 3)
    settings.MATCHING_SHARDS = 2
    assert queue_of(Market.objects.get().shard) == "matching.1"
    with pytest.raises(InvalidValue):
        move(who, market, 1)
    assert move(who, market, 0).shard == 0


def test_a_stale_wake_up_of_the_old_shard_does_no_harm(who, market):
    """Both workers have a book in memory: whose is not the newest reads it anew."""
    pay_in(who, who.buyer, 1_000_000)
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 10))
    execute_market(market.pk)
    old_workers = books._live_books[market.pk]
    move(who, market, 1)
    books.forget(market.pk)
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b1", "buy", 4_000, 4))
    execute_market(market.pk)
    books._live_books[market.pk] = old_workers
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b2", "buy", 4_000, 4))
    assert execute_market(market.pk) == 1
    assert execute_market(market.pk) == 0
    assert list(Trade.objects.order_by("id").values_list("quantity_t", flat=True)) == [4, 4]
    assert Order.objects.get(client_order_id="s").filled_t == 8
    assert [result for result in reconcile() if not result.holds] == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_a_market_to_one_shard_one_is_told_that_it_is_there(who, market):
    outcomes = race(lambda: move(who, market, 2), lambda: move(who, market, 2))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidValue", "Market"]
    assert Record.objects.filter(kind="market_moved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_hangs_in_a_batch_loses_the_market(market):
    """It is PostgreSQL that ends its transaction; other transactions of the session may take their time."""
    with connection.cursor() as cursor, transaction.atomic():
        _lock_market(market.pk)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == (f"{HUNG_SECONDS}s",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("0",)


def test_the_command_moves_a_market_for_a_registrar(who, market, capsys):
    name = who.registrar.user.username
    call_command("move_market", market.symbol, "--shard", "2", "--by", name, "--reason", "Balance")
    assert capsys.readouterr().out == f"{market.symbol} is moved from shard 0 to 2; trading goes on.\n"
    assert Market.objects.get().shard == 2


@pytest.mark.parametrize(
    ("symbol", "shard", "by", "said"),
    [
        ("TH-NONE", "1", "registrar", "There is no market TH-NONE."),
        ("", "9", "registrar", "numbered from 0 to 3"),
        ("", "1", "treasurer", "is no registrar of the operator."),
        ("", "1", "buyer", "is no registrar of the operator."),
    ],
)
def test_the_command_says_what_is_wrong(who, market, symbol, shard, by, said):
    name = getattr(who, by).user.username
    with pytest.raises(CommandError, match=said):
        call_command("move_market", symbol or market.symbol, "--shard", shard, "--by", name, "--reason", "Balance")
    assert Market.objects.get().shard == 0
