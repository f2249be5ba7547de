"""Selling in plain words: asked, shown, placed once, followed, changed, stopped."""

import datetime as dt
import re

import pytest
import time_machine
from django.utils import timezone

from tests.factories import MembershipFactory
from tests.racing import race
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.marketdata.sales import expected_sale
from trading.marketdata.selectors import Level
from trading.markets.fees import fee_fen
from trading.models import Market, Order
from trading.orders.models import Instruction
from trading.orders.phases import halt_market, instruct
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(browse, who):
    return browse(who.cooperative)


def asked(market, **changes):
    return {"market": market.symbol, "quantity": "500", "how": "limit", "price": "40", "until": "week"} | changes


def buy(who, market, price_fen, quantity_t, name="b1"):
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder(name, "buy", price_fen, quantity_t))
    execute_market(market.pk)


def confirmation(answer):
    """Return what the form of the page that asks for the confirmation sends."""
    form = answer.content.decode().split('<form method="post">')[1].split("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert 'name="confirmed"' in form
    hidden.pop("csrfmiddlewaretoken", None)
    return hidden | {"confirmed": "1"}


def errors_of(answer, field):
    assert answer.status_code == 422
    return " ".join(map(str, answer.context["form"].errors.get(field, [])))


def test_nothing_is_sold_before_it_is_confirmed_and_then_once(page, market, who):
    looked = page.post("/sell", asked(market))
    assert looked.status_code == 200
    assert not Order.objects.exists()
    sent = confirmation(looked)
    assert len(sent["client_order_id"]) > 20
    answers = [page.post("/sell", sent) for _press in range(2)]
    order = Order.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/sell/{order.pk}"}
    assert (order.side, order.order_type, order.time_in_force) == ("sell", "limit", "gtd")
    assert (order.price_fen, order.quantity_t) == (4_000, 500)
    last_day = timezone.localdate() + dt.timedelta(days=7)
    assert timezone.localtime(order.expires_at).replace(tzinfo=None) == dt.datetime.combine(last_day, dt.time(23, 59))


def test_whoever_goes_back_sees_the_confirmation_again(page, market):
    answer = page.post("/sell", asked(market))
    # With "no-store" a browser has nothing to show, and asks to send the form once more.
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")


def test_the_confirmation_means_the_same_after_midnight(page, market):
    with time_machine.travel(dt.datetime(2026, 6, 1, 15, 55, tzinfo=dt.UTC), tick=False) as clock:
        sent = confirmation(page.post("/sell", asked(market)))
        page.post("/sell", sent)
        clock.shift(dt.timedelta(minutes=10))
        page.post("/sell", sent)
    order = Order.objects.get()
    assert timezone.localtime(order.expires_at).date() == dt.date(2026, 6, 8)


def test_who_sells_all_and_presses_twice_sells_once(page, market):
    sent = confirmation(page.post("/sell", asked(market, quantity="1000")))
    answers = [page.post("/sell", sent) for _press in range(2)]
    order = Order.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/sell/{order.pk}"}
    assert "not two" in page.get(f"/sell/{order.pk}").content.decode()
    assert page.post("/sell", sent | {"client_order_id": "\0"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_one_moment_are_one_sale(browse, market, who):
    pages = [browse(who.cooperative) for _press in range(2)]
    sent = confirmation(pages[0].post("/sell", asked(market, quantity="1000")))
    answers = race(lambda: pages[0].post("/sell", sent), lambda: pages[1].post("/sell", sent))
    order = Order.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/sell/{order.pk}"] * 2


def test_until_the_end_of_the_day_and_until_a_day(page, market):
    page.post("/sell", confirmation(page.post("/sell", asked(market, until="today", quantity="1"))))
    assert Order.objects.get().time_in_force == "day"
    day = timezone.localdate() + dt.timedelta(days=3)
    page.post("/sell", confirmation(page.post("/sell", asked(market, until="day", until_on=f"{day}", quantity="2"))))
    assert timezone.localtime(Order.objects.get(quantity_t=2).expires_at).date() == day


def test_it_is_said_what_comes_now_and_at_least(page, market, who):
    buy(who, market, 4_200, 100, "b1")
    buy(who, market, 4_100, 100, "b2")
    buy(who, market, 3_900, 100, "b3")
    answer = page.post("/sell", asked(market))
    coming = answer.context["coming"]
    value, fee = 4_200 * 100 + 4_100 * 100, fee_fen(420_000, 10) + fee_fen(410_000, 10)
    assert (coming.now_t, coming.now_fee_fen, coming.now_net_fen, coming.worst_fen) == (200, fee, value - fee, 4_100)
    rest = 4_000 * 300
    assert (coming.rest_t, coming.rest_net_fen) == (300, rest - fee_fen(rest, 10))
    text = answer.content.decode()
    for words in (
        "200 t are sold at once",
        "300 t wait for a buyer",
        "8,291.70",
        f"¥{(coming.least_net_fen) / 100:,.2f} at least",
    ):
        assert words in text
    # And so it comes.
    page.post("/sell", confirmation(answer))
    execute_market(market.pk)
    order = Order.objects.get(side="sell")
    followed = page.get(f"/sell/{order.pk}")
    assert followed.context["so_far"].net_fen >= coming.now_net_fen
    text = followed.content.decode()
    assert "200 t are sold, 300 t wait for a buyer" in text
    assert 'hx-trigger="every 5s"' in text


def test_expected_sales_add_up(market):
    bids = [Level(4_200, 10, 1), Level(4_000, 5, 1), Level(3_900, 50, 1)]
    market.taker_fee_bps = 0
    none = expected_sale(market, bids, quantity_t=7, lowest_fen=4_201)
    assert (none.now_t, none.rest_t, none.worst_fen, none.least_net_fen) == (0, 7, None, 7 * 4_201)
    whole = expected_sale(market, bids, quantity_t=15, lowest_fen=4_000)
    assert (whole.now_t, whole.rest_t, whole.least_net_fen) == (15, 0, 42_000 + 20_000)
    market.state = Market.State.AUCTION
    assert expected_sale(market, bids, quantity_t=15, lowest_fen=4_000).now_t == 0


def test_selling_at_once_is_protected_by_the_price_that_was_shown(page, market, who):
    buy(who, market, 4_200, 100, "b1")
    buy(who, market, 4_100, 100, "b2")
    looked = page.post("/sell", asked(market, how="now", quantity="150", price=""))
    assert "nothing is sold below ¥41.00" in looked.content.decode()
    sent = confirmation(looked)
    assert sent["price"] == "41.00"
    page.post("/sell", sent)
    order = Order.objects.get(side="sell")
    assert (order.order_type, order.time_in_force, order.price_fen) == ("market", "ioc", 4_100)
    execute_market(market.pk)
    assert "All 150 t are sold" in page.get(f"/sell/{order.pk}").content.decode()


def test_whoever_sells_at_once_more_than_is_asked_for_is_told_what_stays(page, market, who):
    buy(who, market, 4_200, 100)
    looked = page.post("/sell", asked(market, how="now", quantity="150", price=""))
    assert "50 t stay yours" in looked.content.decode()
    page.post("/sell", confirmation(looked))
    execute_market(market.pk)
    order = Order.objects.get(side="sell")
    text = page.get(f"/sell/{order.pk}").content.decode()
    assert "100 t are sold, 50 t stay yours" in text
    assert f"/sell?market={market.symbol}&amp;quantity=50" in text


def test_nobody_sells_at_once_where_nobody_bids(page, market):
    answer = page.post("/sell", asked(market, how="now"))
    assert "Nobody bids" in errors_of(answer, "how")
    instruct(market, [Instruction.Kind.AUCTION_OPEN], actor="system")
    execute_market(market.pk)
    assert "Nothing trades at once" in errors_of(page.post("/sell", asked(market, how="now")), "how")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"quantity": ""}, "quantity", "required"),
        ({"quantity": "0"}, "quantity", "One tonne"),
        ({"quantity": "1.5"}, "quantity", "whole tonnes"),
        ({"quantity": "1001"}, "quantity", "You have 1,000 t"),
        ({"quantity": "9" * 500}, "quantity", "fewer digits"),
        ({"quantity": "<script>"}, "quantity", "whole tonnes"),
        ({"price": ""}, "price", "below which price"),
        ({"price": "35.99"}, "price", "36.00 to 44.00"),
        ({"price": "44.01"}, "price", "36.00 to 44.00"),
        ({"price": "a lot"}, "price", "amount in yuan"),
        ({"market": "no such"}, "market", "credits that you have"),
        ({"market": ""}, "market", "required"),
        ({"how": "steal"}, "how", "not one of"),
        ({"until": "ever"}, "until", "not one of"),
        ({"until": "day"}, "until_on", "until which day"),
        ({"until": "day", "until_on": "2020-01-01"}, "until_on", "within a year"),
        ({"until": "day", "until_on": "2099-01-01"}, "until_on", "within a year"),
        ({"until": "day", "until_on": "soon"}, "until_on", "Write a day"),
    ],
)
def test_what_cannot_be_sold_is_refused_beside_its_field_and_kept(page, market, changes, field, words):
    for confirmed in ({}, {"confirmed": "1", "client_order_id": "web-1"}):
        answer = page.post("/sell", asked(market) | changes | confirmed)
        assert words in errors_of(answer, field)
        assert answer.context["form"]["quantity"].value() == (asked(market) | changes)["quantity"]
        assert "<script>" not in answer.content.decode().split("<main")[1].replace('<script type="module"', "")
    assert not Order.objects.exists()


