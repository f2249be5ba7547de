"""Pages of one-way auctions: the list, a lot with its bids, and the forms."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from tests.scenes import bid_for, put_up_lot
from trading.auctions.closing import close_auctions
from trading.models import Bid, OneWayAuction

pytestmark = pytest.mark.django_db


def in_hours(hours):
    return (timezone.localtime() + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def lot_form(market, **changes):
    return {
        "key": "web-1",
        "market": market.symbol,
        "quantity_t": "100",
        "reserve_price_fen": "40",
        "least_bid_t": "",
        "bids": "sealed",
        "pricing": "uniform",
        "opens_at": "",
        "closes_at": in_hours(2),
    } | changes


@pytest.fixture
def auction(who, market):
    return put_up_lot(who.cooperative, market, "l")


def test_a_lot_is_put_up_once_however_often_the_form_is_sent(browse, market, who):
    client, sent = browse(who.cooperative), lot_form(market)
    first, again = (client.post("/auctions/new", sent) for _ in range(2))
    auction = OneWayAuction.objects.get()
    assert first["Location"] == again["Location"] == f"/auctions/{auction.pk}"
    assert (auction.is_sealed, auction.reserve_price_fen, auction.least_bid_t) == (True, 4_000, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity_t": "1001"}, "quantity_t"),
        ({"closes_at": "2020-01-01T00:00"}, "closes_at"),
        ({"least_bid_t": "101"}, "least_bid_t"),
        ({"reserve_price_fen": "0"}, "reserve_price_fen"),
        ({"bids": "shouted"}, "bids"),
    ],
)
def test_what_is_wrong_with_a_lot_stands_beside_the_field(browse, market, who, change, field):
    answer = browse(who.cooperative).post("/auctions/new", lot_form(market, **change))
    assert (answer.status_code, field in answer.context["form"].errors) == (422, True)
    assert not OneWayAuction.objects.exists()


def test_a_bid_is_placed_seen_by_its_bidder_and_withdrawn(browse, market, who, auction):
    client = browse(who.buyer)
    sent = {"key": "web-1", "price_fen": "45.67", "quantity_t": "4"}
    for _ in range(2):
        assert client.post(f"/auctions/{auction.pk}", sent).status_code == 302
    bid = Bid.objects.get()
    assert "45.67" in client.get(f"/auctions/{auction.pk}").content.decode()
    for person in (None, who.cooperative, who.other_buyer, who.registrar, who.auditor):
        page = browse(person).get(f"/auctions/{auction.pk}").content.decode()
        assert "45.67" not in page
        assert "The bids are sealed until the award." in page
    assert browse(who.other_buyer).post(f"/bids/{bid.pk}/withdraw").status_code == 404
    client.post(f"/bids/{bid.pk}/withdraw")
    bid.refresh_from_db()
    assert bid.state == "withdrawn"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"price_fen": "39.99"}, "price_fen", "reserve price, 40.00 yuan"),
        ({"quantity_t": "11"}, "quantity_t", "not so many"),
        ({"price_fen": "9000000"}, "quantity_t", "are available"),
    ],
)
def test_what_is_wrong_with_a_bid_stands_beside_the_field(browse, market, who, auction, change, field, words):
    sent = {"key": "web-1", "price_fen": "45", "quantity_t": "4"} | change
    answer = browse(who.buyer).post(f"/auctions/{auction.pk}", sent)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not Bid.objects.exists()


def test_the_award_is_shown_without_names(browse, market, who, auction):
    bid_for(who.buyer, auction, "b", price_fen=4_567)
    with time_machine.travel(auction.closes_at):
        close_auctions()
    page = browse().get(f"/auctions/{auction.pk}").content.decode()
    assert "45.67" in page
    assert who.buyer.organisation.name_en not in page


def test_visitors_look_and_log_in_to_bid(browse, market, who, auction):
    client = browse()
    assert "To bid, log in." in client.get(f"/auctions/{auction.pk}").content.decode()
    assert client.post(f"/auctions/{auction.pk}", {"price_fen": "45"}).status_code == 302
    assert client.get("/auctions/new").status_code == 302
    assert client.get("/auctions/999").status_code == 404
    assert client.get("/auctions?market=%00").status_code == 200


def test_a_seller_takes_a_lot_back_before_it_opens(browse, market, who):
    client = browse(who.cooperative)
    client.post("/auctions/new", lot_form(market, opens_at=in_hours(1)))
    auction = OneWayAuction.objects.get()
    assert "Take the lot back" in client.get(f"/auctions/{auction.pk}").content.decode()
    refused = client.post(f"/auctions/{auction.pk}/cancel", {"reason": ""}, follow=True)
    assert "Say why" in refused.content.decode()
    client.post(f"/auctions/{auction.pk}/cancel", {"reason": "A mistake."})
    assert "A mistake." in browse().get(f"/auctions/{auction.pk}").content.decode()


def test_the_list_costs_the_same_however_long_it_is(browse, market, who, auction, django_assert_num_queries):
    client = browse()
    for _ in range(2):
        with django_assert_num_queries(2):
            assert client.get(f"/auctions?market={market.symbol}").status_code == 200
        put_up_lot(who.cooperative, market, f"l{OneWayAuction.objects.count()}")


def test_a_bid_is_checked_before_it_is_sent(browse, market, who):
    auction = put_up_lot(who.cooperative, market, "open", is_sealed=False)
    bid_for(who.other_buyer, auction, "b", price_fen=4_600, quantity_t=auction.quantity_t - 3)
    client = browse(who.buyer)
    asked = {"key": "web-1", "price_fen": "45.00", "quantity_t": "10", "check": "1"}
    text = client.post(f"/auctions/{auction.pk}", asked).content.decode()
    assert "it would get 3 t at 45.00 yuan" in text
    assert "Nothing was sent yet" in text
    assert 'value="45.00"' in text
    best = client.post(f"/auctions/{auction.pk}", asked | {"price_fen": "47.00"}).content.decode()
    assert "it would get 10 t" in best
    assert Bid.objects.count() == 1


def test_of_a_sealed_auction_nobody_learns_anything_by_checking(browse, market, who, auction):
    bid_for(who.other_buyer, auction, "b", price_fen=4_600)
    asked = {"key": "web-1", "price_fen": "45.00", "quantity_t": "10", "check": "1"}
    text = browse(who.buyer).post(f"/auctions/{auction.pk}", asked).content.decode()
    assert "what it would get shows at the close" in text
    assert "it would get nothing" not in text


def test_what_is_waited_for_is_counted_down(browse, market, who, auction):
    text = browse().get(f"/auctions/{auction.pk}").content.decode()
    assert "data-countdown" in text
    with time_machine.travel(auction.closes_at):
        assert "data-countdown" not in browse().get(f"/auctions/{auction.pk}").content.decode()
