"""What a test needs to have happened before it begins, brought about by the services that bring it about in earnest."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ledger.credits.reversals.services import Loss, report_reversal
from ledger.credits.services import issue_credits
from ledger.credits.sharing.plans import PlanTerms, state_plan
from ledger.credits.transfers.services import TransferTerms, offer_transfer
from ledger.journal.bank.accounts import confirm_bank_account, state_bank_account
from ledger.journal.payments import confirm_payment, request_deposit
from ledger.models import (
    BankAccount,
    Batch,
    CreditTransfer,
    Finding,
    Household,
    Membership,
    MonitoringReport,
    Organisation,
    Project,
    Reversal,
    SharingPlan,
)
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.lifecycle import accept_project
from ledger.projects.reports import (
    accept_report,
    answer_finding,
    approve_report,
    close_finding,
    open_finding,
    submit_report,
    verify_report,
)
from ledger.projects.services import submit_project, validate_project
from tests.factories import (
    BankAccountFactory,
    HouseholdFactory,
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
    memberships,
)
from trading.auctions.services import announce_auction, place_bid
from trading.auctions.terms import BidTerms, LotTerms
from trading.blocks.services import make_offer
from trading.blocks.terms import OfferTerms
from trading.execution.services import execute_market
from trading.markets.services import open_market
from trading.models import Bid, BlockOffer, Market, OneWayAuction, Order
from trading.orders.services import NewOrder, place_orders


@dataclass(frozen=True, slots=True)
class People:
    """One person for each door: who acts, as membership."""

    cooperative: Membership
    buyer: Membership
    other_buyer: Membership
    verifier: Membership
    registrar: Membership
    treasurer: Membership
    second_treasurer: Membership
    auditor: Membership


def people() -> People:
    """Return people of all kinds, each of an approved organisation; the operator's are of one.

    Who holds money has a bank account that it is paid out to.
    """
    operator = OrganisationFactory.build(kind=Organisation.Kind.OPERATOR)
    build = MembershipFactory.build
    who = People(
        *memberships(
            build(organisation__kind=Organisation.Kind.COOPERATIVE),
            build(),
            build(),
            build(organisation__kind=Organisation.Kind.VERIFIER),
            build(organisation=operator, role=Membership.Role.REGISTRAR),
            build(organisation=operator, role=Membership.Role.TREASURER),
            build(organisation=operator, role=Membership.Role.TREASURER),
            build(organisation__kind=Organisation.Kind.AUDITOR),
        )
    )
    give_bank_accounts(who, who.cooperative, who.buyer, who.other_buyer)
    return who


def give_bank_accounts(who: People, *holders: Membership) -> None:
    """Let there be a confirmed bank account of each one's organisation since before the log."""
    treasurers = {"requested_by": who.treasurer.user, "decided_by": who.second_treasurer.user}
    BankAccount.objects.bulk_create(
        BankAccountFactory.build(organisation=holder.organisation, **treasurers) for holder in holders
    )


def bank_account(who: People, holder: Membership, number: str = "6228480402564890018") -> BankAccount:
    """Have two treasurers say where the money of somebody's organisation is paid out to, from now on."""
    stated = state_bank_account(
        actor=who.treasurer, organisation=holder.organisation, bank="中国农业银行延平支行", number=number
    )
    return confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk)


def hand_in(actor: Membership, project: Project) -> Project:
    """Declare what a cooperative must of a draft that has its fields, and hand it in."""
    describe_project(actor=actor, project_id=project.pk, changes={"is_listed_elsewhere": False})
    state_baseline(actor=actor, project_id=project.pk, evidence="灌溉记录。")
    return submit_project(actor=actor, project_id=project.pk)


def validate(actor: Membership, project: Project, *, statement: str = "As it says.") -> Project:
    """Take a project on that was handed in, and validate it."""
    accept_project(actor=actor, project_id=project.pk)
    return validate_project(actor=actor, project_id=project.pk, statement=statement)


def pay_in(who: People, payer: Membership, amount_fen: int) -> None:
    """Give an organisation money, by two treasurers."""
    reference = f"BANK-{payer.organisation_id}-{payer.organisation.payments.count()}"
    payment = request_deposit(
        actor=who.treasurer, organisation=payer.organisation, amount_fen=amount_fen, bank_reference=reference
    )
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)


def report_year(who: People, project: Project, vintage: int = 2020, **more: Any) -> MonitoringReport:
    """Hand a vintage in to the verifier; those before it must have been handed in."""
    verifier = who.verifier.organisation.public_id
    return submit_report(actor=who.cooperative, project_id=project.pk, vintage=vintage, verifier=verifier, **more)


def accepted(who: People, report: MonitoringReport) -> MonitoringReport:
    """Let the verifier take a report on."""
    return accept_report(actor=who.verifier, report_id=report.pk)


def verified(who: People, report: MonitoringReport, statement: str = "Seen on the fields.") -> MonitoringReport:
    """Let the verifier take a report on, and verify it."""
    accepted(who, report)
    return verify_report(actor=who.verifier, report_id=report.pk, statement=statement)


def approved(who: People, project: Project, vintage: int = 2020, **more: Any) -> MonitoringReport:
    """Take a vintage to its approval."""
    report = verified(who, report_year(who, project, vintage, **more))
    return approve_report(actor=who.registrar, report_id=report.pk)


