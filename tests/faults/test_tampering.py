"""Whatever somebody with a superuser's power and the guards off changes, deletes, doubles or swaps is named.

The changes are made from the schema: every column of every table that can be proven, by the kind of its values. What a
check cannot find stands in an exempt list with the reason; a new column is either found or added there, or a test fails.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
import time_machine
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone, translation

from config.database_roles import tables
from ledger.credits import reconciliation as credits
from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.retiring import Use
from ledger.credits.reversals.services import confirm_reversal, refuse_reversal, replenish
from ledger.credits.services import issue_credits, retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.transfers.services import accept_transfer, decline_transfer, expire_transfers, withdraw_transfer
from ledger.journal import entries
from ledger.journal import reconciliation as journal
from ledger.journal.corrections import confirm_correction, refuse_correction, request_correction
from ledger.journal.payments import cash, confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.payouts import confirm_payout, refuse_payout, request_payout
from ledger.journal.reconciliation.invariants import check_one
from ledger.journal.services import Leg, Posting, open_account, post_transactions
from ledger.models import Checkpoint, LogLeaf, Project
from ledger.parties.households import add_household, leave_household
from ledger.parties.invitations import accept_invitation, confirm_invitation, invite_member, withdraw_invitation
from ledger.parties.members import change_role, remove_member
from ledger.parties.role_changes import confirm_change, propose_change, refuse_change
from ledger.parties.services import add_member, apply_for_organisation, approve_organisation, suspend_organisation
from ledger.projects.conflicts import declare_conflict, lift_conflict
from ledger.projects.debundling import decide_debundling
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.diary.services import NewEntry, Place, withdraw_entry, write_entry
from ledger.projects.documents.services import NewDocument, add_document, withdraw_document
from ledger.projects.land.services import add_parcel, remove_parcel
from ledger.projects.lifecycle import (
    accept_project,
    ask_withdrawal,
    complete_projects,
    decline_project,
    return_project,
    suspend_project,
    withdraw_project,
)
from ledger.projects.renewals import assess_renewal, grant_renewal, refuse_renewal, request_renewal
from ledger.projects.reports import (
    approve_report,
    assign_verifier,
    correct_report,
    decline_report,
    reject_report,
    reopen_finding,
)
from ledger.projects.risk import confirm_risk, refuse_risk, state_risk
from ledger.projects.services import (
    create_project,
    register_project,
    reject_project,
    submit_project,
)
from ledger.transparency.keys import log_signer
from ledger.transparency.notes import checkpoint_text
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.verification import RebuiltTree, verify_log
from tests.callers import undone
from tests.database import as_owner
from tests.factories import (
    CREDITING,
    PRACTICES,
    SETTINGS,
    MembershipFactory,
    ParcelFactory,
    ProjectFactory,
    UserFactory,
    beside,
    square,
)
from tests.files import pdf, picture
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    accepted,
    answer,
    bid_for,
    close,
    find,
    hand_in,
    households_of,
    issue_to_cooperative,
    market_for,
    offer_block,
    offer_credits,
    pay_in,
    people,
    plan_of,
    put_up_lot,
    report_loss,
    report_year,
    sell,
    validate,
    verified,
)
from trading.auctions.closing import close_auctions
from trading.auctions.services import cancel_auction, withdraw_bid
from trading.blocks.services import accept_offer, counter_offer, decline_offer, expire_offers, withdraw_offer
from trading.blocks.terms import OfferTerms
from trading.execution import reconciliation as exchange
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.markets.days import close_day
from trading.markets.limits import set_limit
from trading.models import Order
from trading.orders.cancels import cancel_order
from trading.orders.phases import halt_market, resume_market
from trading.orders.replaces import replace_order
from trading.orders.rules import change_market
from trading.orders.services import NewOrder, place_orders
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.services import (
    change_thresholds,
    close_alert,
    declare_relation,
    end_relation,
    escalate_alert,
    reopen_alert,
    take_up_alert,
)
from trading.surveillance.watching import run_rule

pytestmark = pytest.mark.django_db

PROVEN = [
    "ledger_account",
    "ledger_asset",
    "ledger_batch",
    "ledger_cancellation",
    "ledger_cancellationorder",
    "ledger_checkpoint",
    "ledger_correction",
    "ledger_diaryentry",
    "ledger_document",
    "ledger_debundlingdecision",
    "ledger_declaredconflict",
    "ledger_distributedsale",
    "ledger_distribution",
    "ledger_credittransfer",
    "ledger_finding",
    "ledger_hold",
    "ledger_household",
    "ledger_invitation",
    "ledger_logleaf",
    "ledger_logtile",
    "ledger_membership",
    "ledger_monitoringreport",
    "ledger_organisation",
    "ledger_parcel",
    "ledger_payment",
    "ledger_payout",
    "ledger_payoutline",
    "ledger_project",
    "ledger_record",
    "ledger_renewal",
    "ledger_reportversion",
    "ledger_retirement",
    "ledger_reversal",
    "ledger_riskassessment",
    "ledger_rolechange",
    "ledger_serialblock",
    "ledger_serialcounter",
    "ledger_share",
    "ledger_sharingplan",
    "ledger_sharingweight",
    "ledger_transaction",
    "ledger_transfer",
    "ledger_unsequencedrecord",
    "trading_alert",
    "trading_alertstep",
    "trading_bid",
    "trading_blockoffer",
    "trading_bookentry",
    "trading_candle",
    "trading_closedday",
    "trading_executedinstruction",
    "trading_expiry",
    "trading_market",
    "trading_onewayauction",
    "trading_order",
    "trading_relation",
    "trading_rulechange",
    "trading_trade",
    "trading_tradinglimit",
]
NOT_PROVEN = {
    "account_emailaddress": "how a person can be written to: nobody else's to prove",
    "account_emailconfirmation": "allauth's own, not used: links are signed",
    "mfa_authenticator": "secrets of second factors; that one was added or removed is in the log",
    "usersessions_usersession": "from where somebody is logged in just now",
    "auth_group": "Django's own, not used",
    "auth_group_permissions": "Django's own, not used",
    "auth_permission": "Django's own, not used",
    "django_admin_log": "Django's own, not used: the log says who did what",
    "django_content_type": "Django's own",
    "django_migrations": "Django's own",
    "django_session": "who is logged in just now",
    "ledger_bankentry": "what the bank says; what is posted of it is proven",
    "ledger_bankstatement": "what the bank says: its file's hash is in the log, to be compared with the bank's",
    "ledger_carbontotal": "computed anew from batches and retirements, which are proven",
    "ledger_cosignature": "signed by its witness: whoever reads the checkpoint checks it",
    "ledger_logfollower": "how far notices have got; what they tell of is in the log",
    "ledger_idempotentrequest": "answers kept for two days, to be given again; what was changed is recorded",
    "ledger_digestsent": "that somebody was written to; what it told of is in the log",
    "ledger_message": "what was sent to people; what it tells of is in the log",
    "ledger_notice": "what people were told; what it tells of is in the log, and can be told again",
    "ledger_noticesettings": "how people want to be told",
    "ledger_webhookattempt": "what other people's servers have answered",
    "ledger_webhookdelivery": "how far telling other people's programs has come; what they are told is in the log",
    "ledger_webhookendpoint": "how programs are told; each step of setting it up is in the log, and it moves nothing",
    "ledger_webhookevent": "what programs are told, made of the log",
    "ledger_householdlink": "a key to what one household may read, kept as its hash; the cooperative makes it anew",
    "ledger_logbinding": "which state file may sign; that a copy was taken into service is in the log",
    "ledger_logkey": "written again from the records of key changes; verify_log compares it with them",
    "ledger_projectplace": "computed anew from parcels, which are proven",
    "ledger_reconciliationrun": "what a check has found, which can be done again",
    "ledger_sharingprogress": "up to where sales were looked at; a sale that waits behind it is named, one shared twice refused",
    "ledger_referencecredit": "another registry's data, as a file says: nothing of it is a fact here",
    "ledger_referenceimport": "whose file it was; its hash is shown, to be compared with the file",
    "ledger_referenceproject": "another registry's data, as a file says: nothing of it is a fact here",
    "ledger_referencerefusal": "what was not taken from such a file, which can be imported again",
    "ledger_refreshed": "when something was computed that can be computed again",
    "ledger_registrydump": "a copy of what is public, made again each day",
    "ledger_supplytotal": "computed anew from accounts and forecasts, which are proven",
    "ledger_stagedcredit": "empty but for an import under way",
    "ledger_eventorigin": "from where something was done; forgotten after a while, and never in the log",
    "ledger_factorreset": "who asked for it and who decided is in the log, and that the factors went",
    "ledger_securityevent": "what its record says, for the person to read; the log itself has it",
    "ledger_apitoken": "keys are shown to nobody; what is done with them is recorded",
    "ledger_user": "the log names people by their public ids alone, so that a name can be erased; those it proves elsewhere",
    "ledger_user_groups": "Django's own, not used",
    "ledger_user_user_permissions": "Django's own, not used",
    "trading_instruction": "a queue: what is executed of it is proven",
    "trading_positionday": "computed from the journal and the trades, which are proven; a page that finds them wrong computes them anew",
    "trading_marketclock": "up to when the clock was followed; what was done by it is proven",
    "trading_ruleprogress": "up to when rules have judged; judging again raises no alert twice, and each alert is proven",
}
SURROGATE = "numbers rows of which the log names nothing but their content; what refers to them is proven by it"
OWN_WORDS = "how a cooperative calls its members: the log names households by their public ids alone"
UNSAID = "when the row was written; when the fact was, its entry says"
EXEMPT = {
    ("ledger_cancellation", "id"): SURROGATE,
    ("ledger_checkpoint", "signed_at"): "no signature covers it: a witness's cosignature has a time of its own",
    ("ledger_diaryentry", "client_uuid"): "the sender's own name for it",
    ("ledger_document", "id"): SURROGATE,
    ("ledger_credittransfer", "id"): SURROGATE,
    ("ledger_hold", "placed_at"): UNSAID,
    ("ledger_household", "code"): OWN_WORDS,
    ("ledger_household", "name"): OWN_WORDS,
    ("ledger_invitation", "id"): SURROGATE,
    ("ledger_invitation", "note"): "for whom it is, in the inviter's own words: the log names nobody",
    ("ledger_invitation", "token_hash"): "a key; who has come by it is proven",
    ("ledger_logtile", "id"): SURROGATE,
    ("ledger_membership", "id"): SURROGATE,
    ("ledger_monitoringreport", "practices"): "what its cooperative is entering; what counts is the case made of it",
    ("ledger_monitoringreport", "saved_at"): "when its cooperative last entered something",
    ("ledger_monitoringreport", "status_since"): "from when deadlines are counted; when each step was, its entry says",
    ("ledger_parcel", "id"): SURROGATE,
    ("ledger_payoutline", "id"): SURROGATE,
    ("ledger_record", "created_at"): UNSAID,
    ("ledger_reportversion", "id"): SURROGATE,
    ("ledger_retirement", "id"): SURROGATE,
    ("ledger_share", "id"): SURROGATE,
    ("ledger_sharingweight", "id"): SURROGATE,
    ("ledger_serialblock", "id"): "the order in which an account delivers its runs; whose they are is proven",
    ("trading_executedinstruction", "id"): SURROGATE,
    ("trading_closedday", "id"): SURROGATE,
    ("trading_market", "auction_ends_at"): "when somebody ends the auction, which is proven; it gives no price",
    ("trading_bid", "client_bid_id"): "the client's own name for it",
    ("trading_blockoffer", "client_offer_id"): "the client's own name for it",
    ("trading_onewayauction", "client_auction_id"): "the client's own name for it",
    ("trading_market", "shard"): "which worker serves the market",
    ("trading_tradinglimit", "id"): SURROGATE,
    ("trading_order", "changed_at"): "for streams: what was changed then is proven",
    ("trading_order", "client_order_id"): "the client's own name for it",
    ("trading_order", "placed_at"): "orders have no record of their own; when they were executed is proven",
    ("trading_order", "placed_by_id"): "orders have no record of their own; whose they are is proven",
}


# The scene


@pytest.fixture(scope="module")
def _scene_once(django_db_setup, django_db_blocker):
    """Let everything happen that there are tables for, in one transaction that all tests share and none changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people()
        register(who)
        meet(who)
        keep_diary(who)
        bank(who)
        trade(who)
        watch_and_review(who)
        agree(who)
        share(who)
        hand_on_and_lose(who)
        sequence_log()
        open_account(organisation=who.other_buyer.organisation, asset=cash())
        pay_in(who, who.other_buyer, 5_000)
        # What foreign keys put off until the commit is not to come up later.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            # Each check is planned anew, some thirty thousand times: to weigh every order of a dozen joins of small tables takes
            # a hundred times as long as to read them.
            cursor.execute("SET LOCAL join_collapse_limit = 5")
            cursor.execute("SET LOCAL from_collapse_limit = 5")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def scene(_scene_once, db):
    """All of it is in the database; what a test does to it is undone."""


