"""Whatever is thrown at an operation: never a 500, always a problem, and a refusal has changed nothing."""

import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.urls import get_resolver
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.credits.cancellations.orders import request_cancellation
from ledger.credits.reversals.services import confirm_reversal
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.sharing.links import make_links
from ledger.journal.corrections import request_correction
from ledger.journal.payments import request_deposit
from ledger.journal.payouts import request_payout
from ledger.models import (
    Household,
    MonitoringReport,
    Notice,
    Organisation,
    Payout,
    Project,
    Transaction,
    WebhookDelivery,
)
from ledger.parties.invitations import invite_member
from ledger.parties.role_changes import propose_change
from ledger.projects.conflicts import declare_conflict
from ledger.projects.diary.services import NewEntry, write_entry
from ledger.projects.digests import sheet_sha256
from ledger.projects.documents.services import NewDocument, add_document
from ledger.projects.lifecycle import ask_withdrawal
from ledger.projects.renewals import assess_renewal, request_renewal
from ledger.projects.reports import draft_report
from ledger.projects.risk import state_risk
from ledger.webhooks.services import add_endpoint, pause_endpoint, send_test
from tests.callers import PROBLEM, Caller, undone
from tests.factories import (
    PASSWORD,
    PRACTICES,
    SETTINGS,
    HouseholdFactory,
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
    UserFactory,
    beside,
    square,
)
from tests.files import pdf
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    People,
    accepted,
    find,
    issue_to_cooperative,
    market_for,
    offer_credits,
    pay_in,
    people,
    plan_of,
    report_loss,
    report_year,
    sell,
)
from tests.scenes import answer as answer_finding

