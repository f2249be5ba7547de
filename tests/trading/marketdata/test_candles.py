"""Candles: what the trades of a minute, an hour or a day in Shanghai came to."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection

from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.reconciliation import trades
from trading.execution.services import execute_market
from trading.marketdata.candles import INTERVALS, Bar, candles
from trading.marketdata.selectors import quote
from trading.models import Candle, Order
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 100_000_000)
    return market


def at(day, hour, minute=0, second=0):
    return dt.datetime(2024, 7, day, hour, minute, second, tzinfo=SHANGHAI)


def trade(who, market, when, *prices_and_quantities):
    """Let trades be made in one batch."""
    with time_machine.travel(when, tick=False):
        for price, quantity in prices_and_quantities:
            for actor, side in ((who.cooperative, "sell"), (who.buyer, "buy")):
                order = NewOrder(f"{Order.objects.count()}", side, price, quantity)
                place_order(actor=actor, market_id=market.pk, order=order)
        execute_market(market.pk)


def asked(market, interval, *, earliest=None, before=None, limit=100):
    return candles(market, interval, earliest=earliest, before=before, limit=limit)


def brief(bars):
    return [(bar.begins_at.astimezone(SHANGHAI).strftime("%d %H:%M"), bar.quantity_t) for bar in bars]


def test_a_minute_has_one_candle_however_many_batches_it_took(who, market):
    trade(who, market, at(1, 10, 0, 5), (4_010, 2), (4_030, 1), (4_000, 3))
    trade(who, market, at(1, 10, 0, 55), (4_020, 4))
    trade(who, market, at(1, 10, 1), (4_050, 5))
    first, second = asked(market, "1m")
    assert first == Bar(at(1, 10), 4_010, 4_030, 4_000, 4_020, 10, 2 * 4_010 + 4_030 + 3 * 4_000 + 4 * 4_020, 4)
    assert (second.open_fen, second.close_fen, second.trades) == (4_050, 4_050, 1)
    assert Candle.objects.get(minute=at(1, 10)).value_fen == Decimal(first.value_fen)


def test_longer_intervals_begin_as_in_shanghai(who, market):
    for when in (at(1, 23, 59), at(2, 0, 0), at(2, 3, 59), at(2, 4, 0), at(2, 4, 7)):
        trade(who, market, when, (4_000, 1))
    assert brief(asked(market, "1d")) == [("01 00:00", 1), ("02 00:00", 4)]
    assert brief(asked(market, "4h")) == [("01 20:00", 1), ("02 00:00", 2), ("02 04:00", 2)]
    assert brief(asked(market, "1h")) == [("01 23:00", 1), ("02 00:00", 1), ("02 03:00", 1), ("02 04:00", 2)]
    assert brief(asked(market, "15m"))[-1] == ("02 04:00", 2)
    assert brief(asked(market, "5m"))[-2:] == [("02 04:00", 1), ("02 04:05", 1)]
    assert {len(asked(market, interval)) for interval in INTERVALS} == {2, 3, 4, 5}


def test_the_newest_of_a_span_are_returned_the_oldest_first(who, market, django_assert_num_queries):
    for hour in range(9, 15):
        trade(who, market, at(1, hour), (4_000, hour))
    with django_assert_num_queries(1):
        assert brief(asked(market, "1h", limit=2)) == [("01 13:00", 13), ("01 14:00", 14)]
    assert brief(asked(market, "1h", before=at(1, 13), limit=2)) == [("01 11:00", 11), ("01 12:00", 12)]
    assert brief(asked(market, "1h", earliest=at(1, 10), before=at(1, 12))) == [("01 10:00", 10), ("01 11:00", 11)]
    assert brief(asked(market, "1d", earliest=at(1, 10), before=at(1, 12))) == [("01 00:00", 21)]
    assert asked(market, "1h", earliest=at(2, 0)) == []


def test_what_was_negotiated_moves_no_price_but_counts_for_the_volume(who, market):
    trade(who, market, dt.datetime.now(dt.UTC), (4_000, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO trading_trade (market_id, sequence, trading_mode, buy_order_id, sell_order_id, taker_side,
                   price_fen, quantity_t, buyer_fee_fen, seller_fee_fen, transaction_id, executed_at)
            SELECT market_id, sequence, 'block_trade', buy_order_id, sell_order_id, taker_side, 5000, 10, 0, 0, -1,
                   executed_at FROM trading_trade
            """
        )
        cursor.execute(trades.INVARIANTS[-1].breaches_sql)
        assert cursor.fetchall() == []
    seen = quote(market).ticker
    assert (seen.last_price_fen, seen.highest_price_fen, seen.lowest_price_fen) == (4_000, 4_000, 4_000)
    assert (seen.quantity_t, seen.value_fen) == (11, 54_000)
    assert [bar.high_fen for bar in asked(market, "1d")] == [4_000]


def test_a_candle_that_is_not_what_was_traded_is_named(who, market):
    trade(who, market, at(1, 10), (4_010, 2), (4_030, 1))
    rule = trades.INVARIANTS[-1]
    with connection.cursor() as cursor:
        cursor.execute(rule.breaches_sql)
        assert cursor.fetchall() == []
        for change in ("high_fen = 5000", "trades = 3", "minute = minute + interval '1 minute'", "market_id = 0"):
            cursor.execute("SAVEPOINT whole")
            cursor.execute(f"UPDATE trading_candle SET {change}")
            cursor.execute(rule.breaches_sql)
            assert cursor.fetchall(), change
            cursor.execute("ROLLBACK TO whole")


def test_a_market_without_trades_has_no_candles(market):
    assert asked(market, "1d") == []
