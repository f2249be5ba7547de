"""A season at whose end no list at the desk is empty, and something waits everywhere."""

import datetime as dt
from uuid import UUID

from django.utils import timezone

from ledger.credits.cancellations.orders import request_cancellation
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.services import retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.transfers.services import accept_transfer
from ledger.incidents.services import ask_for_lift
from ledger.journal.bank.accounts import state_bank_account
from ledger.journal.bank.services import import_statement
from ledger.journal.corrections import request_correction
from ledger.journal.payments import request_deposit, request_withdrawal
from ledger.journal.payouts import request_payout
from ledger.models import MonitoringReport, Organisation, Project, Transaction
from ledger.parties.access import log_name
from ledger.parties.invitations import invite_member
from ledger.parties.role_changes import propose_change
from ledger.parties.security.locking import lock_account
from ledger.parties.security.resets import request_factor_reset
from ledger.parties.security.services import Origin, record_security_event
from ledger.parties.services import issue_token
from ledger.personal.services import request_erasure
from ledger.projects.conflicts import declare_conflict
from ledger.projects.debundling import decide_debundling
from ledger.projects.diary.services import NewEntry, write_entry
from ledger.projects.documents.services import NewDocument, add_document
from ledger.projects.lifecycle import ask_withdrawal
from ledger.projects.renewals import assess_renewal, request_renewal
from ledger.projects.risk import confirm_risk, state_risk
from ledger.registry.imports.services import run_import, take_in
from ledger.transparency.sequencer import sequence_log
from tests.desk import tell_people_and_programs
from tests.factories import (
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
    UserFactory,
    beside,
    square,
)
from tests.factors import with_app
from tests.files import picture
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    People,
    accepted,
    bid_for,
    find,
    households_of,
    issue_to_cooperative,
    market_for,
    offer_block,
    offer_credits,
    pay_in,
    plan_of,
    put_up_lot,
    report_loss,
    report_year,
    sell,
)
from tests.statements import sample
from trading.execution.runs import run_nightly
from trading.execution.services import execute_market
from trading.incidents.services import confirm_lift, freeze
from trading.markets.days import close_day
from trading.markets.limits import set_limit
from trading.markets.models import Market
from trading.orders.changes import propose_market_change
from trading.orders.services import NewOrder, place_orders
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.services import change_thresholds, declare_relation, take_up_alert
from trading.surveillance.watching import run_rule


def _import_references() -> None:
    projects = b"project_id,registry\nA1,verra\nA2,verra\n"
    credits = b"project_id,quantity,vintage,transaction_date,transaction_type\nA1,5,,,issuance\nA2,5,,,issuance\n"
    for content in (projects, credits):
        run_import(import_id=take_in(chunks=[content], file_name="references.csv").pk)


def all_that_can_be_done(who: People) -> People:
    """Leave no list at the desk empty, and let something wait."""
    pay_in(who, who.buyer, 1_000_000)
    pay_in(who, who.other_buyer, 1_000_000)
    batch = issue_to_cooperative(who, 100, buffer_t=10)
    ParcelFactory.create_batch(3, project=batch.project)
    keep_evidence(who, batch.project)
    market = market_for(who, batch, taker_fee_bps=20)
    for seller in range(3):
        sell = NewOrder(f"sell-{seller}", "sell", 4_000, 10)
        place_orders(actor=who.cooperative, market_id=market.pk, orders=[sell])
    for buyer in (who.buyer, who.other_buyer):
        buys = [NewOrder(f"buy-{number}", "buy", 4_000, 4) for number in range(3)]
        place_orders(actor=buyer, market_id=market.pk, orders=buys)
    execute_market(market.pk)
    market_for(who, issue_to_cooperative(who, 50))
    for number in range(2):
        offer_block(who.buyer, who.cooperative, market, f"offer-{number}")
        bid_for(who.buyer, put_up_lot(who.cooperative, market, f"lot-{number}"), f"bid-{number}")
    share(who, batch.project, market)
    for _time in range(2):
        retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=1, beneficiary_name="我", purpose="own_footprint")
    for _time in range(2):
        accept_transfer(actor=who.buyer, public_id=offer_credits(who.cooperative, who.buyer, batch, 1).public_id)
        cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=1, reason="no_claim")
        request_cancellation(
            actor=who.registrar, batch_id=batch.pk, organisation=None, quantity_t=1, reason="mistake", note="Twice."
        )
    for days in (1, 2):
        report_loss(who.cooperative, batch.project, 2, days_ago=days)
    sequence_log()
    night = run_nightly()
    assert night is not None
    # Another one, without checking all of it again.
    night.pk, night.triggered_by = None, log_name(who.auditor)
    night.save(force_insert=True)
    issue_token(user=who.buyer.user, name="robot")
    tell_people_and_programs(who.buyer)
    for holder in (who.buyer, who.cooperative):
        state_bank_account(
            actor=who.treasurer, organisation=holder.organisation, bank="中国农业银行", number="6228480402564890018"
        )
    director = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    for _time in range(2):
        invite_member(actor=director, role="viewer")
        propose_change(actor=director, person=UserFactory(), role="viewer")
    issue_token(user=who.other_buyer.user, name="robot")
    request_deposit(actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5_000, bank_reference="waits")
    request_withdrawal(actor=who.buyer, amount_fen=1_000)
    for wrong in Transaction.objects.filter(kind=Transaction.Kind.DEPOSIT):
        request_correction(actor=who.treasurer, transaction_id=wrong.pk, reason="To the wrong one.")
    for name in ("june-daily.camt.053.001.02.xml", "june-ccb.gbk.csv"):
        import_statement(actor=who.treasurer, content=sample(name))
    for limited, each in ((who.buyer, market.pk), (who.other_buyer, None)):
        organisation_id = limited.organisation_id
        set_limit(
            actor=who.registrar, organisation_id=organisation_id, market_id=each, largest_order_t=50, reason="New here."
        )
    for days in (1, 2):
        close_day(actor=who.registrar, day=timezone.localdate() + dt.timedelta(days=days), reason="Typhoon")
    _import_references()
    OrganisationFactory(status=Organisation.Status.APPLIED, applied_by=UserFactory())
    ProjectFactory(status=Project.Status.VALIDATED)
    judge_projects(who)
    examine(who)
    ReportFactory(status=MonitoringReport.Status.VERIFIED, approved_by=None)
    ReportFactory()
    watched(who)
    guard_accounts(who)
    secure_the_house(who)
    return who