def meet(who):
    """Let people be invited, join, change their roles, leave and be removed; among the operator's by two."""
    owner = who.buyer
    accepted_one, secret = invite_member(actor=owner, role="trader", note="采购部")
    trader = accept_invitation(user=UserFactory(), secret=secret, address="203.0.113.5")
    assert trader.organisation_id == accepted_one.organisation_id
    withdrawn, _secret = invite_member(actor=owner, role="viewer")
    withdraw_invitation(actor=owner, public_id=withdrawn.public_id)
    invite_member(actor=owner, role="viewer")
    change_role(actor=owner, public_id=trader.user.public_id, role="owner")
    for person in (UserFactory(), UserFactory()):
        add_member(actor=owner, user=person, role="viewer")
    remove_member(actor=owner, public_id=person.public_id)
    directors = [MembershipFactory(organisation=who.registrar.organisation, role="owner") for _ in range(2)]
    offered, _secret = invite_member(actor=directors[0], role="viewer")
    confirm_invitation(actor=directors[1], public_id=offered.public_id)
    changes = [propose_change(actor=directors[0], person=UserFactory(), role="registrar") for _ in range(3)]
    confirm_change(actor=directors[1], change_id=changes[0].pk)
    refuse_change(actor=directors[1], change_id=changes[1].pk)
    propose_change(actor=directors[0], person=changes[0].person, role="")


