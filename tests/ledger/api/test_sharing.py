"""Member households and benefit sharing over the API, by everybody who may and may not."""

import pytest
from django.test import Client

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.models import Household, Membership, Organisation, Payout, SharingPlan
from tests.callers import Caller
from tests.factories import HouseholdFactory, MembershipFactory, ProjectFactory
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell

pytestmark = pytest.mark.django_db

PLAN = {"retained_bps": 1_000, "retained_for": "渠道维修", "area_bps": 10_000, "equal_bps": 0, "contribution_bps": 0}


@pytest.fixture
def shared(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    pay_in(who, who.buyer, 100_000_000)
    market = market_for(who, issue_to_cooperative(who, 1_000, project=project))
    households = households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, 10)
    share_waiting_proceeds()
    return households


@pytest.fixture
def others(who):
    """Everybody who is not a person of the cooperative that writes."""
    return [
        MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER),
        MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE),
        who.buyer,
        who.verifier,
        who.registrar,
        who.treasurer,
        who.auditor,
    ]


def test_households_are_kept(who):
    caller = Caller(who.cooperative)
    made = caller.send("/households", {"code": "3-017", "name": "陈家"})
    assert made.status_code == 201
    household = made.json()
    assert (household["code"], household["balance_fen"], household["has_link"]) == ("3-017", 0, False)
    address = f"/households/{household['id']}"
    assert caller.send(f"{address}/rename", {"code": "3-018", "name": "陈家"}).json()["code"] == "3-018"
    link = caller.send(f"{address}/link", {})
    assert (link.status_code, "no-store" in link["Cache-Control"]) == (201, True)
    assert Client().get(f"/h/{link.json()['token']}").status_code == 200
    assert caller.send(f"{address}/revoke-link", {}).status_code == 204
    assert Client().get(f"/h/{link.json()['token']}").status_code == 404
    assert caller.send(f"{address}/leave", {}).json()["left_at"]
    assert caller.send(f"{address}/leave", {}).status_code == 409
    assert caller.send("/households/import", {"csv": "code,name\n1,甲\n2,乙\n"}).json() == {"added": 2}
    refused = caller.send("/households/import", {"csv": "code,name\n1,甲\n3,丙\n"})
    assert (refused.status_code, refused.json()["code"]) == (422, "household_list_refused")
    assert len(caller.ask("/households").json()["results"]) == 3


def test_a_plan_is_previewed_and_stated(who, shared):
    caller = Caller(who.cooperative)
    preview = caller.send("/sharing-plans/preview", PLAN).json()
    assert (preview["retained_fen"], [share["amount_fen"] for share in preview["shares"]]) == (
        100_000,
        [300_000, 600_000],
    )
    plan = caller.send("/sharing-plans", PLAN).json()
    assert (plan["version"], plan["project"]) == (2, None)
    refused = caller.send("/sharing-plans", PLAN | {"equal_bps": 1})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/area_bps")
    twice = [{"code": shared[0].code, "weight": 1}] * 2
    wanted = PLAN | {"area_bps": 0, "contribution_bps": 10_000, "contributions": twice}
    assert caller.send("/sharing-plans", wanted).status_code == 422
    assert caller.send("/sharing-plans", PLAN | {"effective_from": "2020-01-01T00:00:00Z"}).status_code == 422
    assert caller.send("/sharing-plans", PLAN | {"project": "TH-35-999999"}).status_code == 422
    assert SharingPlan.objects.count() == 2


def test_distributions_and_shares_are_read_by_those_whom_they_concern(who, shared, others):
    found = Caller(who.cooperative).ask("/distributions").json()["results"]
    assert [(each["net_fen"], each["retained_fen"], each["shared_fen"]) for each in found] == [(40_000, 4_000, 36_000)]
    address = f"/distributions/{found[0]['id']}/shares"
    shares = Caller(who.cooperative).ask(address).json()["results"]
    assert sorted(share["amount_fen"] for share in shares) == [12_000, 24_000]
    readers = {
        True: [others[0], who.auditor, who.registrar, who.treasurer],
        False: [others[1], who.buyer, who.verifier],
    }
    for reader in readers[True]:
        assert Caller(reader).ask(address).status_code == 200
        assert len(Caller(reader).ask("/households").json()["results"]) == 2
    for reader in readers[False]:
        assert Caller(reader).ask(address).status_code == 404
        for what in ("households", "distributions", "payouts", "sharing-plans"):
            assert Caller(reader).ask(f"/{what}").json()["results"] == []
    plan_of(who, is_public=True)
    assert len(Caller(who.buyer).ask("/sharing-plans").json()["results"]) == 1


def test_payouts_are_ordered_by_the_owner_and_decided_by_treasurers(who, shared, others):
    for other in others:
        # Another cooperative's owner may; its households have nothing.
        assert Caller(other).send("/payouts", {}).status_code == (409 if other is others[1] else 403)
    (payout,) = Caller(who.cooperative).send("/payouts", {}).json()
    assert (payout["amount_fen"], payout["households"], payout["status"]) == (36_000, 2, "requested")
    address = f"/payouts/{payout['id']}/confirm"
    for other in (*others, who.cooperative):
        if other is not who.treasurer:
            assert Caller(other).send(address, {"bank_reference": "B"}).status_code in (403, 404)
    assert Caller(who.treasurer).send(address, {"bank_reference": ""}).status_code in (400, 422)
    confirmed = Caller(who.treasurer).send(address, {"bank_reference": "B-1"}).json()
    assert (confirmed["status"], confirmed["bank_reference"]) == ("posted", "B-1")
    assert Caller(who.second_treasurer).send(f"/payouts/{payout['id']}/refuse", {}).status_code == 409
    assert Payout.objects.get().status == "posted"


def test_nobody_else_keeps_households_or_states_plans(who, others):
    household = HouseholdFactory(cooperative=who.cooperative.organisation)
    for other in others:
        caller = Caller(other)
        stranger = other.organisation.kind == Organisation.Kind.COOPERATIVE and other is others[1]
        for step, body in (("rename", {"code": "1", "name": "x"}), ("leave", {}), ("link", {}), ("revoke-link", {})):
            status = caller.send(f"/households/{household.public_id}/{step}", body).status_code
            assert status == (404 if stranger else 403)
        if not stranger:
            assert caller.send("/households", {"code": "1", "name": "x"}).status_code == 403
            assert caller.send("/households/import", {"csv": "code,name\n1,x\n"}).status_code == 403
            assert caller.send("/sharing-plans", PLAN).status_code == 403
            assert caller.send("/sharing-plans/preview", PLAN).status_code == 403
    assert Household.objects.get().left_at is None
    assert not SharingPlan.objects.exists()
    assert Client().get("/api/v1/households").status_code == 401


def test_a_share_is_listed_among_the_accounts_of_those_who_read_everything(who, shared):
    rows = Caller(who.auditor).ask("/accounts").json()["results"]
    shares = [row for row in rows if row["purpose"] == "share"]
    assert {row["household"] for row in shares} == {str(each.public_id) for each in shared}
    assert all(row["organisation"] is None for row in shares)
    own = Caller(who.cooperative).ask("/accounts").json()["results"]
    assert not [row for row in own if row["purpose"] == "share"]


def test_the_lists_cost_the_same_however_long(who, shared, django_assert_num_queries):
    caller = Caller(who.cooperative)
    caller.ask("/households")
    HouseholdFactory.create_batch(10, cooperative=who.cooperative.organisation)
    for what in ("households", "distributions", "payouts", "sharing-plans"):
        with django_assert_num_queries(2):
            assert caller.ask(f"/{what}").status_code == 200
