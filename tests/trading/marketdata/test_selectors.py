"""What everyone may know of a market."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from ledger.errors import NotFound
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.marketdata import selectors
from trading.marketdata.selectors import Depth, Level, Ticker, depth, market_by_symbol, markets, tape, ticker
from trading.models import Order
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def enter(actor, market, side, price_fen, quantity_t):
    order = NewOrder(f"{Order.objects.count()}", side, price_fen, quantity_t)
    placed = place_order(actor=actor, market_id=market.pk, order=order)
    execute_market(market.pk)
    return placed


def test_depth_is_by_price_from_the_best_on(who, market, django_assert_num_queries):
    for price, quantity in ((4_010, 5), (4_005, 2), (4_010, 3), (4_020, 1)):
        enter(who.cooperative, market, "sell", price, quantity)
    for price, quantity in ((3_990, 5), (3_995, 2), (4_005, 1)):
        enter(who.buyer, market, "buy", price, quantity)
    withdrawn = enter(who.buyer, market, "buy", 3_999, 9)
    cancel_order(actor=who.buyer, order_id=withdrawn.pk)
    execute_market(market.pk)
    with django_assert_num_queries(2):
        assert depth(market, levels=2) == Depth(
            bids=[Level(3_995, 2, 1), Level(3_990, 5, 1)], asks=[Level(4_005, 1, 1), Level(4_010, 8, 2)]
        )


def test_orders_that_wait_for_the_book_are_not_shown(who, market):
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 1))
    assert depth(market) == Depth([], [])


def test_the_ticker_of_a_market_without_trades_is_empty(market):
    assert ticker(market) == Ticker(None, None, None, None, 0, 0)


def test_the_ticker_has_the_last_price_and_a_days_trades(who, market):
    def trade(price, quantity):
        enter(who.cooperative, market, "sell", price, quantity)
        enter(who.buyer, market, "buy", price, quantity)

    now = timezone.now()
    with time_machine.travel(now - dt.timedelta(hours=25), tick=False):
        trade(4_400, 7)
    for price, quantity in ((3_990, 5), (4_050, 2), (4_010, 3)):
        trade(price, quantity)
    assert ticker(market) == Ticker(
        last_price_fen=4_010,
        change_fen=10,
        highest_price_fen=4_050,
        lowest_price_fen=3_990,
        quantity_t=10,
        value_fen=3_990 * 5 + 4_050 * 2 + 4_010 * 3,
    )
    with time_machine.travel(now + dt.timedelta(hours=25), tick=False):
        assert ticker(market) == Ticker(4_010, 10, None, None, 0, 0)
    assert [row.price_fen for row in tape(market, limit=3)] == [4_010, 4_050, 3_990]


def test_a_market_is_found_by_its_symbol(who, market, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert market_by_symbol(market.symbol).asset.batch.project.name
    for symbol in ("", "nope", "\x00", "\ud800"):
        with pytest.raises(NotFound):
            market_by_symbol(symbol)
    with django_assert_num_queries(1):
        assert [row.asset.batch.project.code for row in markets()]


def test_a_quote_of_a_market_without_orders_is_empty(market):
    quote = selectors.quote(market)
    assert quote.ticker == Ticker(None, None, None, None, 0, 0)
    assert (quote.best_bid_fen, quote.best_ask_fen, quote.change_percent) == (None, None, None)


def test_a_quote_has_the_best_prices_of_what_is_on_the_book(who, market):
    enter(who.cooperative, market, "sell", 4_100, 10)
    enter(who.cooperative, market, "sell", 4_050, 10)
    enter(who.buyer, market, "buy", 4_050, 4)
    enter(who.buyer, market, "buy", 3_990, 5)
    gone = enter(who.buyer, market, "buy", 4_000, 5)
    cancel_order(actor=who.buyer, order_id=gone.pk)
    execute_market(market.pk)
    quote = selectors.quote(market)
    assert (quote.best_bid_fen, quote.best_ask_fen) == (3_990, 4_050)
    assert quote.ticker == Ticker(4_050, 50, 4_050, 4_050, 4, 4 * 4_050)
    assert quote.change_percent == Decimal("1.25")


def test_many_quotes_cost_as_many_queries_as_one(who, market, django_assert_num_queries):
    found = [market] + [market_for(who, issue_to_cooperative(who, 100)) for _ in range(3)]
    with django_assert_num_queries(2):
        quotes = selectors.quotes(found)
    assert [quote.market for quote in quotes] == found


def test_the_market_of_the_newest_trade_is_found_and_the_newest_market_before_any(who, market):
    newer = market_for(who, issue_to_cooperative(who, 100))
    assert selectors.market_traded_last() == newer
    enter(who.cooperative, market, "sell", 4_100, 10)
    enter(who.buyer, market, "buy", 4_100, 3)
    assert selectors.market_traded_last() == market
    assert selectors.traded_t() == 3


def test_assets_without_a_market_have_no_quote(who, market, django_assert_num_queries):
    unlisted = issue_to_cooperative(who, 100)
    with django_assert_num_queries(3):
        found = selectors.quotes_of_assets([market.asset_id, unlisted.asset_id])
    assert list(found) == [market.asset_id]