def register(who):
    """Take projects and reports through their lives: registered, rejected, drafts; issued, rejected, verified."""
    projects = [project_of(who, number) for number in range(3)]
    for project in projects[:2]:
        hand_in(who.cooperative, project)
    validate(who.verifier, projects[0])
    register_project(actor=who.registrar, project_id=projects[0].pk)
    accept_project(actor=who.verifier, project_id=projects[1].pk)
    reject_project(actor=who.verifier, project_id=projects[1].pk, reason="Not as it says.")
    applied = [apply_for_organisation(user=UserFactory(), kind="buyer", name=name) for name in ("甲", "乙", "丙")]
    for organisation in applied[:2]:
        approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    suspend_organisation(actor=who.registrar, organisation_id=applied[0].pk)
    reports_of(who, projects[0])
    live(who)


def reports_of(who, project):
    """Take reports through their lives: issued in parts, verified, declined and assigned anew, with findings, rejected."""
    for vintage in (2020, 2021):
        verified(who, report_year(who, project, vintage))
    first = project.reports.get(vintage=2020)
    approve_report(actor=who.registrar, report_id=first.pk)
    part, _rest = (
        issue_credits(actor=who.registrar, report_id=first.pk, quantity_t=quantity_t) for quantity_t in (7, None)
    )
    # What names the first batch by its id.
    retire_credits(
        actor=who.cooperative, batch_id=part.pk, quantity_t=1, beneficiary_name="龙山米业", purpose="own_footprint"
    )
    rejected = report_year(who, project, 2022)
    reject_report(actor=who.registrar, report_id=rejected.pk, reason="Not as it says.")
    other = MembershipFactory(organisation__kind="verifier")
    moved = report_year(who, project, 2022)
    decline_report(actor=who.verifier, report_id=moved.pk, reason="No time.")
    assign_verifier(actor=who.cooperative, report_id=moved.pk, verifier=other.organisation.public_id)
    report = accepted(who, report_year(who, project, 2023))
    one, two, three = (find(who, report, text=f"{number} is missing.") for number in range(3))
    short = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P0": short})
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": short})
    for finding in (one, two):
        answer(who, finding)
        close(who, finding)
    reopen_finding(actor=who.verifier, finding_id=two.pk, reason="July, too.")
    find(who, report, kind="forward_action", text="Weigh the harvest.")
    reopen_finding(actor=who.verifier, finding_id=answer(who, three).pk, reason="Not so.")
    answer(who, three, "So.")
    soil = ProjectFactory(
        proponent=who.cooperative.organisation,
        number=1_000,
        methodology="soc-tier1-1",
        settings={"risk_percent": "12"},
        validator=who.verifier.organisation,
    )
    stated = state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS)
    refuse_risk(actor=who.verifier, assessment_id=stated.pk, reason="The dyke is broken.")
    for answers in (ANSWERS, ANSWERS | {"drought": ANSWERS["flood"]}):
        confirm_risk(
            actor=who.verifier,
            assessment_id=state_risk(actor=who.cooperative, project_id=soil.pk, answers=answers).pk,
        )
    state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS | {"presence": "farther"})


