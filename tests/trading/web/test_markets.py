import json

import pytest
import redis

from ledger.models import Membership, Organisation
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.buffers import events_of, head_of
from trading.execution.services import execute_market
from trading.orders.phases import halt_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


def enter(market, actor, side, price_fen, quantity_t, name):
    placed = place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t))
    execute_market(market.pk)
    return placed


def trade_once(market, who):
    enter(market, who.cooperative, "sell", 4_050, 10, "s1")
    enter(market, who.buyer, "buy", 4_050, 4, "b1")
    enter(market, who.buyer, "buy", 3_990, 5, "b2")


def page_of(client, market):
    return client.get(f"/markets/{market.symbol}")


def test_without_markets_the_list_says_what_will_be_here(browse):
    page = browse().get("/markets")
    assert page.status_code == 200
    assert "No market is open yet" in page.content.decode()


def test_the_list_shows_each_market_at_a_glance(browse, market, who):
    trade_once(market, who)
    text = browse().get("/markets").content.decode()
    for shown in (market.symbol, "40.50", "+1.25%", "39.90"):
        assert shown in text


def test_more_markets_cost_no_more_queries(browse, market, who, django_assert_num_queries):
    for _ in range(3):
        market_for(who, issue_to_cooperative(who, 100))
    with django_assert_num_queries(3):
        browse().get("/markets")


def test_everyone_sees_the_market_and_a_visitor_is_asked_to_log_in(browse, market, who):
    trade_once(market, who)
    page = page_of(browse(), market)
    text = page.content.decode()
    assert page.status_code == 200
    assert "ticket" not in page.context
    assert f"/login?next=/markets/{market.symbol}" in text
    assert page.context["quote"].ticker.last_price_fen == 4_050
    assert '<span class="sell">40.50</span>' in text
    assert '<span class="buy">39.90</span>' in text
    assert [trade.quantity_t for trade in page.context["tape"]] == [4]


@pytest.mark.parametrize("kind", ["verifier", "registrar", "auditor"])
def test_who_does_not_trade_sees_no_ticket_and_why(browse, market, who, kind):
    page = page_of(browse(getattr(who, kind)), market)
    assert page.status_code == 200
    assert "ticket" not in page.context
    assert "Cooperatives and buyers trade here" in page.content.decode()


def test_a_viewer_sees_no_ticket_and_why(browse, market, who):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    page = page_of(browse(viewer), market)
    assert "ticket" not in page.context
    assert "You look on" in page.content.decode()


def test_who_acts_for_nobody_is_shown_where_to_apply(browse, market):
    page = page_of(browse(UserFactory()), market)
    assert page.status_code == 200
    assert 'href="/apply"' in page.content.decode()


@pytest.mark.parametrize(
    ("status", "why"), [("applied", "has not approved your organisation"), ("suspended", "has suspended your")]
)
def test_an_organisation_that_is_not_approved_sees_why_it_has_no_form(browse, market, status, why):
    member = MembershipFactory(organisation__status=status)
    text = page_of(browse(member), market).content.decode()
    assert why in text
    assert "data-ticket" not in text


def test_a_trader_gets_a_ticket_with_the_best_price_and_an_id_of_its_own(browse, market, who):
    trade_once(market, who)
    client = browse(who.other_buyer)
    first, second = page_of(client, market).context["ticket"], page_of(client, market).context["ticket"]
    assert first.initial["price"] == 4_050
    assert first.initial["client_order_id"] != second.initial["client_order_id"]
    selling = client.get(f"/markets/{market.symbol}?side=sell").context["ticket"]
    assert (selling.initial["side"], selling.initial["price"]) == ("sell", 3_990)


def test_a_halt_is_shown_with_its_reason(browse, market, who):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Check <b>of</b> data")
    execute_market(market.pk)
    text = page_of(browse(), market).content.decode()
    assert "Check &lt;b&gt;of&lt;/b&gt; data" in text
    assert "data-halt hidden" not in text