# Numbers, texts and shapes that have broken programs before.
NASTY = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        0.5,
        5.0,
        1e30,
        2**31,
        2**53,
        2**63,
        10**40,
        "",
        " ",
        "5",
        "\x00",
        "\ud800",
        "\u202e",
        "x" * 20_001,
        "𠮷" * 200,
        "%s%(name)s{0}",
        [],
        {},
        [[]],
        {"": None},
        {"__proto__": {}},
    ]
)
Scene = tuple[People, dict[str, Any]]
JSON = st.recursive(
    NASTY | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ORDER = {"client_order_id": "a-1", "side": "buy", "price_fen": 4_000, "quantity_t": 1}
SOON = (timezone.now() + dt.timedelta(days=2)).isoformat()
OFFER = {"client_offer_id": "o-1", "price_fen": 4_500, "quantity_t": 2, "expires_at": SOON}
LOT = {
    "client_auction_id": "l-1",
    "quantity_t": 5,
    "reserve_price_fen": 4_000,
    "least_bid_t": 1,
    "is_sealed": True,
    "pricing": "uniform",
    "closes_at": SOON,
}
SHORT = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
BID = {"client_bid_id": "b-1", "price_fen": 4_500, "quantity_t": 2}
PLAN = {
    "retained_bps": 1_000,
    "retained_for": "渠道维修",
    "area_bps": 0,
    "equal_bps": 5_000,
    "contribution_bps": 5_000,
    "contributions": [{"code": "1-001", "weight": 5}],
}
CASES = {
    "tokens": ("nobody", {"username": "lin", "password": PASSWORD, "name": "desk"}),
    "users": ("nobody", {"username": "wu", "password": PASSWORD, "display_name": "吴"}),
    "tokens/revoke": ("buyer", {}),
    "members/leave": ("second_treasurer", {}),
    "members/{member}/role": ("buyer", {"role": "trader"}),
    "members/{member}/remove": ("buyer", {}),
    "invitations": ("buyer", {"role": "trader", "note": "小林"}),
    "invitations/accept": ("newcomer", {"secret": "{secret}"}),
    "invitations/{invitation}/withdraw": ("buyer", {}),
    "invitations/{offered}/confirm": ("registrar", {}),
    "role-changes/{role_change}/confirm": ("registrar", {}),
    "role-changes/{role_change}/refuse": ("registrar", {}),
    "organisations": (
        "newcomer",
        {"kind": "buyer", "name": "新", "name_en": "New", "credit_code": "91350100M0001XH5XQ"},
    ),
    "organisations/{applied}/approve": ("registrar", {}),
    "organisations/{approved}/suspend": ("registrar", {}),
    "households": ("cooperative", {"code": "3-017", "name": "陈家"}),
    "households/links": ("cooperative", {}),
    "households/import": ("cooperative", {"csv": "code,name\n9-001,林家\n"}),
    "households/{household}/rename": ("cooperative", {"code": "3-018", "name": "陈家"}),
    "households/{household}/leave": ("cooperative", {}),
    "households/{household}/link": ("cooperative", {}),
    "households/{household}/revoke-link": ("cooperative", {}),
    "notices/read": ("buyer", {"up_to": 5}),
    "notices/{notice}/read": ("buyer", {}),
    "webhooks": (
        "buyer",
        {"url": "https://example.cn/hooks", "events": ["trade.settled", "credits.issued"], "description": "ERP"},
    ),
    "webhooks/{webhook}/change": (
        "buyer",
        {"url": "https://example.cn/hooks", "events": ["order.filled"], "description": "ERP"},
    ),
    "webhooks/{webhook}/rotate": ("buyer", {}),
    "webhooks/{webhook}/pause": ("buyer", {}),
    "webhooks/{paused_webhook}/resume": ("buyer", {}),
    "webhooks/{webhook}/test": ("buyer", {}),
    "webhooks/deliveries/{delivery}/redeliver": ("buyer", {}),
    "projects": (
        "cooperative",
        {
            "name": "稻",
            "place": "福建",
            "province_code": "35",
            "methodology": "rice-water-1",
            "settings": SETTINGS,
            "crediting_starts_on": "2020-01-01",
            "crediting_ends_on": "2029-12-31",
            "description": "",
        },
    ),
    "projects/{draft}/parcels": (
        "cooperative",
        {"code": "N", "name": "新", "geometry": square(900), "practices": PRACTICES},
    ),
    "projects/{draft}/describe": (
        "cooperative",
        {
            "name": "稻",
            "county_code": "350627",
            "starts_on": "2020-03-01",
            "settings": SETTINGS,
            "project_link": "https://example.org/",
            "covered_by_ndc": "inside",
            "co_benefits": ["sdg_2"],
            "labels": [{"name": "CCB", "label_type": "certification", "valid_from": "2021-01-01"}],
            "related_projects": [{"project": "VCS 1", "relationship": "next to it"}],
            "estimations": [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": 5}],
            "is_listed_elsewhere": True,
            "other_listings": [{"registry": "Verra", "number": "1", "status": "listed"}],
        },
    ),
    "projects/{draft}/baseline": ("cooperative", {"evidence": "records", "parcels": ["P"]}),
    "projects/{draft}/parcels/many": (
        "cooperative",
        {"parcels": [{"code": "M", "geometry": square(901), "practices": PRACTICES, "declared_area_ha": "112"}]},
    ),
    "projects/{draft}/parcels/file": (
        "cooperative",
        {
            "name": "fields.geojson",
            "content": base64.b64encode(json.dumps(square(902)).encode()).decode(),
            "datum": "GCJ-02",
            "converts": True,
            "swaps": False,
            "practices": PRACTICES,
        },
    ),
    "projects/{draft}/parcels/change": (
        "cooperative",
        {"parcel": "P", "code": "Q", "name": "新", "geometry": square(903), "practices": PRACTICES},
    ),
    "projects/{draft}/parcels/remove": ("cooperative", {"parcels": ["P"]}),
    "projects/{draft}/parcels/practices": ("cooperative", {"parcels": ["P"], "practices": PRACTICES}),
    "projects/{draft}/parcels/household": ("cooperative", {"parcels": ["P"], "household_code": "1-001"}),
    "projects/{draft}/submit": ("cooperative", {}),
    "projects/{submitted}/accept": ("verifier", {}),
    "projects/{in_validation}/decline": ("verifier", {"reason": "no people"}),
    "projects/{in_validation}/return": ("verifier", {"reason": "no map"}),
    "projects/{in_validation}/validate": ("verifier", {"statement": "seen"}),
    "projects/{submitted}/reject": ("registrar", {"reason": "no map"}),
    "projects/{validated}/register": ("registrar", {}),
    "projects/{registered}/suspend": ("registrar", {"reason": "drained wrongly"}),
    "projects/{suspended}/resume": ("registrar", {"reason": "set right"}),
    "projects/{submitted}/withdraw": ("cooperative", {"reason": "no longer"}),
    "projects/{registered}/withdrawal": ("cooperative", {"reason": "no longer"}),
    "projects/{asked}/withdrawal/grant": ("registrar", {}),
    "projects/{asked}/withdrawal/refuse": ("registrar", {"reason": "credits are owed"}),
    "projects/{in_validation}/debundling": ("registrar", {"is_one_with_them": False, "reason": "other villages"}),
    "projects/{ending}/renewals": ("cooperative", {"ends_on": "{next_year}", "note": "as before"}),
    "renewals/{renewal}/assess": ("verifier", {"statement": "still so"}),
    "renewals/{assessed}/grant": ("registrar", {}),
    "renewals/{renewal}/refuse": ("registrar", {"reason": "no"}),
    "projects/{submitted}/conflicts": ("verifier", {"nature": "advised", "note": "in 2021"}),
    "conflicts/{conflict}/lift": ("registrar", {"reason": "mistaken"}),
    "projects/{soil}/risks": ("cooperative", {"answers": ANSWERS}),
    "risks/{risk}/confirm": ("verifier", {}),
    "risks/{risk}/refuse": ("verifier", {"reason": "the dyke is broken"}),
    "projects/{registered}/reports": ("cooperative", {"vintage": 2024, "practices": {"P": PRACTICES}}),
    "projects/{registered}/diary": (
        "cooperative",
        {
            "client_uuid": "0a3c1f0e-58a5-4d0b-9d3e-7a0a5a9a6c10",
            "kind": "drainage",
            "parcels": ["P"],
            "happened_on": "2024-05-20",
            "happened_time": "09:30:00",
            "season": "early",
            "content": {"water_level_cm": "-5"},
            "note": "",
            "place": {"latitude": "24.5", "longitude": "117.1", "accuracy_m": 12},
        },
    ),
    "projects/{kept_diary}/diary/report": ("cooperative", {"vintage": 2024}),
    "projects/{registered}/diary/{diary_entry}/withdraw": ("cooperative", {"reason": "wrong field"}),
    "documents/{document}/publish": ("cooperative", {}),
    "documents/{document}/withdraw": ("cooperative", {"reason": "wrong file"}),
    "reports/{report_draft}/practices": ("cooperative", {"practices": {"P": PRACTICES}}),
    "reports/{report_draft}/submit": ("cooperative", {"verifier": "{verifier}"}),
    "reports/{report_draft}/discard": ("cooperative", {}),
    "reports/{handed_in}/assign": ("registrar", {"verifier": "{other_verifier}", "reason": "too slow"}),
    "reports/{handed_in}/accept": ("verifier", {}),
    "reports/{handed_in}/decline": ("verifier", {"reason": "no time"}),
    "reports/{unverified}/findings": ("verifier", {"kind": "clarification", "text": "why?"}),
    "findings/{finding}/answer": ("cooperative", {"answer": "so"}),
    "findings/{finding}/close": ("verifier", {"note": "good"}),
    "findings/{answered}/reopen": ("verifier", {"reason": "not so"}),
    "reports/{examined}/correct": ("cooperative", {"practices": {"P": SHORT}}),
    "reports/{unverified}/verify": ("verifier", {"statement": "seen"}),
    "reports/{unverified}/reject": ("verifier", {"reason": "no diary"}),
    "reports/{verified}/approve": ("registrar", {}),
    "reports/{report}/issue": ("registrar", {"quantity_t": 5}),
    "retirements": (
        "cooperative",
        {
            "batch": "{batch}",
            "quantity_t": 1,
            "beneficiary_name": "乙",
            "purpose": "event",
            "is_beneficiary_public": False,
            "note": "n",
            "beneficiary_place": "p",
            "period_starts_on": "2023-01-01",
            "period_ends_on": "2023-12-31",
            "first_serial": "30",
        },
    ),
    "credit-transfers": (
        "cooperative",
        {
            "batch": "{batch}",
            "recipient": "{approved}",
            "quantity_t": 1,
            "ground": "contract",
            "price_fen": 4_000,
            "note": "n",
        },
    ),
    "credit-transfers/{transfer}/accept": ("buyer", {}),
    "credit-transfers/{transfer}/decline": ("buyer", {}),
    "credit-transfers/{transfer}/withdraw": ("cooperative", {}),
    "cancellations": ("cooperative", {"batch": "{batch}", "quantity_t": 1, "reason": "no_claim", "first_serial": "40"}),
    "cancellation-orders": (
        "registrar",
        {
            "batch": "{batch}",
            "organisation": "{seller}",
            "quantity_t": 1,
            "reason": "mistake",
            "note": "n",
            "first_serial": "50",
        },
    ),
    "cancellation-orders/{cancellation_order}/confirm": ("registrar", {}),
    "cancellation-orders/{cancellation_order}/refuse": ("registrar", {}),
    "reversals": (
        "cooperative",
        {
            "project": "{lossy}",
            "happened_on": "2025-06-01",
            "discovered_on": "2025-07-01",
            "cause": "over_issuance",
            "is_intentional": False,
            "description": "d",
            "loss_t": 1,
        },
    ),
    "reversals/{reversal}/confirm": ("registrar", {"due_on": SOON[:10]}),
    "reversals/{reversal}/refuse": ("registrar", {"reason": "none"}),
    "reversals/{owed}/replenish": ("cooperative", {"batch": "{batch}", "quantity_t": 1, "first_serial": "60"}),
    "payments/deposits": ("treasurer", {"organisation": "{approved}", "amount_fen": 5, "bank_reference": "B-9"}),
    "payments/withdrawals": ("buyer", {"amount_fen": 5}),
    "payments/{payment}/confirm": ("second_treasurer", {"bank_reference": "B-8"}),
    "payments/{payment}/refuse": ("second_treasurer", {}),
    "sharing-plans": ("cooperative", {**PLAN, "effective_from": "2099-01-01T00:00:00Z", "is_public": True}),
    "sharing-plans/preview": ("cooperative", {**PLAN, "project": None, "statement": "s"}),
    "payouts": ("cooperative", {}),
    "payouts/{payout}/confirm": ("treasurer", {"bank_reference": "B-7"}),
    "payouts/{payout}/refuse": ("treasurer", {}),
    "corrections": ("treasurer", {"transaction": "{wrong}", "reason": "twice"}),
    "corrections/{correction}/confirm": ("second_treasurer", {}),
    "corrections/{correction}/refuse": ("second_treasurer", {}),
    "markets": (
        "registrar",
        {
            "asset": "{other_batch}",
            "symbol": "NEW",
            "reference_price_fen": 4_000,
            "tick_size_fen": 1,
            "lot_size_t": 1,
            "band_percent": 10,
            "maker_fee_bps": 0,
            "taker_fee_bps": 5,
            "sessions": [{"pre_open": "09:15", "open": "09:30", "closing": "14:57", "close": "15:00"}],
            "volatility_percent": 5,
            "volatility_minutes": 3,
            "largest_order_t": 1_000,
            "block_band_percent": 30,
            "block_minimum_t": 10,
        },
    ),
    "markets/{batch}/rules": ("registrar", {"band_percent": 5, "reason": "calmer"}),
    "markets/{batch}/halt": ("registrar", {"reason": "maintenance"}),
    "markets/{batch}/resume": ("registrar", {"auction_minutes": 5}),
    "orders": ("buyer", {"market": "{batch}", **ORDER}),
    "orders/preview": ("buyer", {"market": "{batch}", **ORDER}),
    "orders/batch": ("buyer", {"market": "{batch}", "orders": [ORDER, ORDER | {"client_order_id": "a-2"}]}),
    "streams/ticket": ("buyer", {}),
    "orders/cancel": ("buyer", {"market": "{batch}", "side": "buy"}),
    "orders/{order}/replace": ("buyer", {"quantity_t": 2, "price_fen": 3_900}),
    "orders/{order}/cancel": ("buyer", {}),
    "blocks": ("buyer", {"market": "{batch}", "counterparty": "{seller}", "side": "buy", **OFFER}),
    "blocks/{offer}/accept": ("cooperative", {}),
    "blocks/{offer}/counter": ("cooperative", OFFER),
    "blocks/{offer}/decline": ("cooperative", {}),
    "blocks/{offer}/withdraw": ("buyer", {}),
    "auctions": ("cooperative", {"market": "{batch}", **LOT}),
    "auctions/{auction}/bids": ("buyer", BID),
    "auctions/{auction}/cancel": ("registrar", {"reason": "disputed"}),
    "bids/{bid}/withdraw": ("buyer", {}),
}


# What takes a form with a file, not JSON: tests/ledger/api/test_documents.py throws at it.
FORMS = ["projects/<code:code>/documents"]


@pytest.fixture(scope="module")
def _scene_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Bring everything about once, in a transaction that all tests share and none changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people()
        yield who, _names(who)
        transaction.set_rollback(True)


@pytest.fixture
def scene(_scene_once: Scene, db: None) -> Scene:
    """Return one person for each door, and the things of CASES by their names; what a test does to them is undone."""
    return _scene_once


def _names(who: People) -> dict[str, Any]:
    """Return, for each name in CASES, the thing of that name, brought about."""
    cooperative = who.cooperative.organisation
    validator = who.verifier.organisation
    projects = {
        status: ProjectFactory(proponent=cooperative, status=status, validator=validator)
        for status in Project.Status.values
    }
    for project in projects.values():
        ParcelFactory(project=project, code="P")
    # Two that may be one.
    ParcelFactory(project=projects["in_validation"], geometry=beside(projects["registered"].parcels.get().geometry))
    pay_in(who, who.buyer, 1_000_000)
    batch, other_batch = issue_to_cooperative(who, 100), issue_to_cooperative(who, 100)
    market_for(who, batch)
    order = Caller(who.buyer).send("/orders", {"market": batch.asset.code, **ORDER, "client_order_id": "first"})
    place = {"market": batch.asset.code, "counterparty": str(cooperative.public_id), "side": "buy"}
    offer = Caller(who.buyer).send("/blocks", {**place, **OFFER, "client_offer_id": "first"})
    lot = {"market": batch.asset.code, **LOT, "client_auction_id": "first"}
    auction = Caller(who.cooperative).send("/auctions", lot)
    bid = Caller(who.buyer).send(f"/auctions/{auction.json()['id']}/bids", {**BID, "client_bid_id": "first"})
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5, bank_reference="B-1"
    )
    pay_in(who, who.other_buyer, 5)
    wrong, other_wrong = Transaction.objects.filter(kind="deposit").order_by("id")
    correction = request_correction(actor=who.treasurer, transaction_id=other_wrong.pk, reason="twice")
    household, payout = _with_a_payout(who)
    reversals = [report_loss(who.cooperative, batch.project, 2, cause="over_issuance", days_ago=day) for day in (1, 2)]
    confirm_reversal(actor=who.registrar, public_id=reversals[1].public_id)
    ordered = request_cancellation(
        actor=MembershipFactory(organisation=who.registrar.organisation, role="registrar"),
        batch_id=batch.pk,
        organisation=cooperative,
        quantity_t=1,
        reason="mistake",
        note="n",
    )
    UserFactory(username="lin", password=PASSWORD)
    return {
        **{status: project.code for status, project in projects.items()},
        **_lives(who),
        **_reports(who),
        **_told(who),
        **_people(who),
        "applied": OrganisationFactory(status=Organisation.Status.APPLIED).public_id,
        "approved": who.other_buyer.organisation.public_id,
        "unverified": _report(
            projects["registered"], 2020, MonitoringReport.Status.IN_VERIFICATION, verifier=validator
        ),
        "verified": _report(projects["registered"], 2021, MonitoringReport.Status.VERIFIED),
        "report": _report(projects["registered"], 2022, MonitoringReport.Status.APPROVED),
        "diary_entry": _diary_entry(who, projects["registered"]),
        "kept_diary": _kept_diary(who).code,
        "document": _document(who, projects["registered"]),
        "batch": batch.asset.code,
        "other_batch": other_batch.asset.code,
        "transfer": offer_credits(who.cooperative, who.buyer, batch, 1).public_id,
        "cancellation_order": ordered.pk,
        "lossy": other_batch.project.code,
        "reversal": reversals[0].public_id,
        "owed": reversals[1].public_id,
        "payment": payment.pk,
        "household": household.public_id,
        "payout": payout.pk,
        "wrong": wrong.pk,
        "correction": correction.pk,
        "order": order.json()["id"],
        "seller": cooperative.public_id,
        "offer": offer.json()["id"],
        "auction": auction.json()["id"],
        "bid": bid.json()["id"],
    }


def _told(who: People) -> dict[str, Any]:
    """Return a notice, webhooks, and a delivery that was given up."""
    url, events = "https://example.cn/hooks", ["trade.settled"]
    webhook, paused = (add_endpoint(actor=who.buyer, url=url, events=events)[0] for _ in range(2))
    delivery = send_test(actor=who.buyer, public_id=webhook.public_id)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state="failed", attempts=10)
    pause_endpoint(actor=who.buyer, public_id=paused.public_id)
    notice = Notice.objects.create(
        person=who.buyer.user, kind="organisation_approved", group="security", created_at=timezone.now()
    )
    return {
        "notice": notice.pk,
        "webhook": webhook.public_id,
        "paused_webhook": paused.public_id,
        "delivery": delivery.pk,
    }


