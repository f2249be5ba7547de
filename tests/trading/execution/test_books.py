"""The book in memory: good while nobody else has written, read anew otherwise, dropped when a batch fails."""

import datetime as dt

import pytest
from django.db import connection

from ledger import ahead
from ledger.models import Transaction
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution import books, services, writing
from trading.execution.books import forget, live_book
from trading.execution.selectors import oldest_instructions
from trading.execution.services import execute_market
from trading.models import BookEntry, Instruction, Order, Trade
from trading.orders.cancels import cancel_order
from trading.orders.replaces import replace_order
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def enter(actor, market, side, price_fen, quantity_t):
    order = NewOrder(f"{Order.objects.count()}", side, price_fen, quantity_t)
    return place_order(actor=actor, market_id=market.pk, order=order)


def fill_book(who, market):
    for price in (4_010, 4_005, 4_005, 4_020):
        enter(who.cooperative, market, "sell", price, 10)
    enter(who.buyer, market, "buy", 4_005, 13)
    for price in (3_990, 3_995, 3_990):
        enter(who.buyer, market, "buy", price, 5)
    execute_market(market.pk)
    market.refresh_from_db()


def test_a_book_read_anew_is_the_one_that_was_in_memory(who, market):
    fill_book(who, market)
    kept = live_book(market)
    forget(market.pk)
    read = live_book(market)
    assert read is not kept
    assert list(read.book.resting()) == list(kept.book.resting())
    assert (read.version, read.book.sequence, read.orders) == (kept.version, kept.book.sequence, kept.orders)


def test_a_book_is_kept_while_its_version_is_the_markets(who, market, django_assert_num_queries):
    fill_book(who, market)
    kept = live_book(market)
    with django_assert_num_queries(0):
        assert live_book(market) is kept
    market.last_sequence += 1
    assert live_book(market) is not kept


def test_finished_orders_are_forgotten(who, market):
    fill_book(who, market)
    assert set(live_book(market).orders) == set(
        Order.objects.filter(status__in=["new", "partially_filled"]).values_list("pk", flat=True)
    )


def test_what_is_on_the_book_is_found_by_its_price(who, market):
    fill_book(who, market)
    expected = {
        (order.pk, order.side, order.price_fen)
        for order in Order.objects.filter(status__in=["new", "partially_filled"])
    }
    assert expected
    assert set(BookEntry.objects.values_list("order", "side", "price_fen")) == expected


def test_an_order_that_gets_another_price_is_found_there(who, market):
    order = enter(who.buyer, market, "buy", 3_900, 10)
    execute_market(market.pk)
    for price_fen, quantity_t in ((3_900, 5), (3_950, 5)):
        replace_order(actor=who.buyer, order_id=order.pk, price_fen=price_fen, quantity_t=quantity_t)
        execute_market(market.pk)
        assert BookEntry.objects.get(order=order).price_fen == price_fen
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    assert not BookEntry.objects.exists()


def test_a_change_of_an_order_touches_no_index(who, market):
    fill_book(who, market)
    enter(who.buyer, market, "buy", 4_010, 10)
    execute_market(market.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
              FROM pg_class WHERE oid = 'trading_order'::regclass
            """
        )
        updated, beside = cursor.fetchone()
    assert updated == beside > 0


def test_a_batch_that_fails_leaves_nothing_and_the_book_is_dropped(who, market, monkeypatch):
    fill_book(who, market)
    enter(who.buyer, market, "buy", 4_010, 10)
    before = Trade.objects.count(), connection.in_atomic_block

    def fail(*arguments):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(services, "write_batch", fail)
        with pytest.raises(RuntimeError):
            execute_market(market.pk)
    assert (Trade.objects.count(), connection.in_atomic_block) == before
    assert Instruction.objects.count() == 1
    assert market.pk not in books._live_books
    assert execute_market(market.pk) == 1
    assert Trade.objects.count() == before[0] + 2


def test_a_batch_that_fails_takes_back_what_was_written_ahead(who, market, monkeypatch):
    fill_book(who, market)
    enter(who.buyer, market, "buy", 4_010, 10)
    monkeypatch.setattr(ahead, "WORTH_A_THREAD", 1)
    before = state_of_the_books()

    def fail(*arguments):
        assert state_of_the_books() != before, "nothing has been written yet"
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_record_instructions", fail)
        with pytest.raises(RuntimeError):
            execute_market(market.pk)
    assert state_of_the_books() == before
    assert execute_market(market.pk) == 1


def state_of_the_books():
    orders = Order.objects.order_by("pk").values_list("pk", "status", "filled_t", "hold__remaining")
    return list(orders), Trade.objects.count(), Instruction.objects.count(), Transaction.objects.count()


def test_an_instruction_that_cannot_be_executed_is_cornered_and_named(who, market, monkeypatch, caplog):
    """All before it is executed; it and what is behind it wait, for somebody to look."""
    orders = [enter(who.buyer, market, "buy", 3_600, 1) for _ in range(20)]
    poison = orders[12]
    take_in = services.batches._take_in

    def choke(instruction, *rest):
        if instruction.order is not None and instruction.order.id == poison.pk:
            raise RuntimeError("this one")
        take_in(instruction, *rest)

    monkeypatch.setattr(services.batches, "_take_in", choke)
    tries = 0
    while Instruction.objects.count() > 8 or "stands still" not in caplog.text:
        tries += 1
        assert tries < 12, "it takes only as many tries as halving does"
        with pytest.raises(RuntimeError):
            execute_market(market.pk)
    culprit = Instruction.objects.order_by("id").first()
    assert culprit.order_id == poison.pk
    assert f"market {market.pk} stands still: instruction {culprit.pk} (submit) cannot be executed" in caplog.text
    assert set(Order.objects.exclude(status="pending_new")) == set(orders[:12])
    (oldest,) = oldest_instructions()
    assert (oldest.market_id, oldest.instruction_id, oldest.order_id) == (market.pk, culprit.pk, poison.pk)
    # Once the cause is gone, all goes on as if nothing had been.
    monkeypatch.setattr(services.batches, "_take_in", take_in)
    assert execute_market(market.pk) == 8
    assert not oldest_instructions()
    assert market.pk not in services._limits


def test_more_than_a_batch_is_executed_in_several(who, market, monkeypatch):
    monkeypatch.setattr(services, "MAX_BATCH", 3)
    for _ in range(7):
        enter(who.buyer, market, "buy", 3_600, 1)
    assert execute_market(market.pk) == 7
    assert not Instruction.objects.exists()


def test_markets_wait_with_their_oldest_instruction(who, market):
    other = market_for(who, issue_to_cooperative(who, 1))
    first = enter(who.buyer, other, "buy", 3_600, 1)
    enter(who.buyer, market, "buy", 3_600, 1)
    enter(who.buyer, other, "buy", 3_600, 1)
    oldest = oldest_instructions()
    assert (oldest[0].market_id, oldest[0].order_id) == (other.pk, first.pk)
    assert [row.symbol for row in oldest] == [other.symbol, market.symbol]
    assert oldest_instructions(older_than=dt.timedelta(minutes=1)) == []