def live(who):
    """Take projects through what else there is: described, sent back, suspended, withdrawn, completed, renewed, judged."""
    described = project_of(who, 3)
    describe_project(actor=who.cooperative, project_id=described.pk, changes=DESCRIPTION)
    for number in (0, 1):
        state_baseline(
            actor=who.cooperative, project_id=described.pk, evidence=f"Photos {number}.", parcels=[f"P{number}"]
        )
    submit_project(actor=who.cooperative, project_id=described.pk)
    accept_project(actor=who.verifier, project_id=described.pk)
    return_project(actor=who.verifier, project_id=described.pk, reason="The map is another one.")
    projects = [project_of(who, number) for number in range(4, 12)]
    declined, suspended, asked, withdrawn, completed, renewed, waiting, near = projects
    for project in projects:
        hand_in(who.cooperative, project)
    accept_project(actor=who.verifier, project_id=declined.pk)
    decline_project(actor=who.verifier, project_id=declined.pk, reason="No people.")
    withdraw_project(actor=who.cooperative, project_id=withdrawn.pk, reason="Sold.")
    for project in (suspended, asked, completed, renewed, waiting):
        validate(who.verifier, project)
        register_project(actor=who.registrar, project_id=project.pk)
    suspend_project(actor=who.registrar, project_id=suspended.pk, reason="Drained wrongly.")
    ask_withdrawal(actor=who.cooperative, project_id=asked.pk, reason="Built over.")
    with time_machine.travel(dt.datetime(2029, 6, 1, tzinfo=dt.UTC), tick=True):
        granted, refused, _waiting = (
            request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=END, note=f"As before, {project.pk}.")
            for project in (renewed, completed, waiting)
        )
    assess_renewal(actor=who.verifier, renewal_id=granted.pk, statement="It still holds.")
    grant_renewal(actor=who.registrar, renewal_id=granted.pk)
    refuse_renewal(actor=who.registrar, renewal_id=refused.pk, reason="Another regime.")
    complete_projects(dt.date(2033, 1, 1))
    mistaken, _right = (
        declare_conflict(actor=who.verifier, project_id=near.pk, nature=nature, note=nature) for nature in NATURES
    )
    lift_conflict(actor=who.registrar, conflict_id=mistaken.pk, reason="Mistaken.")
    judge_neighbours(who, near)


def judge_neighbours(who, project):
    """Decide twice about a project that lies beside another of its proponent."""
    beside_it = ProjectFactory(proponent=who.cooperative.organisation, number=2_000)
    ParcelFactory(project=beside_it, geometry=beside(project.parcels.first().geometry))
    for is_one, reason in ((False, "Two villages."), (True, "One canal.")):
        decide_debundling(actor=who.registrar, project_id=project.pk, is_one_with_them=is_one, reason=reason)


DESCRIPTION = {
    "county_code": "350627",
    "starts_on": dt.date(2019, 3, 1),
    "project_link": "https://example.org/paddies",
    "covered_by_ndc": "inside",
    "ndc_information": "Agriculture.",
    "co_benefits": ["sdg_2"],
    "labels": [{"name": "CCB", "label_type": "certification"}],
    "related_projects": [{"project": "VCS 1", "relationship": "next to it"}],
    "estimations": [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": 5}],
    "is_listed_elsewhere": True,
    "other_listings": [{"registry": "Verra", "number": "1"}],
}
END = dt.date(2034, 12, 31)
NATURES = ("advised", "financial")


def keep_diary(who):
    """Write into a diary, with and without time and place; correct and withdraw; keep, publish and withdraw documents."""
    project = Project.objects.get(status=Project.Status.REGISTERED, number=1)
    place = Place(Decimal("24.5"), Decimal("117.1"), 12)
    said = [
        NewEntry(
            uuid.UUID(int=at),
            "drainage",
            ["P0", "P1"][: 1 + at % 2],
            dt.date(2020, 5, 1 + at),
            {"water_level_cm": str(-at)},
            season=["", "early"][at % 2],
            happened_time=dt.time(9, at) if at % 2 else None,
            place=place if at % 3 else None,
            note=f"第{at}次",
        )
        for at in range(1, 7)
    ]
    entries = [write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry for new in said]
    better = replace(said[0], client_uuid=uuid.UUID(int=9), replaces=entries[0].pk)
    write_entry(actor=who.cooperative, project_id=project.pk, new=better)
    better = replace(said[1], client_uuid=uuid.UUID(int=10), replaces=entries[1].pk)
    write_entry(actor=who.cooperative, project_id=project.pk, new=better)
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entries[2].pk, reason="Wrong field.")
    report_ids = list(project.reports.order_by("id").values_list("pk", flat=True))[:2]
    papers = [
        NewDocument(pdf(b"%d 0 obj null endobj\n" % at), f"{at}.pdf", kind, f"文件{at}", **more)
        for at, (kind, more) in enumerate(
            [
                ("contract", {}),
                ("land_right", {"parcel_code": "P0", "is_public": True}),
                ("soil_report", {"report_id": report_ids[0], "parcel_code": "P1"}),
                ("soil_report", {"report_id": report_ids[1]}),
                ("photo", {"diary_entry_id": entries[3].pk}),
                ("photo", {"diary_entry_id": entries[4].pk, "is_public": True}),
            ]
        )
    ]
    papers += [NewDocument(picture(colour=at), f"{at}.jpg", "photo", is_public=True) for at in ("red", "blue")]
    kept = [add_document(actor=who.cooperative, project_id=project.pk, new=new) for new in papers]
    add_document(actor=who.registrar, project_id=project.pk, new=replace(papers[0], title="同一份"))
    for at, document in enumerate(kept[1:7:2]):
        withdraw_document(actor=who.cooperative, public_id=document.public_id, reason=f"Not this one, {at}.")


def project_of(who, number):
    project = create_project(
        actor=who.cooperative,
        name=f"稻田{number}",
        place=f"福建{number}",
        province_code="35",
        methodology="rice-water-1",
        settings=SETTINGS,
        crediting_starts_on=CREDITING[0],
        crediting_ends_on=CREDITING[1],
        description=f"第{number}片",
    )
    fields = [
        add_parcel(
            actor=who.cooperative,
            project_id=project.pk,
            code=f"P{field}",
            geometry=square(number * 3 + field),
            practices=PRACTICES,
            name=f"田{field}",
            **(described(who, number * 3 + field) if field else {}),
        )
        for field in range(3)
    ]
    remove_parcel(actor=who.cooperative, project_id=project.pk, parcel_id=fields[2].pk)
    return project


