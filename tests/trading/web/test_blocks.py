"""Pages of block trades: the list, an offer with what can be done, and its forms."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.factories import MembershipFactory
from tests.scenes import offer_block
from trading.execution.services import execute_market
from trading.models import BlockOffer

pytestmark = pytest.mark.django_db


def form(traded, who, **changes):
    return {
        "key": "web-1",
        "market": traded.symbol,
        "side": "buy",
        "counterparty": who.cooperative.organisation.name,
        "price_fen": "45.00",
        "quantity_t": "100",
        "expires_at": (timezone.localtime() + dt.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
    } | changes


@pytest.fixture
def offer(who, market):
    return offer_block(who.buyer, who.cooperative, market, "o")


def test_an_offer_is_made_once_however_often_the_form_is_sent(browse, market, who):
    client, sent = browse(who.buyer), form(market, who)
    first, again = (client.post("/blocks/new", sent) for _ in range(2))
    offer = BlockOffer.objects.get()
    assert first["Location"] == again["Location"] == f"/blocks/{offer.pk}"
    assert (offer.price_fen, offer.quantity_t, offer.side) == (4_500, 100, "buy")
    text = client.get(first["Location"]).content.decode()
    assert "4,504.50" in text, "what the buyer pays, the fee in it"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"price_fen": "90"}, "price_fen", "between 28.00 and 52.00 yuan"),
        ({"quantity_t": "1000000"}, "quantity_t", "yuan, 1,000,000.00 are available"),
        ({"counterparty": "nobody"}, "counterparty", "No other approved"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at", "too early"),
        ({"expires_at": "soon"}, "expires_at", "valid date/time"),
        ({"market": "NONE"}, "market", "valid choice"),
        ({"price_fen": ""}, "price_fen", "required"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(browse, market, who, change, field, words):
    answer = browse(who.buyer).post("/blocks/new", form(market, who, **change))
    assert answer.status_code == 422
    assert any(words in str(error) for error in answer.context["form"].errors[field])
    assert not BlockOffer.objects.exists()


def test_the_other_party_accepts_on_its_page(browse, market, who, offer):
    client = browse(who.cooperative)
    page = client.get(f"/blocks/{offer.pk}").content.decode()
    assert "Accept and receive 449.55 yuan" in page
    assert client.post(f"/blocks/{offer.pk}/accept").status_code == 302
    execute_market(market.pk)
    assert "settled" in client.get(f"/blocks/{offer.pk}").content.decode()
    assert "Accept and" not in client.get(f"/blocks/{offer.pk}").content.decode()
    answer = client.post(f"/blocks/{offer.pk}/decline", follow=True)
    assert "nothing more can be done" in answer.content.decode()


def test_an_answer_takes_the_place_of_the_offer(browse, market, who, offer):
    sent = form(market, who, price_fen="46", quantity_t="20")
    answer = browse(who.cooperative).post(f"/blocks/{offer.pk}", sent, follow=True)
    assert "Negotiation" in answer.content.decode()
    assert BlockOffer.objects.get(replaces=offer).price_fen == 4_600
    refused = browse(who.cooperative).post(f"/blocks/{offer.pk}", sent | {"key": "web-2"})
    assert refused.status_code == 422


def test_pages_are_for_the_two_parties(browse, market, who, offer):
    for person, status in ((who.buyer, 200), (who.cooperative, 200), (who.other_buyer, 404), (who.auditor, 404)):
        assert browse(person).get(f"/blocks/{offer.pk}").status_code == status
    for step in ("accept", "decline", "withdraw"):
        assert browse(who.other_buyer).post(f"/blocks/{offer.pk}/{step}").status_code == 404
        assert browse(who.buyer).get(f"/blocks/{offer.pk}/{step}").status_code == 405
    assert browse().get("/blocks").status_code == 302
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    page = browse(viewer).get(f"/blocks/{offer.pk}").content.decode()
    assert "Accept and" not in page
    assert "Owners and traders" in browse(viewer).get("/blocks/new").content.decode()
    assert "withdrawn" in browse(who.buyer).post(f"/blocks/{offer.pk}/withdraw", follow=True).content.decode()


def test_the_list_costs_the_same_however_long_it_is(browse, market, who, offer, django_assert_num_queries):
    client = browse(who.buyer)
    client.get("/blocks")
    for _ in range(2):
        with django_assert_num_queries(5):
            assert "You buy" in client.get("/blocks").content.decode()
        offer_block(who.buyer, who.cooperative, market, f"o{BlockOffer.objects.count()}")
    assert "You are to sell" in browse(who.cooperative).get("/blocks?state=all").content.decode()


@pytest.mark.parametrize("path", ["/orders", "/blocks", "/blocks/new", "/auctions"])
def test_the_navigation_marks_orders_for_all_that_is_ordered(browse, who, path):
    page = browse(who.buyer).get(path).content.decode()
    assert '<a href="/orders" aria-current="page">' in page
    assert page.count('<a href="/markets" aria-current="page">') == 0
