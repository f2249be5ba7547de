import pytest

from ledger.credits.services import retire_credits
from tests.factories import ProjectFactory
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.services import execute_market
from trading.models import Market
from trading.orders.services import NewOrder, place_order
from trading.web.home import Figures, Possessions

pytestmark = pytest.mark.django_db


def test_before_any_data_there_is_a_page_that_says_so(browse):
    page = browse().get("/")
    text = page.content.decode()
    assert page.status_code == 200
    assert page.context["figures"] == Figures(0, 0, 0, 0)
    assert "No market is open yet" in text
    assert "Nothing was retired yet" in text
    assert "<script" not in text


def test_figures_are_computed_from_register_and_ledger(browse, who):
    project = ProjectFactory(
        proponent=who.cooperative.organisation, forecast={"lines": [], "result": {"net_t": 2_300, "issuable_t": 2_300}}
    )
    ProjectFactory(status="submitted", forecast={"lines": [], "result": {"net_t": 900, "issuable_t": 900}})
    batch = issue_to_cooperative(who, 1_000, buffer_t=100, project=project)
    market = market_for(who, batch)
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 5))
    execute_market(market.pk)
    retire_credits(
        actor=who.cooperative,
        batch_id=batch.pk,
        quantity_t=30,
        beneficiary_name="Secret Company",
        purpose="event",
        is_beneficiary_public=False,
    )
    page = browse().get("/")
    assert page.context["figures"] == Figures(expected_t=2_300, issued_t=1_000, traded_t=0, retired_t=30)
    assert "Secret Company" not in page.content.decode()
    assert page.context["quote"].best_ask_fen == 4_000


def test_members_see_what_they_have_and_their_open_orders(browse, market, who):
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 100))
    page = browse(who.buyer).get("/")
    assert page.context["possessions"] == Possessions(100_000_000 - 400_400, 400_400, 0, 0)
    assert [order.client_order_id for order in page.context["open_orders"]] == ["b"]
    assert "possessions" not in browse(who.auditor).get("/").context


def test_the_home_page_costs_so_many_queries(browse, market, who, django_assert_num_queries):
    with django_assert_num_queries(11):
        browse().get("/")
    client = browse(who.buyer)
    with django_assert_num_queries(16):
        client.get("/")
    assert Market.objects.count() == 1
