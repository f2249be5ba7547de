import pytest

from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


def test_a_new_organisation_sees_that_it_has_nothing_and_how_to_pay_in(browse, who):
    page = browse(who.other_buyer).get("/holdings")
    text = page.content.decode()
    assert page.context["cash"] is None
    assert "You hold no credits" in text
    assert "Paying in" in text


def test_holdings_show_what_is_held_and_what_it_is_worth_at_the_last_price(browse, market, who):
    for actor, side, quantity, name in [
        (who.cooperative, "sell", 300, "s1"),
        (who.buyer, "buy", 200, "b1"),
        (who.buyer, "sell", 50, "s2"),
    ]:
        price = 4_100 if name == "s2" else 4_000
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
        execute_market(market.pk)
    page = browse(who.buyer).get("/holdings")
    (holding,) = page.context["credits"]
    assert (holding.account.balance, holding.account.held, holding.account.available) == (200, 50, 150)
    assert holding.value_fen == 200 * 4_000
    assert (holding.serials.last - holding.serials.first + 1, holding.serials.blocks) == (200, 1)
    assert page.context["cash"].balance == 100_000_000 - 200 * 4_000 - 800
    text = page.content.decode()
    assert f"/credits/{holding.account.asset.code}/retire" in text
    assert "estimates" in text


def test_a_viewer_sees_the_holdings_but_nothing_to_do_with_them(browse, market, who):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    text = browse(viewer).get("/holdings").content.decode()
    assert "1,000" in text
    assert '/retire"' not in text
    assert "/withdraw" not in text


def test_who_neither_holds_nor_trades_is_told_so(browse, who):
    assert "neither holds nor trades" in browse(who.verifier).get("/holdings").content.decode()


def test_more_vintages_cost_no_more_queries(browse, market, who, django_assert_num_queries):
    for _ in range(3):
        market_for(who, issue_to_cooperative(who, 100))
    issue_to_cooperative(who, 100)
    client = browse(who.cooperative)
    with django_assert_num_queries(9):
        page = client.get("/holdings")
    assert len(page.context["credits"]) == 5
