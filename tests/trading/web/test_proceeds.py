"""What sales have brought, year by year, and where the money went."""

import datetime as dt

import pytest
import time_machine

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.journal.payments import confirm_payment, request_withdrawal
from ledger.journal.payouts import confirm_payout, request_payout
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(who):
    return ProjectFactory(proponent=who.cooperative.organisation)


@pytest.fixture
def market(who, project):
    pay_in(who, who.buyer, 100_000_000)
    batch = issue_to_cooperative(who, 1_000, buffer_t=100, project=project, vintage=2024)
    return market_for(who, batch, maker_fee_bps=10, taker_fee_bps=10)


def test_it_says_what_came_in_and_where_it_went(browse, who, project, market):
    households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, 100)
    share_waiting_proceeds()
    (payout,) = request_payout(actor=who.cooperative)
    confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="PAYOUT-1")
    payment = request_withdrawal(actor=who.cooperative, amount_fen=10_000)
    confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference="OUT-1")
    answer = browse(who.cooperative).get("/proceeds")
    found, moved = answer.context["total"], answer.context["moved"]
    assert (found.tonnes, found.gross_fen, found.fee_fen, found.net_fen) == (100, 400_000, 400, 399_600)
    assert (moved.shared_fen, moved.retained_fen) == (359_640, 39_960)
    assert (moved.paid_to_households_fen, moved.withdrawn_fen) == (359_640, 10_000)
    assert answer.context["cash"].available == 39_960 - 10_000
    (season,) = answer.context["seasons"]
    assert (season.own_t, season.sold_t, season.net_fen, season.shared_fen) == (900, 100, 399_600, 359_640)
    text = answer.content.decode()
    for words in ("¥4,000.00", "¥3,996.00", "¥3,596.40", "Issued: 900 t are yours", "Sold: 100 t for ¥3,996.00"):
        assert words in text


def test_years_are_those_of_china(browse, who, market):
    with time_machine.travel(dt.datetime(2026, 12, 31, 16, 30, tzinfo=dt.UTC), tick=False):
        sell(who, market, 10)
        page = browse(who.cooperative)
        assert page.get("/proceeds").context["total"].tonnes == 10
    with time_machine.travel(dt.datetime(2028, 3, 1, tzinfo=dt.UTC), tick=False):
        page = browse(who.cooperative)
        answer = page.get("/proceeds")
        assert (answer.context["years"], answer.context["total"]) == ([2028, 2027], None)
        assert "Nothing has been sold in this year" in answer.content.decode()
        assert page.get("/proceeds?year=2027").context["total"].tonnes == 10
        for hostile in ("1", "2026", "x", "9" * 99, "%00"):
            assert page.get(f"/proceeds?year={hostile}").context["year"] == 2028


def test_without_a_plan_it_is_said_that_nothing_is_shared(browse, who, market):
    text = browse(who.cooperative).get("/proceeds").content.decode()
    assert "No sharing plan is stated yet" in text


def test_who_sees_proceeds_sees_only_ones_own(browse, who, market):
    sell(who, market, 10)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    stranger = MembershipFactory(organisation__kind="cooperative")
    assert browse(viewer).get("/proceeds").context["total"].tonnes == 10
    assert "/withdraw" not in browse(viewer).get("/proceeds").content.decode()
    for person in (stranger, who.other_buyer):
        answer = browse(person).get("/proceeds")
        assert (answer.status_code, answer.context["total"], answer.context["seasons"]) == (200, None, [])
    for person in (who.verifier, who.registrar, who.auditor):
        assert browse(person).get("/proceeds").status_code == 404
    assert browse().get("/proceeds").status_code == 302


def test_more_sales_ask_the_database_no_more(browse, who, market, django_assert_max_num_queries):
    pay_in(who, who.buyer, 10_000_000)
    for _more in range(3):
        other = market_for(who, issue_to_cooperative(who, 100))
        sell(who, other, 5, 5)
    page = browse(who.cooperative)
    with django_assert_max_num_queries(16):
        page.get("/proceeds")
