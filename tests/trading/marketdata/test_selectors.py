import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from ledger.errors import NotFound
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.marketdata import selectors
from trading.orders.services import NewOrder, cancel_order, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(who):
    pay_in(who, who.buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000))


def order(market, actor, side, price_fen, quantity_t, name):
    placed = place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t))
    execute_market(market.pk)
    return placed


def test_a_market_without_trades_has_no_price(market):
    quote = selectors.quote(market)
    assert quote.ticker == selectors.Ticker(None, None, None, None, 0, 0)
    assert (quote.best_bid_fen, quote.best_ask_fen, quote.change_percent) == (None, None, None)


def test_a_quote_has_the_best_prices_and_the_last_day(market, who):
    order(market, who.cooperative, "sell", 4_100, 10, "s1")
    order(market, who.cooperative, "sell", 4_050, 10, "s2")
    order(market, who.buyer, "buy", 4_050, 4, "b1")
    order(market, who.buyer, "buy", 3_990, 5, "b2")
    gone = order(market, who.buyer, "buy", 4_000, 5, "b3")
    cancel_order(actor=who.buyer, order_id=gone.pk)
    execute_market(market.pk)
    quote = selectors.quote(market)
    assert (quote.best_bid_fen, quote.best_ask_fen) == (3_990, 4_050)
    assert quote.ticker == selectors.Ticker(4_050, 50, 4_050, 4_050, 4, 4 * 4_050)
    assert quote.change_percent == Decimal("1.25")


def test_trades_older_than_a_day_give_the_price_but_not_the_volume(market, who):
    order(market, who.cooperative, "sell", 4_100, 10, "s1")
    order(market, who.buyer, "buy", 4_100, 10, "b1")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=25), tick=False):
        assert selectors.ticker(market) == selectors.Ticker(4_100, 100, None, None, 0, 0)


def test_many_markets_cost_as_many_queries_as_one(market, who, django_assert_num_queries):
    markets = [market] + [market_for(who, issue_to_cooperative(who, 100)) for _ in range(3)]
    with django_assert_num_queries(2):
        quotes = selectors.quotes(markets)
    assert [quote.market for quote in quotes] == markets


def test_the_market_of_the_newest_trade_is_found_and_the_newest_market_before_any(market, who):
    newer = market_for(who, issue_to_cooperative(who, 100))
    assert selectors.market_traded_last() == newer
    order(market, who.cooperative, "sell", 4_100, 10, "s1")
    order(market, who.buyer, "buy", 4_100, 3, "b1")
    assert selectors.market_traded_last() == market
    assert selectors.traded_t() == 3


def test_assets_without_a_market_have_no_quote(market, who, django_assert_num_queries):
    unlisted = issue_to_cooperative(who, 100)
    with django_assert_num_queries(3):
        found = selectors.quotes_of_assets([market.asset_id, unlisted.asset_id])
    assert list(found) == [market.asset_id]


def test_each_party_sees_a_trade_as_its_own_and_nobody_else_does(market, who):
    order(market, who.cooperative, "sell", 4_100, 10, "s1")
    order(market, who.buyer, "buy", 4_100, 10, "b1")
    assert len(selectors.trades_of(who.buyer.organisation)) == 1
    assert len(selectors.trades_of(who.cooperative.organisation)) == 1
    assert len(selectors.trades_of(who.other_buyer.organisation)) == 0


@pytest.mark.parametrize("symbol", ["", "nothing", "a\x00b", "田"])
def test_an_unknown_symbol_is_not_found(db, symbol):
    with pytest.raises(NotFound):
        selectors.market_by_symbol(symbol)
