import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.registry.totals import refresh_totals
from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.scenes import issue_to_cooperative, market_for, offer_credits, pay_in, sell
from trading.execution.services import execute_market
from trading.models import Market
from trading.orders.services import NewOrder, place_order
from trading.web.home import Figures

pytestmark = pytest.mark.django_db


def test_before_any_data_there_is_a_page_that_says_so(browse):
    page = browse().get("/")
    text = page.content.decode()
    assert page.status_code == 200
    assert page.context["figures"] == Figures(0, 0, 0, 0)
    assert "No market is open yet" in text
    assert "Nothing was retired yet" in text
    assert page.context["waterfall"] is None
    assert text.count("<script") == text.count('<script type="module" src=') == 1


def test_figures_are_those_that_are_kept_of_register_and_ledger(browse, who):
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
    refresh_totals()
    with time_machine.travel("2026-06-01T00:00:00+08:00", tick=False):
        page = browse().get("/")
    assert page.context["figures"] == Figures(expected_t=2_300, issued_t=1_000, traded_t=0, retired_t=30)
    assert [(part.text, part.amount) for part in page.context["supply_parts"]] == [
        ("Held", "870"),
        ("Buffer pool", "100"),
        ("Retired", "30"),
        ("Cancelled", "0"),
    ]
    assert [row.cells[0] for row in page.context["waterfall"].rows] == ["2,300", "1,000", "−100", "−30", "0", "870"]
    assert "Secret Company" not in page.content.decode()
    assert page.context["quote"].best_ask_fen == 4_000


def test_what_was_traded_is_counted_of_every_trading_mode(browse, market, who):
    sell(who, market, 10, 20)
    assert browse().get("/").context["figures"].traded_t == 30


def test_members_see_what_they_have_and_their_open_orders(browse, market, who):
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 100))
    page = browse(who.buyer).get("/")
    assert (page.context["portfolio"].cash.available, page.context["portfolio"].cash.held) == (99_599_600, 400_400)
    assert [order.client_order_id for order in page.context["open_orders"]] == ["b"]
    assert "portfolio" not in browse(who.auditor).get("/").context


def test_each_kind_of_user_begins_with_its_own_doors(browse, who):
    doors = {
        "cooperative": "/projects/new",
        "buyer": "/payments",
        "verifier": "/methodologies",
        "registrar": "/admin/",
        "treasurer": "/admin/",
        "auditor": "/proof",
    }
    for name, address in doors.items():
        page = browse(getattr(who, name)).get("/")
        assert page.status_code == 200
        assert f'class="button" href="{address}"' in page.content.decode().replace("button button--primary", "button")


def test_a_task_stands_on_the_home_page_of_who_can_do_it_and_of_who_cannot(browse, market, who):
    transfer = offer_credits(who.cooperative, who.buyer, market.asset.batch, 40)
    text = browse(who.buyer).get("/").content.decode()
    assert f'href="/transfers/{transfer.public_id}"' in text
    assert "for another of your organisation" not in text
    viewer = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    assert "for another of your organisation" in browse(viewer).get("/").content.decode()
    assert str(transfer.public_id) not in browse(who.other_buyer).get("/").content.decode()
    assert str(transfer.public_id) not in browse().get("/").content.decode()


def test_what_has_changed_is_what_came_after_the_visit_before(browse, market, who):
    client = browse(who.buyer)
    # Visits are remembered to the second: what has happened within one is shown twice rather than never.
    start = timezone.now() + dt.timedelta(seconds=1)
    with time_machine.travel(start, tick=False):
        assert [change.page for change in client.get("/").context["changes"]] == ["payments"]
    with time_machine.travel(start + dt.timedelta(hours=2), tick=False):
        assert client.get("/").context["changes"] == []
        sell(who, market, 10, 20)
    with time_machine.travel(start + dt.timedelta(hours=2, minutes=5), tick=False):
        # Still the same visit: it is compared with the one before.
        (change,) = client.get("/").context["changes"]
        assert (change.page, str(change.text)) == ("orders", "Trades settled")
        assert "2 trades" in change.subject
    with time_machine.travel(start + dt.timedelta(hours=9), tick=False):
        assert client.get("/").context["changes"] == []


def test_a_cookie_of_another_person_or_a_forged_one_says_nothing(browse, market, who):
    client = browse(who.buyer)
    client.get("/")
    other = browse(who.other_buyer)
    other.cookies["visits"] = client.cookies["visits"].value
    assert other.get("/").context["since"] < timezone.now() - dt.timedelta(days=6)
    other.cookies["visits"] = "1.9999999999:forged"
    assert other.get("/").status_code == 200


def test_who_acts_for_nobody_is_shown_the_way(browse, db):
    text = browse(UserFactory()).get("/").content.decode()
    assert "You act for no organisation yet." in text


def test_an_organisation_that_waits_for_its_approval_is_told_so(browse, who):
    person = MembershipFactory(organisation__status="applied")
    page = browse(person).get("/")
    assert "has not approved your organisation yet" in page.content.decode()
    assert page.context["tasks"] == []


def test_the_home_page_costs_so_many_queries(browse, market, who, django_assert_num_queries):
    with django_assert_num_queries(9):
        browse().get("/")
    for person, queries in ((who.buyer, 16), (who.verifier, 14), (who.registrar, 13), (who.auditor, 9)):
        client = browse(person)
        with django_assert_num_queries(queries):
            client.get("/")
    pay_in(who, who.other_buyer, 1)
    assert Market.objects.count() == 1
