import pytest
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.journal.payments import request_withdrawal
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import issue_to_cooperative, market_for, offer_block, pay_in, sell
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db
ROOMS = ("/holdings", "/holdings/held", "/retire", "/holdings/certificates", "/payments", "/withdraw", "/transfers")


def test_a_new_organisation_sees_that_it_has_nothing_and_how_to_pay_in(browse, who):
    page = browse(who.other_buyer).get("/holdings")
    assert page.context["portfolio"].cash is None
    assert "You hold no credits" in page.content.decode()
    assert "How to pay in" in browse(who.other_buyer).get("/payments").content.decode()


def test_the_portfolio_shows_what_is_held_what_it_cost_and_what_it_is_worth(browse, market, who):
    for actor, side, quantity, name in [
        (who.cooperative, "sell", 300, "s1"),
        (who.buyer, "buy", 200, "b1"),
        (who.buyer, "sell", 50, "s2"),
    ]:
        price = 4_100 if name == "s2" else 4_000
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
        execute_market(market.pk)
    page = browse(who.buyer).get("/holdings")
    (line,) = page.context["portfolio"].lines
    assert (line.tonnes, line.held_t, line.available_t) == (200, 50, 150)
    assert (line.value_fen, line.position.cost_fen, line.unrealised_fen) == (800_000, 800_800, -800)
    assert line.priced_at.date() == timezone.now().date()
    span = page.context["spans"][line.account_id]
    assert (span.last - span.first + 1, span.blocks) == (200, 1)
    assert page.context["portfolio"].cash.balance == 100_000_000 - 200 * 4_000 - 800
    text = page.content.decode()
    assert f"/credits/{line.code}/retire" in text
    assert "40.04" in text
    assert "−8.00" in text
    assert "moving weighted average" in text
    assert "estimate" in text


def test_tonnes_without_a_price_are_named_and_not_counted(browse, who):
    issue_to_cooperative(who, 70)
    page = browse(who.cooperative).get("/holdings")
    assert page.context["portfolio"].total_fen == 0
    assert "70 t have no price yet and are not counted." in page.content.decode()


def test_a_viewer_sees_the_portfolio_but_nothing_to_do_with_it(browse, market, who):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    text = browse(viewer).get("/holdings").content.decode()
    assert "1,000" in text
    assert '/retire"' not in text.replace('href="/retire"', "")
    assert '"button button--small" href="/withdraw"' not in text


def test_who_neither_holds_nor_trades_is_told_so_and_has_no_other_rooms(browse, who):
    for person in (who.verifier, who.registrar, who.auditor):
        assert "neither holds nor trades" in browse(person).get("/holdings").content.decode()
        assert browse(person).get("/holdings/held").context["page"].object_list == []
        assert [
            browse(person).get(room).status_code for room in ("/retire", "/holdings/certificates", "/payments")
        ] == [404] * 3


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_its_organisations_own(browse, market, who, room):
    assert browse().get(room).headers["location"].startswith("/login")
    for person in (who.cooperative, who.buyer):
        assert browse(person).get(room).status_code == 200
    assert browse(who.buyer).post(room, {"amount": ""}).status_code in (405, 422)


def test_what_is_held_is_listed_with_the_way_to_it(browse, market, who):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s1", "sell", 4_000, 30))
    execute_market(market.pk)
    offer = offer_block(who.buyer, who.cooperative, market, "o1")
    request_withdrawal(actor=who.buyer, amount_fen=12_345)
    text = browse(who.buyer).get("/holdings/held").content.decode()
    assert f'href="/blocks/{offer.pk}"' in text
    assert "¥123.45" in text
    assert f'href="/markets/{market.symbol}"' in browse(who.cooperative).get("/holdings/held").content.decode()
    assert "Nothing is held" in browse(who.other_buyer).get("/holdings/held").content.decode()


def test_certificates_are_ones_own_with_what_is_not_public(browse, market, who):
    retirement = retire_credits(
        actor=who.cooperative,
        batch_id=market.asset.batch.pk,
        quantity_t=5,
        beneficiary_name="Secret Company",
        purpose="event",
        is_beneficiary_public=False,
    )
    text = browse(who.cooperative).get("/holdings/certificates").content.decode()
    assert "Secret Company" in text
    assert f"/retirements/{retirement.public_id}/certificate.pdf" in text
    assert "Secret Company" not in browse(who.buyer).get("/holdings/certificates").content.decode()


def test_more_vintages_cost_no_more_queries_and_come_page_by_page(browse, market, who, django_assert_num_queries):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    for vintage in range(2020, 2026):
        market_for(who, issue_to_cooperative(who, 100, project=project, vintage=vintage))
    for _ in range(50):
        issue_to_cooperative(who, 1)
    client = browse(who.cooperative)
    with django_assert_num_queries(10):
        page = client.get("/holdings")
    assert len(page.context["portfolio"].lines) == 57
    assert sum(len(share.lines) for share in page.context["shares"]) == 50
    assert sum(len(share.lines) for share in client.get("/holdings?page=2").context["shares"]) == 7
    with django_assert_num_queries(4):
        client.get("/holdings/held")
    with django_assert_num_queries(5):
        client.get("/retire")
    with django_assert_num_queries(4):
        client.get("/holdings/certificates")


def test_the_worst_amounts_are_written_whole(browse, who):
    pay_in(who, who.buyer, 10**15)
    batch = issue_to_cooperative(who, 10**9)
    market = market_for(who, batch, reference_price_fen=1, band_percent=99)
    sell(who, market, 1, price_fen=1)
    sell(who, market, 10**8, price_fen=1)
    text = browse(who.buyer).get("/holdings").content.decode()
    assert "100,000,001" in text
    assert "9,999,998,999,999.99" in text
    assert "0.01" in text