def test_a_confirmation_without_its_id_or_price_sells_nothing(page, market, who):
    buy(who, market, 4_200, 100)
    sent = confirmation(page.post("/sell", asked(market, how="now", quantity="10")))
    assert errors_of(page.post("/sell", sent | {"client_order_id": ""}), "__all__")
    assert errors_of(page.post("/sell", sent | {"price": ""}), "price")
    assert not Order.objects.filter(side="sell").exists()


def test_what_was_looked_at_can_be_changed(page, market):
    sent = confirmation(page.post("/sell", asked(market)))
    del sent["confirmed"]
    answer = page.post("/sell", sent | {"change": "1"})
    assert answer.status_code == 200
    form = answer.context["form"]
    assert (form["quantity"].value(), form["price"].value(), form["until"].value()) == ("500", "40.00", "day")
    assert not Order.objects.exists()


def test_a_market_that_takes_no_orders_says_when_it_will(page, market, who):
    halt_market(actor=who.registrar, market_id=market.pk, reason="a typhoon")
    execute_market(market.pk)
    looked = page.post("/sell", asked(market))
    assert "takes no orders now" in looked.content.decode()
    assert 'name="confirmed"' not in looked.content.decode()
    answer = page.post("/sell", asked(market) | {"confirmed": "1", "client_order_id": "web-1"})
    assert "a typhoon" in errors_of(answer, "__all__")