def test_an_untouched_market_has_no_price_but_a_page(browse, market):
    page = page_of(browse(), market)
    assert page.status_code == 200
    assert page.context["chart"] is None


@pytest.mark.parametrize("path", ["/markets/nothing", "/markets/a%00b", "/markets/%E7%94%B0", "/markets/nothing/live"])
def test_an_unknown_market_is_not_found(browse, db, path):
    assert browse().get(path).status_code == 404


def test_the_page_of_a_market_costs_so_many_queries(browse, market, who, django_assert_num_queries):
    for number in range(12):
        enter(market, who.cooperative, "sell", 4_050 + number, 10, f"s{number}")
        enter(market, who.buyer, "buy", 4_050 + number, 4, f"b{number}")
    with django_assert_num_queries(7):
        page_of(browse(), market)
    client = browse(who.buyer)
    with django_assert_num_queries(13):
        page_of(client, market)


def test_a_page_sets_no_style_and_holds_no_script_of_its_own(browse, market, who):
    trade_once(market, who)
    text = page_of(browse(who.buyer), market).content.decode()
    assert "style=" not in text
    assert text.count("<script") == text.count('<script type="module" src="') > 0


def test_live_tells_the_market_and_to_a_visitor_nothing_of_anybody(browse, market, who):
    trade_once(market, who)
    answer = browse().get(f"/markets/{market.symbol}/live")
    told = answer.json()
    assert answer["Cache-Control"].startswith("max-age=0")
    assert told["mine"] is None
    assert told["sequence"] == 3
    assert (told["bids"], told["asks"]) == ([[3_990, 5, 1]], [[4_050, 6, 1]])
    assert told["day"] == {
        "last_price_fen": 4_050,
        "highest_price_fen": 4_050,
        "lowest_price_fen": 4_050,
        "quantity_t": 4,
    }
    assert [(trade["price_fen"], trade["quantity_t"], trade["taker_side"]) for trade in told["trades"]] == [
        (4_050, 4, "buy")
    ]


def test_live_tells_a_trader_its_own_orders_and_nobody_elses(browse, market, who):
    trade_once(market, who)
    mine = browse(who.buyer).get(f"/markets/{market.symbol}/live").json()["mine"]
    assert [(order["price_fen"], order["filled_t"], order["status"]) for order in mine["orders"]] == [
        (3_990, 0, "new"),
        (4_050, 4, "filled"),
    ]
    assert mine["orders"][0]["cancel_url"]
    assert mine["orders"][1]["cancel_url"] is None
    assert mine["credits_available_t"] == 4
    assert browse(who.other_buyer).get(f"/markets/{market.symbol}/live").json()["mine"]["orders"] == []


def test_live_says_of_a_trade_what_the_stream_says_of_it(browse, market, who, settings):
    trade_once(market, who)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        published = [json.loads(fields[b"data"]) for _id, fields in client.xrange(events_of(market.symbol))]
        snapshot = json.loads(client.hget(head_of(market.symbol), "snapshot"))
    told = browse().get(f"/markets/{market.symbol}/live").json()
    (streamed,) = published[1]["trades"]
    (asked,) = told["trades"]
    assert streamed.keys() == asked.keys()
    assert {**streamed, "executed_at": None} == {**asked, "executed_at": None}
    assert (snapshot["bids"], snapshot["asks"]) == (told["bids"], told["asks"])
    assert [(message["first_sequence"], message["sequence"]) for message in published] == [(1, 1), (2, 2), (3, 3)]


def test_the_kinds_that_trade_are_those_that_the_service_lets_in(browse, market):
    for kind in Organisation.Kind.values:
        person = MembershipFactory(organisation__kind=kind, role=Membership.Role.OWNER)
        shown = "ticket" in page_of(browse(person), market).context
        assert shown == (kind in ("cooperative", "buyer"))