def _people(who: People) -> dict[str, Any]:
    """Return a member, invitations, and a change of a role that waits to be confirmed."""
    director = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    member = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    invitation, secret = invite_member(actor=who.buyer, role="viewer")
    offered, _secret = invite_member(actor=director, role="viewer")
    change = propose_change(actor=director, person=UserFactory(), role="viewer")
    return {
        "member": member.user.public_id,
        "invitation": invitation.public_id,
        "secret": secret,
        "offered": offered.public_id,
        "role_change": change.pk,
    }


def _lives(who: People) -> dict[str, Any]:
    """Return projects that end, with a renewal and without, one that shall be withdrawn, and a conflict of interest."""
    today = timezone.localdate()
    ends_on, next_year = today + dt.timedelta(days=30), today + dt.timedelta(days=390)
    asked, ending, renewed, assessed = (
        ProjectFactory(proponent=who.cooperative.organisation, crediting_ends_on=ends_on) for _ in range(4)
    )
    ask_withdrawal(actor=who.cooperative, project_id=asked.pk, reason="no longer")
    renewals = [
        request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=next_year)
        for project in (renewed, assessed)
    ]
    assess_renewal(actor=who.verifier, renewal_id=renewals[1].pk, statement="still so")
    conflict = declare_conflict(actor=who.verifier, project_id=asked.pk, nature="other")
    return {
        "asked": asked.code,
        "ending": ending.code,
        "next_year": next_year,
        "renewal": renewals[0].pk,
        "assessed": renewals[1].pk,
        "conflict": conflict.pk,
    }