def described(who, number):
    """Return what is said of a field beside its shape and practices."""
    household = add_household(actor=who.cooperative, code=f"1-{number}", name=f"户{number}")
    return {
        "household_code": household.code,
        "declared_area_ha": Decimal(90 + number),
        "area_reason": f"Paths, {number}.",
        "converted_from": "GCJ-02" if number % 2 else "BD-09",
    }


def bank(who):
    """Move money in and out: confirmed, refused and waiting; and correct transfers: confirmed, refused and waiting."""
    for payer in (who.buyer, who.other_buyer):
        pay_in(who, payer, 10_000_000)
    refused = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=7, bank_reference="BANK-X"
    )
    refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
    paid_out = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    confirm_payment(actor=who.treasurer, payment_id=paid_out.pk, bank_reference="BANK-Y")
    request_withdrawal(actor=who.other_buyer, amount_fen=2_000)
    one, other = (open_account(organisation=each.organisation, asset=cash()) for each in (who.buyer, who.other_buyer))
    moved = post_transactions(
        [Posting("transfer", [Leg(one.pk, other.pk, amount)], "system", timezone.now()) for amount in (5, 6, 7)]
    )
    confirmed, refused, _waiting = (
        request_correction(actor=who.treasurer, transaction_id=each.transaction_id, reason=f"Not {at}.")
        for at, each in enumerate(moved)
    )
    confirm_correction(actor=who.second_treasurer, correction_id=confirmed.pk)
    refuse_correction(actor=who.second_treasurer, correction_id=refused.pk)


def trade(who):
    """Fill more than a tile of the log with trades, cancel, halt and resume, leave orders on the book and in the queue,
    and retire what was bought."""
    projects = [ProjectFactory(proponent=who.cooperative.organisation, number=number) for number in (901, 902)]
    batches = [
        issue_to_cooperative(who, tonnes, buffer_t=tonnes // 10, project=project)
        for tonnes, project in zip((2_000, 500), projects, strict=True)
    ]
    markets = [market_for(who, batch, taker_fee_bps=35) for batch in batches]
    for market, count in zip(markets, (120, 5), strict=True):
        sells = enter(who.cooperative, market, "sell", 4_000, count)
        for buyer in (who.buyer, who.other_buyer):
            enter(buyer, market, "buy", 4_010, count - 1)
            execute_market(market.pk)
            sequence_log()
        cancel_order(actor=who.cooperative, order_id=sells[-1].pk)
        execute_market(market.pk)
    halt_market(actor=who.registrar, market_id=markets[0].pk, reason="Fog.")
    resume_market(actor=who.registrar, market_id=markets[0].pk)
    halt_market(actor=who.registrar, market_id=markets[0].pk, reason="More fog.")
    execute_market(markets[0].pk)
    enter(who.cooperative, markets[1], "sell", 4_200, 2)
    enter(who.buyer, markets[1], "buy", 3_800, 2)
    execute_market(markets[1].pk)
    enter(who.buyer, markets[1], "buy", 3_900, 2)
    orders_with_an_end(who, markets[1])
    change_market(actor=who.registrar, market_id=markets[1].pk, reason="As announced.", band_percent=12)
    execute_market(markets[1].pk)
    for market, figures in ((None, {"largest_order_t": 900}), (markets[1], {"largest_order_fen": 10**9})):
        set_limit(
            actor=who.registrar,
            organisation_id=who.buyer.organisation_id,
            market_id=market and market.pk,
            reason=f"New here: {figures}.",
            **figures,
        )
    for day in (1, 2):
        close_day(actor=who.registrar, day=dt.date(2099, 1, day), reason=f"New Year, {day}.")
    ours = {"beneficiary_name": "甲", "purpose": "own_footprint"}
    retire_credits(
        actor=who.buyer, batch_id=batches[0].pk, quantity_t=5, note="For 2020.", idempotency_key="r1", **ours
    )
    hidden = {"is_beneficiary_public": False, "beneficiary_code": "91350000000000000C"}
    retire_credits(actor=who.other_buyer, batch_id=batches[1].pk, quantity_t=2, **hidden, **ours)


def orders_with_an_end(who, market):
    """Leave orders that end by themselves, and one that was replaced."""
    for at in (1, 2):
        ends_at = timezone.now() + dt.timedelta(days=at)
        new = NewOrder(f"gtd-{at}", "buy", 3_900, 3, time_in_force="gtd", expires_at=ends_at)
        place_orders(actor=who.buyer, market_id=market.pk, orders=[new])
    execute_market(market.pk)
    replaced = Order.objects.get(client_order_id="gtd-1")
    replace_order(actor=who.buyer, order_id=replaced.pk, price_fen=3_910, quantity_t=4)
    execute_market(market.pk)


def agree(who):
    """Take offers of block trades, lots and bids through their lives: open and decided in every way."""
    batch = issue_to_cooperative(
        who, 1_000, project=ProjectFactory(proponent=who.cooperative.organisation, number=3_000)
    )
    market = market_for(who, batch, taker_fee_bps=35)
    offers = [offer_block(who.buyer, who.cooperative, market, f"o{at}", price_fen=4_500 + at) for at in range(7)]
    terms = OfferTerms("answer", 4_600, 20, timezone.now() + dt.timedelta(hours=2))
    answer = counter_offer(actor=who.cooperative, offer_id=offers[0].pk, terms=terms).offer
    accept_offer(actor=who.buyer, offer_id=answer.pk)
    decline_offer(actor=who.cooperative, offer_id=offers[1].pk)
    withdraw_offer(actor=who.buyer, offer_id=offers[2].pk)
    accept_offer(actor=who.cooperative, offer_id=offers[3].pk)
    offer_block(who.cooperative, who.other_buyer, market, "sell", side="sell")
    lots = [put_up_lot(who.cooperative, market, f"l{at}", is_sealed=at < 3) for at in range(5)]
    for lot in lots[:4]:
        for at, bidder in enumerate((who.buyer, who.other_buyer, who.buyer)):
            bid = bid_for(bidder, lot, f"b{lot.pk}-{at}", price_fen=4_500 + at)
        if lot.is_sealed:
            withdraw_bid(actor=who.buyer, bid_id=bid_for(who.buyer, lot, f"w{lot.pk}").pk)
    cancel_auction(actor=who.registrar, auction_id=lots[0].pk, reason="Disputed.")
    with time_machine.travel(bid.auction.closes_at + dt.timedelta(minutes=1)):
        later = [offer_block(who.buyer, who.cooperative, market, f"later{at}") for at in range(2)]
        expire_offers()
        close_auctions()
        lot = put_up_lot(who.cooperative, market, "late")
        bid_for(who.other_buyer, lot, "late")
        bid_for(who.buyer, lot, "late")
        execute_market(market.pk)
        retire_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=1,
            note="",
            idempotency_key="own",
            beneficiary_name="甲",
            purpose="own_footprint",
        )
        # What is awarded last waits for its turn.
        accept_offer(actor=who.cooperative, offer_id=later[0].pk)