def test_the_best_guess_is_what_buyers_pay_most_for(page, market, who):
    other = market_for(who, issue_to_cooperative(who, 5_000))
    assert page.get("/sell").context["sellable"][0].market == other
    buy(who, market, 4_100, 10)
    answer = page.get("/sell")
    assert answer.context["sellable"][0].market == market
    assert answer.context["form"].initial == {"market": market.symbol, "quantity": 1_000, "price": 4_100}
    named = page.get(f"/sell?market={other.symbol}&quantity=7").context["form"].initial
    assert (named["market"], named["quantity"], named["price"]) == (other.symbol, "7", 4_000)


def test_large_quantities_are_shown_their_ways(page, market, who):
    buy(who, market, 4_100, 400)
    assert "one-way auction" not in page.post("/sell", asked(market)).content.decode()
    assert "one-way auction" in page.post("/sell", asked(market, quantity="900")).content.decode()


def test_a_sale_is_given_another_price_and_stopped(page, market, who):
    page.post("/sell", confirmation(page.post("/sell", asked(market))))
    execute_market(market.pk)
    order = Order.objects.get()
    here = f"/sell/{order.pk}"
    for price, words in (("100", "between 36.00 and 44.00"), ("", "required"), ("cheap", "amount in yuan")):
        answer = page.post(f"{here}/price", {"price": price})
        assert words in errors_of(answer, "price")
        assert answer.context["form"]["price"].value() == price
    assert page.post(f"{here}/price", {"price": "41"})["Location"] == here
    execute_market(market.pk)
    order.refresh_from_db()
    assert order.price_fen == 4_100
    answer = page.post(f"/orders/{order.pk}/cancel", {"next": here})
    assert answer["Location"] == here
    execute_market(market.pk)
    text = page.get(here).content.decode()
    assert "Nothing was sold: all of it stays yours" in text
    assert "hx-get" not in text
    assert page.get(here, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert "HX-Refresh" not in page.get(here)
    assert page.post(f"{here}/price", {"price": "41"}).status_code == 422


def test_who_may_sell_and_who_may_look(browse, market, who):
    order = place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 10))
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    stranger = MembershipFactory(organisation__kind="cooperative")
    applied = MembershipFactory(organisation__kind="cooperative", organisation__status="applied")
    expected = {
        who.cooperative: (200, 200),
        viewer: (200, 200),
        who.buyer: (200, 404),
        stranger: (200, 404),
        applied: (200, 404),
        who.verifier: (404, 404),
        who.registrar: (404, 404),
        who.auditor: (404, 404),
        None: (302, 302),
    }
    for person, statuses in expected.items():
        client = browse(person)
        assert (client.get("/sell").status_code, client.get(f"/sell/{order.pk}").status_code) == statuses
        if person is not who.cooperative:
            sent = asked(market) | {"confirmed": "1", "client_order_id": "web-1"}
            assert client.post("/sell", sent).status_code in (200, 302, 403, 404), person
            assert client.post(f"/sell/{order.pk}/price", {"price": "41"}).status_code in (302, 403, 404, 422)
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.price_fen, Order.objects.count()) == (4_000, 1)
    assert "Ask one of them" in browse(viewer).get("/sell").content.decode()


def test_a_buy_order_is_no_sale(browse, market, who):
    order = place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 10))
    assert browse(who.buyer).get(f"/sell/{order.pk}").status_code == 404


def test_without_credits_it_is_said_where_they_come_from(browse, who):
    text = browse(who.cooperative).get("/sell").content.decode()
    assert "You have no credits to sell" in text
    assert browse(who.cooperative).post("/sell", {"market": "x"}).status_code == 200


def test_pages_of_selling_ask_no_more_for_more(page, market, who, django_assert_max_num_queries):
    for _more in range(3):
        other = market_for(who, issue_to_cooperative(who, 100))
        place_order(actor=who.cooperative, market_id=other.pk, order=NewOrder(f"s{other.pk}", "sell", 4_000, 10))
    pay_in(who, who.buyer, 100)
    buy(who, market, 4_100, 10)
    with django_assert_max_num_queries(9):
        page.get("/sell")
    with django_assert_max_num_queries(10):
        looked = page.post("/sell", asked(market))
    page.post("/sell", confirmation(looked))
    execute_market(market.pk)
    with django_assert_max_num_queries(11):
        page.get(f"/sell/{Order.objects.filter(market=market, side='sell').get().pk}")