def _with_a_payout(who: People) -> tuple[Household, Payout]:
    """Share a sale with two households, of which one leaves its share alone: a payout waits, and there is more to pay."""
    household = HouseholdFactory(cooperative=who.cooperative.organisation, code="1-001")
    make_links(actor=who.cooperative, public_ids=[household.public_id])
    plan_of(who, retained_bps=0, equal_bps=10_000)
    market = market_for(who, issue_to_cooperative(who, 100))
    sell(who, market, 1)
    share_waiting_proceeds()
    (payout,) = request_payout(actor=who.cooperative)
    sell(who, market, 1)
    share_waiting_proceeds()
    return household, payout


def _reports(who: People) -> dict[str, Any]:
    """Return reports in the hands of their cooperative and of their verifier, with findings, and a risk assessment."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P")
    examined = accepted(who, report_year(who, project, 2020))
    finding, answered = find(who, examined), find(who, examined)
    answer_finding(who, answered)
    soil, stated = (
        ProjectFactory(
            proponent=who.cooperative.organisation,
            methodology="soc-tier1-1",
            settings={"risk_percent": "12"},
            validator=who.verifier.organisation,
        )
        for _ in range(2)
    )
    risk = state_risk(actor=who.cooperative, project_id=stated.pk, answers=ANSWERS)
    return {
        "soil": soil.code,
        "risk": risk.pk,
        "examined": examined.pk,
        "finding": finding.pk,
        "answered": answered.pk,
        "handed_in": report_year(who, project, 2021).pk,
        "report_draft": draft_report(actor=who.cooperative, project_id=project.pk, vintage=2022).pk,
        "verifier": who.verifier.organisation.public_id,
        "other_verifier": OrganisationFactory(kind=Organisation.Kind.VERIFIER).public_id,
    }


def _report(project: Project, vintage: int, status: str, **more: Any) -> int:
    signed = more if status == "approved" else {"approved_by": None, **more}
    if status == "in_verification":
        signed |= {"verified_by": None}
    report = ReportFactory(project=project, vintage=vintage, status=status, **signed)
    report.sheet_sha256 = sheet_sha256(report.sheet)
    report.save()
    return int(report.pk)


def _diary_entry(who: People, project: Project) -> int:
    new = NewEntry(UUID(int=1), "flooding", ["P"], dt.date(2024, 5, 1), {})
    return int(write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry.pk)


def _kept_diary(who: People) -> Project:
    """Return a project with the diary of a season."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P")
    season: list[tuple[str, dt.date, dict[str, str]]] = [
        ("planting", dt.date(2024, 4, 1), {"method": "transplanting"}),
        ("drainage", dt.date(2024, 5, 1), {}),
        ("harvest", dt.date(2024, 7, 22), {"yield_t_per_ha": "7"}),
    ]
    for number, (kind, day, content) in enumerate(season, start=2):
        new = NewEntry(UUID(int=number), kind, ["P"], day, content)
        write_entry(actor=who.cooperative, project_id=project.pk, new=new)
    return project