def share(who):
    """Share sales by plans for all and for one project, and pay out: confirmed, refused, reversed and waiting."""
    project = ProjectFactory(proponent=who.cooperative.organisation, number=4_000)
    market = market_for(who, issue_to_cooperative(who, 500, project=project), taker_fee_bps=35)
    households = households_of(who, project, ["1", "2.5", "4"])
    codes = [household.code for household in households]
    plan_of(who, statement="大会通过", is_public=True)
    plan_of(
        who,
        project=project.code,
        retained_bps=333,
        area_bps=5_000,
        equal_bps=2_000,
        contribution_bps=3_000,
        contributions={codes[0]: 30, codes[1]: 11, codes[2]: 7},
    )
    for turn in range(4):
        sell(who, market, 3, 4)
        share_waiting_proceeds()
        (payout,) = request_payout(actor=who.cooperative)
        if turn < 2:
            payout = confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference=f"HH-{turn}")
        if turn == 1:
            wrong = request_correction(actor=who.treasurer, transaction_id=payout.transaction_id, reason="Came back.")
            confirm_correction(actor=who.second_treasurer, correction_id=wrong.pk)
        if turn == 2:
            refuse_payout(actor=who.treasurer, payout_id=payout.pk)
    leave_household(actor=who.cooperative, public_id=households[0].public_id)


def hand_on_and_lose(who):
    """Take transfers, cancellations and reversals through their lives, and retire with all that can be said of the use."""
    project = ProjectFactory(proponent=who.cooperative.organisation, number=5_000)
    batch = issue_to_cooperative(who, 1_000, buffer_t=100, project=project)
    issue_to_cooperative(who, 500, buffer_t=50, project=ProjectFactory(number=6_000))
    offers = [
        offer_credits(who.cooperative, who.buyer, batch, 10 + at, key=f"t{at}", note=f"第{at}号", price_fen=4_000 + at)
        for at in range(6)
    ]
    gifts = [offer_credits(who.cooperative, who.other_buyer, batch, 3, ground="gift") for _time in range(2)]
    for transfer in (*offers[:2], gifts[0]):
        accept_transfer(actor=who.buyer if transfer in offers else who.other_buyer, public_id=transfer.public_id)
    decline_transfer(actor=who.buyer, public_id=offers[2].public_id)
    withdraw_transfer(actor=who.cooperative, public_id=offers[3].public_id)
    with time_machine.travel(timezone.now() - dt.timedelta(days=8)):
        offer_credits(who.cooperative, who.other_buyer, batch, 4)
    expire_transfers()
    for at, purpose in enumerate(("judicial_restitution", "on_behalf_of")):
        is_court = purpose == "judicial_restitution"
        retire_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=2 + at,
            beneficiary_name=f"乙{at}",
            purpose=purpose,
            first_serial=batch.serials.lower + 500 + 10 * at,
            use=Use(
                dt.date(2023, 1 + at, 1),
                dt.date(2023, 12, 30 + at),
                court_name="福建省高级人民法院" if is_court else "",
                case_number="(2023)闽01刑初1号" if is_court else "",
                beneficiary_place="" if is_court else "福州",
            ),
        )
    for at in range(2):
        cancel_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=5 + at,
            reason=("no_claim", "mistake")[at],
            note=f"n{at}",
            idempotency_key=f"c{at}" if at else None,
        )
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    lower = batch.serials.lower
    orders = [
        request_cancellation(
            actor=who.registrar,
            batch_id=batch.pk,
            organisation=None if at == 3 else who.cooperative.organisation,
            quantity_t=6 + at,
            reason=("mistake", "over_issuance")[at % 2],
            note=f"o{at}",
            first_serial=lower + 600 + 10 * at if at in (0, 1, 2) else None,
        )
        for at in range(6)
    ]
    for order in orders[:2]:
        confirm_cancellation(actor=second, order_id=order.pk)
    refuse_cancellation(actor=second, order_id=orders[2].pk)
    losses = [
        report_loss(reporter, project, loss_t, cause=cause, days_ago=days, is_intentional=cause == "other")
        for reporter, loss_t, cause, days in (
            (who.cooperative, 120, "flood", 20),
            (who.verifier, 200, "ploughed_up", 12),
            (who.cooperative, 7, "other", 9),
            (who.registrar, 3, "drought", 8),
            (who.cooperative, 9, "over_issuance", 7),
            (who.verifier, 4, "land_lost", 6),
        )
    ]
    for loss in losses[:3]:
        confirm_reversal(actor=second, public_id=loss.public_id)
    refuse_reversal(actor=second, public_id=losses[3].public_id, reason="No loss.")
    for loss, quantity_t in ((losses[1], 10), (losses[2], 7)):
        replenish(actor=who.cooperative, public_id=loss.public_id, batch_id=batch.pk, quantity_t=quantity_t)