def secure_the_house(who: People) -> None:
    """Let accounts be locked and data erased, rules of markets wait for a second person, and freezes come and go."""
    for _time in range(2):
        lock_account(actor=who.registrar, user_id=UserFactory().pk, reason="A strange log-in.")
        request_erasure(actor=who.registrar, person_id=UserFactory().pk)
    for market in Market.objects.order_by("id")[:2]:
        propose_market_change(actor=who.registrar, market_id=market.pk, reason="Calmer.", largest_order_t=77)
    for _time in range(2):
        incident = freeze(actor=who.registrar, scope="withdrawals", reason="A drill.")
        ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="It was one.")
        confirm_lift(actor=who.treasurer, incident_id=incident.pk)


def guard_accounts(who: People) -> None:
    """Let two people log in, and lose their phones."""
    for person in (who.buyer, who.other_buyer):
        with_app(person.user)
        record_security_event(user=person.user, kind="logged_in", origin=Origin("203.0.113.7", "Firefox"))
        request_factor_reset(actor=who.registrar, user_id=person.user_id, reason="Called back: the phone is lost.")


def examine(who: People) -> None:
    """Open findings, and let risks be stated."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    report = accepted(who, report_year(who, project))
    for _number in range(2):
        find(who, report)
    for _number in range(2):
        soil = ProjectFactory(
            proponent=who.cooperative.organisation,
            methodology="soc-tier1-1",
            settings={"risk_percent": "12"},
            validator=who.verifier.organisation,
        )
        assessment = state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS)
        confirm_risk(actor=who.verifier, assessment_id=assessment.pk)


def judge_projects(who: People) -> None:
    """Let a renewal and a withdrawal wait, and decide what there is to decide of projects."""
    ends_on = timezone.localdate() + dt.timedelta(days=30)
    own = {"proponent": who.cooperative.organisation}
    for number in range(2):
        project = ProjectFactory(crediting_ends_on=ends_on, **own)
        near = ProjectFactory(status=Project.Status.VALIDATED, **own)
        field = ParcelFactory(project=project, geometry=square(100 + number))
        ParcelFactory(project=near, geometry=beside(field.geometry))
        later = ends_on + dt.timedelta(days=700)
        renewal = request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=later)
        assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")
        decide_debundling(actor=who.registrar, project_id=near.pk, is_one_with_them=False, reason="Two villages.")
        declare_conflict(actor=who.verifier, project_id=near.pk, nature="advised")
        ask_withdrawal(actor=who.cooperative, project_id=ProjectFactory(**own).pk, reason="Sold.")


def keep_evidence(who: People, project: Project) -> None:
    """Write into the diary, with photos."""
    parcels = list(project.parcels.values_list("code", flat=True))
    for at in (1, 2):
        new = NewEntry(UUID(int=at), "flooding", parcels, dt.date(2024, 5, at), {})
        entry = write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry
        photo = NewDocument(picture(), "a.jpg", "photo", diary_entry_id=entry.pk)
        add_document(actor=who.cooperative, project_id=project.pk, new=photo)


def share(who: People, project: Project, market: Market) -> None:
    """Share two sales by two plans, and let two payouts wait."""
    households_of(who, project, ["1", "2"])
    for _turn in range(2):
        plan_of(who)
        sell(who, market, 1)
        share_waiting_proceeds()
        request_payout(actor=who.cooperative)


def watched(who: People) -> None:
    """Let surveillance raise alerts, of which one is reviewed, and registrars say what they know."""
    for least_t in (1, 2):
        thresholds = {"percent": 40, "least_t": least_t}
        change_thresholds(actor=who.registrar, rule="holding", thresholds=thresholds, reason="Small batches.")
    raised = run_rule(RULES[Rule.HOLDING])
    take_up_alert(actor=who.registrar, alert_id=raised[0].id)
    for kind in ("shareholder", "agreement"):
        declare_relation(
            actor=who.registrar,
            one=who.buyer.organisation,
            other=who.other_buyer.organisation,
            kind=kind,
            reason="Company register.",
        )
