"""A cooperative's pages of benefit sharing: the plan with its preview, what was shared, the notice, payouts."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.sharing.plans import PlanTerms, state_plan
from ledger.errors import NotAllowed
from ledger.models import Distribution, Membership, Organisation, Payout, Record, SharingPlan
from tests.factories import HouseholdFactory, MembershipFactory, ParcelFactory, ProjectFactory
from tests.ledger.web.test_households import client_of
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell

pytestmark = pytest.mark.django_db

BY_AREA = {"retained": "10", "retained_for": "渠道维修", "rule": "area", "contributions": "", "statement": "大会通过"}


@pytest.fixture
def page(who):
    return client_of(who.cooperative)


@pytest.fixture
def project(who):
    return ProjectFactory(proponent=who.cooperative.organisation)


@pytest.fixture
def market(who, project):
    pay_in(who, who.buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 10_000, project=project))


@pytest.fixture
def shared(who, project, market):
    households = households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, 10)
    share_waiting_proceeds()
    return households


def test_a_plan_is_previewed_and_then_stated(page, who, project):
    one, other = households_of(who, project, ["1", "2"])
    assert page.get("/sharing/plan").status_code == 200
    preview = page.post("/sharing/plan", BY_AREA)
    assert preview.status_code == 200
    text = preview.content.decode()
    for said in ("1,000.00", "9,000.00", "3,000.00", "6,000.00", one.name, other.name):
        assert said in text
    assert not SharingPlan.objects.exists()
    assert page.post("/sharing/plan", {**BY_AREA, "change": "1"}).status_code == 200
    assert page.post("/sharing/plan", {**BY_AREA, "confirmed": "1"}).status_code == 302
    plan = SharingPlan.objects.get()
    assert (plan.version, plan.retained_bps, plan.area_bps, plan.stated_by) == (1, 1_000, 10_000, who.cooperative.user)
    assert "大会通过" in page.get("/sharing").content.decode()
    assert Record.objects.filter(kind="sharing_plan_stated").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"retained": "101"}, "retained"),
        ({"retained": "-1"}, "retained"),
        ({"retained": "10.001"}, "retained"),
        ({"retained": "x"}, "retained"),
        ({"retained_for": ""}, "retained_for"),
        ({"rule": "mixed", "area": "50", "equal": "49"}, "rule"),
        ({"rule": "lottery"}, "rule"),
        ({"rule": "contribution", "contributions": ""}, "contributions"),
        ({"rule": "contribution", "contributions": "9-999 5"}, "contributions"),
        ({"rule": "contribution", "contributions": "1-001"}, "contributions"),
        ({"rule": "contribution", "contributions": "1-001 -5"}, "contributions"),
        ({"rule": "contribution", "contributions": "a 1\na 2"}, "contributions"),
        ({"project": "TH-35-999999"}, "project"),
        ({"effective_on": "2020-01-01"}, "effective_on"),
        ({"effective_on": "0001-01-01"}, "effective_on"),
        ({"statement": "\x00"}, "statement"),
        ({"statement": "a" * 2_001}, "statement"),
    ],
)
def test_what_cannot_be_stated_is_said_beside_the_field(page, who, project, changes, field):
    households_of(who, project, ["1"])
    answer = page.post("/sharing/plan", {**BY_AREA, **changes, "confirmed": "1"})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors, answer.context["form"].errors
    assert not SharingPlan.objects.exists()


def test_a_plan_by_which_nobody_gets_anything_is_not_previewed(page, who):
    assert page.post("/sharing/plan", BY_AREA).status_code == 422


def test_contributions_are_read_as_people_write_them(page, who, project):
    one, other = households_of(who, project, ["1", "1"])
    written = f"{one.code}\t３０\r\n\r\n{other.code}，10\n"
    stated = {**BY_AREA, "rule": "contribution", "contributions": written, "confirmed": "1"}
    assert page.post("/sharing/plan", stated).status_code == 302
    assert sorted(SharingPlan.objects.get().weights.values_list("weight", flat=True)) == [10, 30]


def test_only_the_owner_states_plans_and_orders_payouts(who, shared):
    trader = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.TRADER)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    distribution = Distribution.objects.get()
    for reader in (trader, viewer):
        assert client_of(reader).get("/sharing").status_code == 200
        assert client_of(reader).get("/sharing/plan").status_code == 404
        assert client_of(reader).post("/sharing/plan", {**BY_AREA, "confirmed": "1"}).status_code == 404
        assert client_of(reader).post("/sharing/payouts").status_code == 403
        assert client_of(reader).get(f"/sharing/distributions/{distribution.pk}").status_code == 200
    for reader in (stranger, who.buyer, who.verifier):
        reading = client_of(reader)
        assert reading.get(f"/sharing/distributions/{distribution.pk}").status_code == 404
        for ending in ("", ".pdf", ".csv"):
            assert reading.get(f"/sharing/notice{ending}?distribution={distribution.pk}").status_code == 404
    for reader in (who.auditor, who.registrar):
        assert client_of(reader).get(f"/sharing/distributions/{distribution.pk}").status_code == 200
        assert client_of(reader).get(f"/sharing/notice?distribution={distribution.pk}").status_code == 200
        assert client_of(reader).post("/sharing/payouts").status_code == 404
    for reader in (trader, viewer, who.buyer, who.verifier, who.auditor, who.registrar):
        with pytest.raises(NotAllowed):
            state_plan(actor=reader, terms=PlanTerms(area_bps=10_000))
    assert Client().get("/sharing").status_code == 302
    assert not Payout.objects.exists()


def test_the_overview_shows_what_waits_and_why(page, who, project, market):
    plan_of(who)
    sell(who, market, 10)
    share_waiting_proceeds()
    text = page.get("/sharing").content.decode()
    assert "400.00" in text
    assert page.get("/sharing").context["waiting"].shared_fen == 36_000


def test_the_pages_cost_the_same_however_much_there_is(page, who, shared, market, django_assert_num_queries):
    page.get("/sharing")
    for _turn in range(3):
        sell(who, market, 1)
        share_waiting_proceeds()
    HouseholdFactory.create_batch(5, cooperative=who.cooperative.organisation)
    with django_assert_num_queries(14):
        page.get("/sharing")
    with django_assert_num_queries(10):
        page.get(f"/sharing/distributions/{Distribution.objects.latest('id').pk}")


def test_a_notice_for_the_village_board(page, who, shared):
    distribution = Distribution.objects.get()
    address = f"/sharing/notice?distribution={distribution.pk}"
    text = page.get(address).content.decode()
    for said in ("120.00", "240.00", "40.00", "400.00", "15.00", shared[0].name, shared[1].code, "<svg"):
        assert said in text
    codes = page.get(f"{address}&names=codes").content.decode()
    assert shared[0].name not in codes
    assert shared[0].code in codes
    pdf = page.get(f"/sharing/notice.pdf?distribution={distribution.pk}")
    assert pdf.content.startswith(b"%PDF-")
    csv = b"".join(page.get(f"/sharing/notice.csv?distribution={distribution.pk}&names=codes")).decode()
    assert csv.startswith("\ufeffcode,area_mu,contribution,share_yuan")
    assert f"{shared[0].code},15.00,0,120.00" in csv
    today = timezone.localdate()
    assert page.get(f"/sharing/notice?starts_on={today}&ends_on={today}").status_code == 200
    yesterday = today - dt.timedelta(days=1)
    assert page.get(f"/sharing/notice?ends_on={yesterday}").status_code == 404
    for wrong in ("starts_on=x", "starts_on=2026-02-01&ends_on=2026-01-01", "distribution=²", "distribution=9" * 99):
        assert page.get(f"/sharing/notice?{wrong}").status_code in (200, 404, 422)


def test_a_notice_of_many_distributions_sums_up_each_household(page, who, shared, market):
    for _turn in range(2):
        sell(who, market, 10)
        share_waiting_proceeds()
    notice = page.get("/sharing/notice").context["notice"]
    assert [line.amount_fen for line in notice.lines] == [36_000, 72_000]
    assert (notice.sales, notice.net_fen, notice.adds_up) == (3, 120_000, True)


def test_payouts_are_ordered_and_listed(page, who, shared):
    assert page.post("/sharing/payouts").status_code == 302
    payout = Payout.objects.get()
    text = page.get("/sharing").content.decode()
    assert "360.00" in text
    csv = b"".join(page.get(f"/sharing/payouts/{payout.pk}.csv")).decode()
    assert f"{shared[1].code},{shared[1].name},240.00" in csv
    assert page.post("/sharing/payouts").status_code == 409
    assert client_of(who.buyer).get(f"/sharing/payouts/{payout.pk}.csv").status_code == 404


def test_a_public_plan_is_shown_beside_the_project(who, project):
    address = f"/projects/{project.code}/sharing"
    plan_of(who, statement="只给社员看")
    assert "只给社员看" not in Client().get(address).content.decode()
    plan_of(who, statement="大会通过", is_public=True)
    assert "大会通过" in Client().get(address).content.decode()
    assert Client().get("/projects/TH-35-999999/sharing").status_code == 404
    ParcelFactory(project=project)
    assert address in Client().get(f"/projects/{project.code}").content.decode()