def watch_and_review(who):
    """Raise alerts about both buyers in both markets; leave some, take up, close, escalate and reopen others."""
    parties = [each.organisation for each in (who.buyer, who.other_buyer, who.cooperative)]
    first, _second = (
        declare_relation(
            actor=who.registrar, one=parties[0], other=other, kind=kind, reason=f"Company register: {kind}."
        )
        for other, kind in zip(parties[1:], ("shareholder", "same_controller"), strict=True)
    )
    end_relation(actor=who.registrar, relation_id=first.pk, reason="Sold.")
    for rule, thresholds in (
        ("holding", {"percent": 45, "least_t": 1}),
        ("holding", {"percent": 40, "least_t": 1}),
        ("band_hit", {"hits": 9}),
    ):
        change_thresholds(actor=who.registrar, rule=rule, thresholds=thresholds, reason=f"As {thresholds} is.")
    raised = run_rule(RULES[Rule.HOLDING])
    with time_machine.travel(timezone.now() + dt.timedelta(days=40)):
        raised += run_rule(RULES[Rule.HOLDING])
    assert len(raised) == 6
    take_up_alert(actor=who.registrar, alert_id=raised[0].id)
    close_alert(actor=who.registrar, alert_id=raised[0].id, reason="A market maker.")
    reopen_alert(actor=who.registrar, alert_id=raised[0].id, reason="It is none.")
    escalate_alert(actor=who.registrar, alert_id=raised[1].id, reason="To the supervisor.")


def enter(actor, market, side, price_fen, count):
    """Enter orders of 2 t to sell, or of 1 t to buy."""
    quantity_t = 2 if side == "sell" else 1
    orders = [NewOrder(f"{market.pk}-{price_fen}-{at}", side, price_fen, quantity_t) for at in range(count)]
    return [result.order for result in place_orders(actor=actor, market_id=market.pk, orders=orders)]


# What somebody does


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_nullable: bool


def columns_of(table):
    """Return the columns of a table as the database has them, the primary key first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT attname, format_type(atttypid, NULL), NOT attnotnull
              FROM pg_attribute
              LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary AND attnum = ANY(indkey)
             WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
             ORDER BY indrelid IS NULL, attnum
            """,
            [table],
        )
        return [Column(*row) for row in cursor.fetchall()]


CHANGES = {
    "bigint": ["{} + 1", "{} - 1"],
    "integer": ["{} + 1", "{} - 1"],
    "smallint": ["{} + 1", "{} - 1"],
    "numeric": ["{0} + power(10::numeric, -scale({0}))", "{} - 1"],
    "boolean": ["NOT {}"],
    "character varying": ["{} || 'x'", "'x' || substr({}, 2)", "''"],
    "text": ["{} || ' '", "'x' || substr({}, 2)", "''"],
    "uuid": ["gen_random_uuid()"],
    "date": ["{} + 1", "{} - 1"],
    "timestamp with time zone": [
        "{} + interval '1 second'",
        "{} - interval '1 second'",
        "{} + interval '1 microsecond'",
    ],
    "bytea": ["set_byte({0}, 0, get_byte({0}, 0) # 1)", "set_byte({0}, length({0}) - 1, 0)", "substr({}, 2)", "''"],
    "int8range": ["int8range(lower({0}) + 1, upper({0}) + 1)", "int8range(lower({0}), upper({0}) + 1)"],
    "int8multirange": [
        "(SELECT range_agg(int8range(lower(run) + 1, upper(run) + 1)) FROM unnest({}) run)",
        "{0} - int8multirange(int8range(lower({0}), lower({0}) + 1))",
        "int8multirange()",
    ],
    "character varying[]": ["{0} || {0}", "'{{x}}'", "'{{}}'"],
    "time without time zone": ["{} + interval '1 second'", "{} - interval '1 microsecond'"],
    "bigint[]": ["{0} || ({0}[1] + 1)", "ARRAY[{0}[1] + 1]", "'{{}}'"],
    "jsonb": ["jsonb_build_array({})", "{} || '{{\"x\": 1}}'", "'{{}}'"],
}
# Of numbers, which may refer to a row, one that another row has, and one that refers to nothing.
FILLED = {
    "boolean": ["true", "false"],
    "date": ["CURRENT_DATE"],
    "bigint": ["(SELECT max({}) FROM {})", "0"],
    "uuid": ["gen_random_uuid()"],
    "character varying": ["'x'"],
    "numeric": ["1"],
    "timestamp with time zone": ["now()"],
    "time without time zone": ["'12:00'"],
    "integer": ["0"],
    "int8multirange": ["'{{[1,2)}}'"],
    "jsonb": ["'{{}}'"],
}


def changes_of(table, column):
    """Yield SQL for each change of one value: another one of its kind, another row's, none where it may be none."""
    name = f'"{column.name}"'
    there = f"(SELECT ctid FROM {table} WHERE {name} IS NOT NULL ORDER BY ctid DESC OFFSET (SELECT count({name}) / 2 FROM {table}) LIMIT 1)"
    missing = f"(SELECT ctid FROM {table} WHERE {name} IS NULL ORDER BY ctid LIMIT 1)"
    for change in CHANGES[column.type]:
        new = change.format(name)
        yield f"UPDATE {table} SET {name} = {new} WHERE ctid = {there} AND {name} IS DISTINCT FROM {new}"
    if column.is_nullable:
        yield f"UPDATE {table} SET {name} = NULL WHERE ctid = {there}"
        for value in FILLED[column.type]:
            new = value.format(name, table)
            yield f"UPDATE {table} SET {name} = {new} WHERE ctid = {missing} AND {new} IS NOT NULL"


def swap_of(table, columns, column):
    """Return SQL that gives two rows each other's value of a column; both rows go and come again, for unique ones."""
    listed = ", ".join(f'"{each.name}"' for each in columns)
    swapped = ", ".join(f'{"other" if each == column else "one"}."{each.name}"' for each in columns)
    key, name = f'"{columns[0].name}"', f'"{column.name}"'
    return f"""
        WITH gone AS (
            DELETE FROM {table} WHERE ctid IN (
                SELECT unnest(ARRAY[one.ctid, other.ctid])
                  FROM (SELECT ctid, * FROM {table} ORDER BY {key} LIMIT 40) one
                  JOIN (SELECT ctid, * FROM {table} ORDER BY {key} DESC LIMIT 40) other ON one.{name} <> other.{name}
                 LIMIT 2)
            RETURNING *)
        INSERT INTO {table} ({listed})
        SELECT {swapped} FROM gone one JOIN gone other ON one.{key} <> other.{key}
    """


