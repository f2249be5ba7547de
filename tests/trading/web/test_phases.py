"""What pages say of a market's day."""

import datetime as dt

import pytest
import time_machine
from django.utils import translation

from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.marketdata.auctions import Indicative, indicative
from trading.markets.calendar import SHANGHAI
from trading.markets.days import close_day
from trading.models import Market
from trading.orders.phases import halt_market, instruct, resume_market, step_markets
from trading.orders.services import NewOrder, place_order
from trading.web.phases import sessions_in_words, standing

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2099, 11, 30)
SESSIONS = [
    {"pre_open": "09:15", "open": "09:30", "close": "11:30"},
    {"open": "13:00", "closing": "14:57", "close": "15:00"},
]


def moment(time, day=MONDAY):
    return dt.datetime.combine(day, dt.time.fromisoformat(time), SHANGHAI)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def clock():
    with time_machine.travel(moment("08:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def day(who, clock):
    """Return a market with sessions, opened on Monday at eight in the morning."""
    pay_in(who, who.buyer, 10_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), sessions=SESSIONS)


def it_is(clock, market, time, date=MONDAY):
    clock.move_to(moment(time, date))
    step_markets()
    execute_market(market.pk)
    market.refresh_from_db()
    return market


def enter(actor, market, side, price_fen, quantity_t, name, **terms):
    place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t, **terms))
    execute_market(market.pk)


def test_each_phase_says_since_when_and_what_comes_next(clock, day):
    assert standing(day).words == "A call auction begins at 09:15."
    for time, words in (
        ("09:15", "Since 09:15. Trading begins at 09:30."),
        ("10:00", "Since 09:30. The market closes at 11:30."),
        ("12:00", "Since 11:30. Trading begins at 13:00."),
        ("14:00", "Since 13:00. A call auction begins at 14:57."),
        ("14:58", "Since 14:57. The market closes at 15:00."),
        ("15:00", "Since 15:00. A call auction begins at December 1, 09:15."),
    ):
        assert standing(it_is(clock, day, time)).words == words, time


def test_a_day_that_the_operator_closes_says_why(who, clock, day):
    tuesday = MONDAY + dt.timedelta(days=1)
    close_day(actor=who.registrar, day=tuesday, reason="Typhoon")
    assert standing(it_is(clock, day, "15:00")).words.endswith("begins at December 2, 09:15.")
    words = standing(it_is(clock, day, "10:00", tuesday)).words
    assert words == "Closed today: Typhoon Since November 30, 15:00. A call auction begins at December 2, 09:15."


def test_a_year_that_is_another_is_said(clock, day):
    friday = dt.date(2099, 12, 31)
    # The first of January is a holiday, the second and third are a weekend.
    assert standing(it_is(clock, day, "16:00", friday)).words.endswith("begins at Jan. 4, 2100, 09:15.")


def test_an_interruption_says_when_it_ends_and_a_halt_says_nothing(who, clock, day):
    it_is(clock, day, "10:00")
    halt_market(actor=who.registrar, market_id=day.pk, reason="Check of data")
    execute_market(day.pk)
    day.refresh_from_db()
    assert standing(day).words == ""
    resume_market(actor=who.registrar, market_id=day.pk, auction_minutes=7)
    execute_market(day.pk)
    day.refresh_from_db()
    assert standing(day).words == "Trading begins at 10:07."


def test_a_market_that_is_always_open_costs_no_query(who, market, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert standing(market).words == ""
        assert indicative(market) is None
        assert sessions_in_words(market.sessions) == []


def test_a_day_is_told_in_its_parts():
    assert sessions_in_words(SESSIONS) == [
        ("09:15–09:30", "call auction"),
        ("09:30–11:30", "trading"),
        ("13:00–14:57", "trading"),
        ("14:57–15:00", "call auction"),
    ]


def test_a_closed_market_s_page_says_when_it_opens_and_its_ticket_cannot_be_sent(browse, who, clock, day):
    text = browse(who.buyer).get(f"/markets/{day.symbol}").content.decode()
    assert text.count("A call auction begins at 09:15.") >= 2
    assert "the order cannot be sent now" in text
    assert text.count('name="send" disabled') == 2
    assert "09:30–11:30" in text
    answer = browse(who.buyer).post(
        f"/markets/{day.symbol}/orders", {"side": "buy", "price": "40", "quantity": "1", "client_order_id": "x"}
    )
    assert answer.status_code == 422
    assert "is closed now" in str(answer.context["ticket"].non_field_errors())
    assert '<span class="badge ">closed</span>' in browse().get("/markets").content.decode()


def test_a_call_auction_shows_what_it_would_come_to_and_which_orders_it_takes(browse, who, clock, day):
    it_is(clock, day, "09:15")
    client = browse(who.buyer)
    assert indicative(day) is None
    enter(who.cooperative, day, "sell", 3_900, 10, "s")
    enter(who.cooperative, day, "sell", 3_950, 5, "s2")
    enter(who.buyer, day, "buy", 4_100, 6, "b")
    enter(who.buyer, day, "buy", None, 3, "m", order_type="market")
    page = client.get(f"/markets/{day.symbol}")
    assert page.context["indicative"] == Indicative(3_900, 9)
    text = page.content.decode()
    assert text.count('name="send" disabled') == 0
    assert '<option value="ioc" data-not-in-auction disabled>' in text
    assert '<option value="limit" selected>' in text or '<option value="limit">' in text
    told = client.get(f"/markets/{day.symbol}/live").json()
    assert told["indicative"] == {"price_fen": 3_900, "quantity_t": 9}
    assert told["phase_words"] == "Since 09:15. Trading begins at 09:30."
    # The book's own auction comes to the same.
    it_is(clock, day, "09:30")
    assert [(trade.price_fen, trade.quantity_t) for trade in page.context["market"].trades.order_by("quantity_t")] == [
        (3_900, 3),
        (3_900, 6),
    ]
    assert client.get(f"/markets/{day.symbol}").context["indicative"] is None


def test_an_indicative_price_is_left_out_where_there_are_too_many_prices(who, market, monkeypatch):
    monkeypatch.setattr("trading.marketdata.auctions.MOST_PRICES", 1)
    instruct(market, ["auction_open"], actor="system")
    enter(who.cooperative, market, "sell", 4_000, 1, "s")
    enter(who.buyer, market, "buy", 4_000, 1, "b")
    market.refresh_from_db()
    assert market.state == Market.State.AUCTION
    assert indicative(market) is None


def test_sessions_and_an_auction_cost_a_query_each(browse, who, clock, day, django_assert_num_queries):
    # A closed market's page asks why, too.
    with django_assert_num_queries(9):
        browse().get(f"/markets/{day.symbol}")
    it_is(clock, day, "09:15")
    with django_assert_num_queries(9):
        browse().get(f"/markets/{day.symbol}")


def test_rules_are_told(browse, market):
    Market.objects.update(volatility_percent=5, largest_order_t=5_000, block_minimum_t=100)
    text = browse().get(f"/markets/{market.symbol}").content.decode()
    for shown in ("a price ±5% away: call auction of 5 min", "5,000", "from 100 t", "28.00–52.00", "always open"):
        assert shown in text


def test_the_home_page_says_the_state(browse, who, clock, day):
    assert '<span class="badge " data-market-state="closed">closed</span>' in browse().get("/").content.decode()