def find(
    who: People, report: MonitoringReport, kind: str = "corrective_action", text: str = "August is missing."
) -> Finding:
    """Open a finding."""
    return open_finding(actor=who.verifier, report_id=report.pk, kind=kind, text=text)


def answer(who: People, finding: Finding, text: str = "Added.") -> Finding:
    """Answer a finding."""
    return answer_finding(actor=who.cooperative, finding_id=finding.pk, answer=text)


def close(who: People, finding: Finding, note: str = "As it should be.") -> Finding:
    """Close a finding."""
    return close_finding(actor=who.verifier, finding_id=finding.pk, note=note)


def issue_to_cooperative(
    who: People, tonnes: int, *, buffer_t: int = 0, project: Project | None = None, **report: Any
) -> Batch:
    """Issue a vintage of a project of the cooperative: all but the buffer is the cooperative's."""
    project = project or ProjectFactory(proponent=who.cooperative.organisation)
    report = ReportFactory(project=project, net_t=tonnes, buffer_t=buffer_t, **report)
    return issue_credits(actor=who.registrar, report_id=report.pk)


def offer_credits(
    sender: Membership, recipient: Membership, batch: Batch, quantity_t: int, *, key: str | None = None, **terms: Any
) -> CreditTransfer:
    """Offer another holder credits under a contract."""
    return offer_transfer(
        actor=sender,
        batch_id=batch.pk,
        recipient=str(recipient.organisation.public_id),
        terms=TransferTerms(quantity_t, **{"ground": "contract", **terms}),
        idempotency_key=key,
    )


def report_loss(
    actor: Membership, project: Project, loss_t: int, *, cause: str = "flood", days_ago: int = 10, **more: Any
) -> Reversal:
    """Report that so many tonnes of a project are lost, discovered today."""
    today = timezone.localdate()
    loss = Loss(today - dt.timedelta(days=days_ago), today, cause, "The dyke broke.", loss_t, **more)
    return report_reversal(actor=actor, project_code=project.code, loss=loss)


def market_for(who: People, batch: Batch, *, reference_price_fen: int = 4_000, **rules: Any) -> Market:
    """Open a market for a batch: ±10 % around 40 yuan, and where no other rules are given tick 1 fen, lot 1 t, no fees."""
    return open_market(
        actor=who.registrar,
        asset_id=batch.asset_id,
        symbol=batch.asset.code,
        reference_price_fen=reference_price_fen,
        **rules,
    )


def offer_block(
    actor: Membership, counterparty: Membership, market: Market, name: str, *, side: str = "buy", **changes: int
) -> BlockOffer:
    """Offer a block trade of 10 t at 45 yuan, for an hour."""
    terms = {"price_fen": 4_500, "quantity_t": 10} | changes
    return make_offer(
        actor=actor,
        market=market.symbol,
        counterparty=str(counterparty.organisation.public_id),
        side=side,
        terms=OfferTerms(name, expires_at=timezone.now() + dt.timedelta(hours=1), **terms),
    ).offer


def put_up_lot(actor: Membership, market: Market, name: str, *, is_sealed: bool = True) -> OneWayAuction:
    """Put up a lot of 10 t from 40 yuan, for an hour."""
    closes_at = timezone.now() + dt.timedelta(hours=1)
    terms = LotTerms(name, 10, 4_000, closes_at, is_sealed=is_sealed)
    return announce_auction(actor=actor, market=market.symbol, terms=terms).auction


def bid_for(
    actor: Membership, auction: OneWayAuction, name: str, *, price_fen: int = 4_500, quantity_t: int = 4
) -> Bid:
    """Bid for a lot."""
    return place_bid(actor=actor, auction_id=auction.pk, terms=BidTerms(name, price_fen, quantity_t)).bid


def households_of(who: People, project: Project, areas_ha: Sequence[str]) -> list[Household]:
    """Make the cooperative households, each with a field of so many hectares in the project."""
    households = [HouseholdFactory(cooperative=who.cooperative.organisation) for _area in areas_ha]
    for household, area in zip(households, areas_ha, strict=True):
        ParcelFactory(project=project, household=household, area_ha=Decimal(area).quantize(Decimal("0.0001")))
    return households


def plan_of(who: People, **terms: Any) -> SharingPlan:
    """State a plan: a tenth retained, the rest by area, where nothing else is given."""
    by_area = {"retained_bps": 1_000, "retained_for": "渠道维修", "area_bps": 10_000}
    parts = {"area_bps", "equal_bps", "contribution_bps"}
    if parts & terms.keys():
        del by_area["area_bps"]
    return state_plan(actor=who.cooperative, terms=PlanTerms(**{**by_area, **terms}))


def sell(
    who: People, market: Market, *quantities: int, price_fen: int = 4_000, buyer: Membership | None = None
) -> None:
    """Let the cooperative sell to a buyer, a trade for each quantity."""
    buyer = buyer or who.buyer
    start = Order.objects.count()
    for side, actor in (("sell", who.cooperative), ("buy", buyer)):
        orders = [NewOrder(f"{side}-{start}-{at}", side, price_fen, each) for at, each in enumerate(quantities)]
        results = place_orders(actor=actor, market_id=market.pk, orders=orders)
        assert not any(result.error for result in results)
    execute_market(market.pk)