def tampering_with(table, columns):
    """Yield each thing that somebody could do to a table: the column it is about, empty for a whole row, and SQL."""
    key = columns[0]
    for column in columns:
        for sql in changes_of(table, column):
            yield column.name, sql
        if columns[1:]:
            yield column.name, swap_of(table, columns, column)
    others = ", ".join(f'"{column.name}"' for column in columns[1:])
    new = "gen_random_uuid()" if key.type == "uuid" else f'max("{key.name}") + 1'
    yield "", f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} ORDER BY ctid LIMIT 1)"
    yield "", f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} ORDER BY ctid DESC LIMIT 1)"
    if others:
        row = f"(SELECT {others} FROM {table} ORDER BY ctid DESC LIMIT 1) twin"
        yield (
            "",
            f'INSERT INTO {table} ("{key.name}", {others}) SELECT (SELECT {new} FROM {table}), {others} FROM {row}',
        )


# Who notices


IMPOSSIBLE = "there is no row that it could be done to, or no room for it"


FINDERS = {}
"""What named the last change of a table."""


def found_after(table, sql, *, without=()):
    """Do something as a superuser with the guards off, and return what names it, None where nothing does; undo it.

    A constraint that is in the way is dropped, as somebody would who is determined.
    """
    try:
        with undone():
            if not tamper(table, sql, without):
                return IMPOSSIBLE
            found = next((result.name for result in results_about(table) if not result.holds), None)
            if found is not None:
                FINDERS[table] = found
            return found
    except DataError:
        return IMPOSSIBLE
    except IntegrityError as error:
        return found_after(table, sql, without=(*without, error.__cause__.diag.constraint_name))


def tamper(table, sql, without):
    """Return how many rows it was done to."""
    with as_owner(), connection.cursor() as cursor:
        for constraint in without:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint} CASCADE")
            cursor.execute(f"DROP INDEX IF EXISTS {constraint}")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        count = cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")
    return count


def results_about(table):
    """Evaluate what reconciliation evaluates, for speed what found the last change of the table first, then what is about it."""
    invariants = journal.INVARIANTS + credits.INVARIANTS + exchange.INVARIANTS
    finder = FINDERS.get(table)
    yield from map(
        check_one,
        sorted(invariants, key=lambda invariant: (invariant.name != finder, table not in invariant.breaches_sql)),
    )
    for _what, check in exchange.other_steps():
        yield check()


def test_the_scene_itself_holds(scene):
    assert [result for result in reconcile() if not result.holds] == []


@pytest.mark.parametrize("table", PROVEN)
def test_whatever_is_done_to_a_table_is_named(scene, table):
    columns = columns_of(table)
    unnoticed, noticed = [], set()
    for column, sql in tampering_with(table, columns):
        found = found_after(table, sql)
        if found is None and (table, column) not in EXEMPT:
            unnoticed.append(f"{column or 'row'}: {sql}")
        elif found not in (None, IMPOSSIBLE):
            noticed.add(column)
    assert not unnoticed, "\n".join(unnoticed)
    names = {column.name for column in columns}
    exempt = {column for each, column in EXEMPT if each == table}
    assert names - noticed == exempt, "what nothing could be done to in this scene, or what needs no exemption"


def test_every_table_is_proven_or_there_is_a_reason_why_not():
    """A new table is added to one of the lists."""
    assert {table.name for table in tables()} == {*PROVEN, *NOT_PROVEN}
    assert not set(PROVEN) & set(NOT_PROVEN)


# What is more than one row


def test_a_log_cut_short_and_signed_again_with_the_true_key_is_named(scene):
    """Whoever has the key signs a shorter log that is right in itself; the facts that it has no records of remain."""
    size = LogLeaf.objects.count() - 20
    tree = RebuiltTree()
    for leaf in LogLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)[:size]:
        tree.append(bytes(leaf))
    signer = log_signer()
    note = signer.sign(checkpoint_text(signer.name, size, tree.root()))
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "DELETE FROM ledger_record WHERE id NOT IN (SELECT record_id FROM ledger_logleaf WHERE index < %s)", [size]
        )
        cursor.execute("DELETE FROM ledger_unsequencedrecord")
        cursor.execute("DELETE FROM ledger_logleaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM ledger_logtile WHERE (number + 1) * 256 ^ (level + 1) > %s", [size])
        cursor.execute("DELETE FROM ledger_checkpoint WHERE tree_size >= %s", [size])
        cursor.execute("SET LOCAL session_replication_role = origin")
        previous_size = Checkpoint.objects.latest("tree_size").tree_size
    Checkpoint.objects.create(
        tree_size=size, previous_size=previous_size, root_hash=tree.root(), note=note, signed_at=timezone.now()
    )
    assert verify_log().difference == ""
    with translation.override("en"):
        broken = {result.name for result in reconcile() if not result.holds}
    assert "each transaction is what its record says" in broken


def test_serial_numbers_that_the_log_has_only_a_hash_of_are_compared_with_it(who, monkeypatch):
    monkeypatch.setattr(entries, "ROOM_FOR_RUNS", (0,) * len(entries.ROOM_FOR_RUNS))
    issue_to_cooperative(who, 10, project=ProjectFactory(proponent=who.cooperative.organisation, number=7_000))
    assert [result for result in reconcile() if not result.holds] == []
    shift = """
        UPDATE ledger_transfer SET serials = (SELECT range_agg(int8range(lower(run) + 1, upper(run) + 1)) FROM unnest(serials) run)
         WHERE id = (SELECT max(id) FROM ledger_transfer)
    """
    assert tamper("ledger_transfer", shift, without=()) == 1
    name = "each transfer is what the record of its transaction says, serial numbers and all"
    with translation.override("en"):
        assert name in {result.name for result in reconcile() if not result.holds}