def _document(who: People, project: Project) -> UUID:
    new = NewDocument(content=pdf(), file_name="a.pdf", kind="contract")
    return add_document(actor=who.cooperative, project_id=project.pk, new=new).public_id


def fill(value: Any, names: dict[str, Any]) -> Any:
    """Return a body with the names in it replaced by what they name."""
    if isinstance(value, str) and value.startswith("{"):
        named = names[value.strip("{}")]
        return named if isinstance(named, int) else str(named)
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    return value


def changed(body: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return bodies that are the good one with a thing or two wrong, or nothing like it."""
    fields = st.sampled_from([*body, "extra"])
    wrong = st.dictionaries(fields, JSON, min_size=1, max_size=2).map(lambda changes: body | changes)
    short = fields.map(lambda left_out: {key: value for key, value in body.items() if key != left_out})
    return wrong | wrong | short | JSON


def fingerprint() -> Any:
    """Return what tells whether any row of the database is another."""
    tables = sorted(connection.introspection.table_names())
    parts = [
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(row::text, 0)::numeric), 0) FROM {table} AS row"
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        # The parts are counted side by side, and come as they are done.
        return sorted(cursor.fetchall())


@pytest.mark.parametrize("path", CASES)
def test_nothing_that_is_sent_breaks_anything(scene: Scene, path: str) -> None:
    who, names = scene
    person, template = CASES[path]
    body = fill(template, names)
    address = "/" + path.format(**names)
    caller = Caller({"nobody": None, "newcomer": UserFactory()}.get(person) or getattr(who, person, None))

    @EXAMPLES
    @given(sent=changed(body))
    def throw(sent: Any) -> None:
        with undone():
            before = fingerprint()
            answer = caller.send(address, sent) if sent is not None else caller.send(address, [None])
            assert answer.status_code < 500, answer.content
            if answer.status_code >= 400:
                assert answer["content-type"] == PROBLEM
                assert {"type", "title", "status", "code", "detail"} <= answer.json().keys()
                assert fingerprint() == before

    with undone():
        good = caller.send(address, body)
        assert good.status_code < 300, good.content
    throw()


def test_every_operation_that_takes_a_body_is_thrown_at() -> None:
    resolvers = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/"]
    posts = [
        str(pattern.pattern)
        for resolver in resolvers
        for pattern in resolver.url_patterns
        if "post" in pattern.callback.actions
    ]
    assert len(posts) == len(CASES) + len(FORMS)
