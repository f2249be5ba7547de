"""One of everything that an operation of the API is about, each in the state in which the operation finds it."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone

from ledger.credits.cancellations.orders import request_cancellation
from ledger.credits.reversals.services import confirm_reversal
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.sharing.links import make_links
from ledger.journal.bank.accounts import state_bank_account
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
from tests.callers import Caller
from tests.factories import (
    PASSWORD,
    HouseholdFactory,
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
    UserFactory,
    beside,
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
    plan_of,
    report_loss,
    report_year,
    sell,
)
from tests.scenes import answer as answer_finding
from trading.models import Market
from trading.orders.changes import propose_market_change

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
BID = {"client_bid_id": "b-1", "price_fen": 4_500, "quantity_t": 2}


def things(who: People) -> dict[str, Any]:
    """Bring about one of everything that an address or a body may be about, and return them by their names."""
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
    stated = state_bank_account(
        actor=who.treasurer, organisation=who.buyer.organisation, bank="福建农村信用社", number="9000 0000 0000 0058"
    )
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
    change = propose_market_change(
        actor=MembershipFactory(organisation=who.registrar.organisation, role="registrar"),
        market_id=Market.objects.order_by("id").last().pk,
        reason="calmer",
        band_percent=7,
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
        "market_change": change.pk,
        "lossy": other_batch.project.code,
        "reversal": reversals[0].public_id,
        "owed": reversals[1].public_id,
        "payment": payment.pk,
        "bank_account": stated.pk,
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
