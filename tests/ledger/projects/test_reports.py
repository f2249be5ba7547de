"""Monitoring reports: drafted, handed in, accepted and verified by one, approved by another, each vintage once."""

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from ledger.errors import (
    ConflictOfInterest,
    InvalidValue,
    NotAllowed,
    NotAssigned,
    NotFound,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.models import MonitoringReport, Organisation, Project, Record
from ledger.projects.conflicts import declare_conflict
from ledger.projects.deadlines import due_on, is_overdue
from ledger.projects.digests import sheet_sha256
from ledger.projects.reports import (
    accept_report,
    approve_report,
    assign_verifier,
    decline_report,
    discard_report,
    draft_report,
    hand_in_report,
    preview_report,
    recompute,
    reject_report,
    save_practices,
    submit_report,
    verify_report,
)
from tests.database import as_owner
from tests.factories import (
    PRACTICES,
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
)
from tests.scenes import accepted, find, report_year, verified
from trading.execution.reconciliation import reconcile

Status = MonitoringReport.Status


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P1")
    return project


@pytest.fixture
def other_verifier(who):
    return MembershipFactory(organisation__kind="verifier")


def draft(who, project, vintage=2020, **more):
    return draft_report(actor=who.cooperative, project_id=project.pk, vintage=vintage, **more)


def broken():
    return [result for result in reconcile() if not result.holds]


def test_a_report_is_what_its_case_comes_to(who, project):
    report = report_year(who, project)
    assert report.case["parcels"][0]["area_ha"] == "100.0000"
    assert report.sheet == recompute(report)
    assert report.sheet_sha256 == sheet_sha256(report.sheet)
    assert (report.net_t, report.buffer_t, report.issuable_t) == (report.sheet["result"]["net_t"], 0, report.net_t)
    assert report.net_t > 0
    assert (report.period_starts_on, report.period_ends_on) == (dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert list(Record.objects.filter(kind__startswith="report_").order_by("id").values_list("kind", flat=True)) == [
        "report_submitted",
        "report_assigned",
    ]


def test_the_hash_survives_the_database(who, project):
    report = MonitoringReport.objects.get(pk=report_year(who, project).pk)
    assert sheet_sha256(report.sheet) == report.sheet_sha256 == sheet_sha256(recompute(report))


# Drafts


def test_a_draft_is_saved_step_by_step_previewed_and_handed_in(who, project):
    ParcelFactory(project=project, code="P2")
    short = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
    report = draft(who, project)
    assert (report.status, report.case, report.net_t) == (Status.DRAFT, None, 0)
    whole = preview_report(actor=who.cooperative, report_id=report.pk).result.net_t
    save_practices(actor=who.cooperative, report_id=report.pk, practices={"P1": short})
    save_practices(actor=who.cooperative, report_id=report.pk, practices={"P2": short})
    assert preview_report(actor=who.cooperative, report_id=report.pk).result.net_t < whole
    save_practices(actor=who.cooperative, report_id=report.pk, practices={"P2": None})
    between = preview_report(actor=who.cooperative, report_id=report.pk).result.net_t
    assert not Record.objects.filter(kind__startswith="report_").exists()
    verifier = who.verifier.organisation.public_id
    done = hand_in_report(actor=who.cooperative, report_id=report.pk, verifier=verifier)
    assert (done.status, done.net_t, done.verifier) == (Status.SUBMITTED, between, who.verifier.organisation)
    assert broken() == []


def test_a_draft_is_thrown_away_and_begun_again(who, project):
    first = draft(who, project)
    with pytest.raises(InvalidValue):
        draft(who, project)
    discard_report(actor=who.cooperative, report_id=first.pk)
    assert not MonitoringReport.objects.exists()
    assert draft(who, project).pk != first.pk


def test_what_was_handed_in_is_not_thrown_away_not_even_in_the_database(who, project):
    report = report_year(who, project)
    with pytest.raises(WrongState):
        discard_report(actor=who.cooperative, report_id=report.pk)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        MonitoringReport.objects.filter(pk=report.pk).delete()
    assert MonitoringReport.objects.filter(pk=report.pk).exists()


def test_reported_practices_take_the_place_of_the_registered_ones(who, project):
    days = PRACTICES["seasons"][0] | {"days": 56}
    assert (
        report_year(who, project, 2020).net_t
        > report_year(who, project, 2021, practices={"P1": {"seasons": [days]}}).net_t
    )


@pytest.mark.parametrize(
    ("practices", "field"),
    [
        ({"P2": PRACTICES}, "practices"),
        ({"P1": PRACTICES | {"area_ha": "100000"}}, "practices.P1.area_ha"),
        ({"P1": PRACTICES | {"id": "P9"}}, "practices.P1.id"),
        ({"P1": ["seasons"]}, "practices.P1"),
        ({"P1": {"seasons": []}}, "parcels[0].seasons"),
        ({"P1": {"seasons": PRACTICES["seasons"], "bonus": "1"}}, "parcels[0].bonus"),
    ],
)
def test_practices_that_cannot_be_are_refused(who, project, practices, field):
    with pytest.raises(InvalidValue) as refusal:
        report_year(who, project, practices=practices)
    assert refusal.value.field == field
    assert not MonitoringReport.objects.exists()


# Periods


@pytest.mark.parametrize("vintage", [2019, 2030, 0, -1, 10**9])
def test_a_vintage_outside_the_crediting_period_is_refused(who, project, vintage):
    with pytest.raises(InvalidValue) as refusal:
        draft(who, project, vintage)
    assert refusal.value.field == "vintage"


def test_a_vintage_is_reported_when_its_year_is_over_in_china(who, project):
    with time_machine.travel(dt.datetime(2020, 12, 31, 15, 59, tzinfo=dt.UTC), tick=False), pytest.raises(InvalidValue):
        report_year(who, project, 2020)
    with time_machine.travel(dt.datetime(2020, 12, 31, 16, 0, tzinfo=dt.UTC), tick=False):
        assert report_year(who, project, 2020)


def test_the_first_and_last_years_are_as_long_as_the_crediting_period(who, project):
    Project.objects.filter(pk=project.pk).update(
        crediting_starts_on=dt.date(2020, 4, 1), crediting_ends_on=dt.date(2021, 3, 31)
    )
    first, last = report_year(who, project, 2020), report_year(who, project, 2021)
    assert first.period_starts_on == dt.date(2020, 4, 1)
    assert last.period_ends_on == dt.date(2021, 3, 31)


def test_a_later_year_is_not_handed_in_before_the_earlier_ones(who, project):
    with pytest.raises(InvalidValue) as refusal:
        report_year(who, project, 2022)
    assert (refusal.value.field, "2020" in str(refusal.value)) == ("vintage", True)
    first = report_year(who, project, 2020)
    draft(who, project, 2021)
    with pytest.raises(InvalidValue):
        report_year(who, project, 2022)
    reject_report(actor=who.registrar, report_id=first.pk, reason="The diary has gaps.")
    later = MonitoringReport.objects.get(vintage=2021)
    with pytest.raises(InvalidValue):
        hand_in_report(actor=who.cooperative, report_id=later.pk, verifier=who.verifier.organisation.public_id)
    report_year(who, project, 2020)
    hand_in_report(actor=who.cooperative, report_id=later.pk, verifier=who.verifier.organisation.public_id)


def test_a_vintage_has_one_report_until_that_is_rejected(who, project):
    first = report_year(who, project)
    with pytest.raises(InvalidValue):
        report_year(who, project)
    reject_report(actor=who.registrar, report_id=first.pk, reason="The diary has gaps.")
    assert report_year(who, project).pk != first.pk


def test_the_database_refuses_periods_that_overlap_or_leave_their_year(project):
    ReportFactory(project=project, vintage=2020)
    for vintage, starts_on, ends_on in (
        (2021, dt.date(2020, 12, 31), dt.date(2021, 12, 31)),
        (2021, dt.date(2021, 1, 1), dt.date(2022, 1, 1)),
        (2021, dt.date(2021, 6, 1), dt.date(2021, 5, 1)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReportFactory(project=project, vintage=vintage, period_starts_on=starts_on, period_ends_on=ends_on)
    # A year's report, reported again as another year's: only the periods tell.
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_monitoringreport DROP CONSTRAINT report_period_in_its_vintage")
    with pytest.raises(IntegrityError, match="report_periods_do_not_overlap"), transaction.atomic():
        ReportFactory(
            project=project, vintage=2021, period_starts_on=dt.date(2020, 12, 31), period_ends_on=dt.date(2021, 12, 31)
        )


@pytest.mark.parametrize("status", [status for status in Project.Status if status != Project.Status.REGISTERED])
def test_only_registered_projects_report(who, status):
    project = ProjectFactory(proponent=who.cooperative.organisation, status=status)
    with pytest.raises(WrongState):
        report_year(who, project)


def test_a_completed_project_finishes_the_reports_that_it_has(who, project):
    waiting = report_year(who, project)
    Project.objects.filter(pk=project.pk).update(status=Project.Status.COMPLETED)
    report = verified(who, waiting)
    assert approve_report(actor=who.registrar, report_id=report.pk).status == Status.APPROVED


@pytest.mark.parametrize("status", [Project.Status.SUSPENDED, Project.Status.WITHDRAWN])
def test_nothing_goes_on_while_a_project_is_suspended_or_withdrawn(who, project, status):
    waits, examined, done = (report_year(who, project, vintage) for vintage in (2020, 2021, 2022))
    accepted(who, examined)
    verified(who, done)
    Project.objects.filter(pk=project.pk).update(status=status)
    steps = (
        lambda: draft(who, project, 2023),
        lambda: accept_report(actor=who.verifier, report_id=waits.pk),
        lambda: find(who, examined),
        lambda: verify_report(actor=who.verifier, report_id=examined.pk, statement="Seen."),
        lambda: approve_report(actor=who.registrar, report_id=done.pk),
    )
    for step in steps:
        with pytest.raises(WrongState):
            step()


def test_only_the_proponent_reports(who, project):
    stranger = MembershipFactory(organisation__kind="cooperative")
    verifier = who.verifier.organisation.public_id
    report = draft(who, project)
    doors = (
        lambda actor: submit_report(actor=actor, project_id=project.pk, vintage=2021, verifier=verifier),
        lambda actor: save_practices(actor=actor, report_id=report.pk, practices={}),
        lambda actor: preview_report(actor=actor, report_id=report.pk),
        lambda actor: hand_in_report(actor=actor, report_id=report.pk, verifier=verifier),
        lambda actor: discard_report(actor=actor, report_id=report.pk),
    )
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for door in doors:
        with pytest.raises(NotFound):
            door(stranger)
        for other in (who.buyer, who.verifier, who.registrar, who.auditor, viewer):
            with pytest.raises(NotAllowed):
                door(other)
    assert MonitoringReport.objects.get().status == Status.DRAFT


# The verifier


@pytest.mark.parametrize("named", ["", "x", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_a_verifier_that_is_none_is_refused(who, project, named):
    with pytest.raises(InvalidValue) as refusal:
        submit_report(actor=who.cooperative, project_id=project.pk, vintage=2020, verifier=named)
    assert refusal.value.field == "verifier"


def test_only_approved_verifiers_are_named(who, project):
    applied = OrganisationFactory(kind=Organisation.Kind.VERIFIER, status=Organisation.Status.APPLIED)
    for other in (applied, who.buyer.organisation):
        with pytest.raises(InvalidValue):
            submit_report(actor=who.cooperative, project_id=project.pk, vintage=2020, verifier=other.public_id)


def test_a_verifier_in_conflict_is_neither_named_nor_accepts_nor_verifies(who, project):
    report = report_year(who, project)
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised")
    with pytest.raises(ConflictOfInterest):
        report_year(who, project, 2021)
    with pytest.raises(ConflictOfInterest):
        accepted(who, report)
    MonitoringReport.objects.filter(pk=report.pk).update(status=Status.IN_VERIFICATION)
    with pytest.raises(ConflictOfInterest):
        verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.")


def test_only_the_assigned_verifier_accepts_declines_and_verifies(who, project, other_verifier):
    report = report_year(who, project)
    for step in (
        lambda: accept_report(actor=other_verifier, report_id=report.pk),
        lambda: decline_report(actor=other_verifier, report_id=report.pk, reason="No."),
    ):
        with pytest.raises(NotAssigned):
            step()
    with pytest.raises(WrongState):
        verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.")
    accepted(who, report)
    for step in (
        lambda: verify_report(actor=other_verifier, report_id=report.pk, statement="Seen."),
        lambda: reject_report(actor=other_verifier, report_id=report.pk, reason="No."),
    ):
        with pytest.raises(NotAssigned):
            step()
    assert verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.").status == Status.VERIFIED


def test_who_declines_makes_room_for_another_whom_the_cooperative_names(who, project, other_verifier):
    report = report_year(who, project)
    other = other_verifier.organisation.public_id
    with pytest.raises(WrongState):
        assign_verifier(actor=who.cooperative, report_id=report.pk, verifier=other)
    declined = decline_report(actor=who.verifier, report_id=report.pk, reason="We advised it.")
    assert (declined.status, declined.verifier, declined.assigned_at) == (Status.SUBMITTED, None, None)
    assert broken() == []
    with pytest.raises(NotFound):
        assign_verifier(actor=MembershipFactory(organisation__kind="cooperative"), report_id=report.pk, verifier=other)
    assign_verifier(actor=who.cooperative, report_id=report.pk, verifier=other)
    assert accept_report(actor=other_verifier, report_id=report.pk).status == Status.IN_VERIFICATION
    assert broken() == []


def test_the_operator_assigns_another_verifier_with_a_reason(who, project, other_verifier):
    report = report_year(who, project)
    accepted(who, report)
    find(who, report)
    other = other_verifier.organisation.public_id
    with pytest.raises(InvalidValue) as refusal:
        assign_verifier(actor=who.registrar, report_id=report.pk, verifier=other)
    assert refusal.value.field == "reason"
    with pytest.raises(InvalidValue):
        assign_verifier(
            actor=who.registrar, report_id=report.pk, verifier=who.verifier.organisation.public_id, reason="Again."
        )
    moved = assign_verifier(actor=who.registrar, report_id=report.pk, verifier=other, reason="Too slow.")
    assert (moved.status, moved.accepted_by) == (Status.SUBMITTED, None)
    with pytest.raises(NotAssigned):
        accepted(who, report)
    # What the first one has found is still to be answered.
    assert accept_report(actor=other_verifier, report_id=report.pk).status == Status.FINDINGS_OPEN
    assert broken() == []


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "treasurer", "auditor", "verifier"])
def test_nobody_but_registrars_reassigns(who, project, other_verifier, stranger):
    report = report_year(who, project)
    with pytest.raises((NotAllowed, WrongState)):
        assign_verifier(
            actor=getattr(who, stranger),
            report_id=report.pk,
            verifier=other_verifier.organisation.public_id,
            reason="Because.",
        )


def test_a_verifier_that_was_suspended_neither_accepts_nor_verifies(who, project):
    report = report_year(who, project)
    Organisation.objects.filter(pk=who.verifier.organisation_id).update(status=Organisation.Status.SUSPENDED)
    who.verifier.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        accepted(who, report)


# Verified and approved


def test_a_report_is_verified_and_approved_by_two_more_people(who, project):
    report = verified(who, report_year(who, project))
    approve_report(actor=who.registrar, report_id=report.pk)
    report.refresh_from_db()
    assert report.status == Status.APPROVED
    assert report.verifier == who.verifier.organisation
    assert (report.prepared_by, report.accepted_by, report.verified_by, report.approved_by) == (
        who.cooperative.user,
        who.verifier.user,
        who.verifier.user,
        who.registrar.user,
    )
    assert broken() == []


@pytest.mark.parametrize(
    "change",
    [
        {"sheet_sha256": "f" * 64},
        {"case__region": "atlantis"},
        {"case__gwp": "AR6"},
    ],
)
def test_a_report_that_was_changed_is_not_verified(who, project, change):
    report = accepted(who, report_year(who, project))
    for name, value in change.items():
        column, _, key = name.partition("__")
        new = report.case | {key: value} if key else value
        MonitoringReport.objects.filter(pk=report.pk).update(**{column: new})
    with pytest.raises(InvalidValue) as refusal:
        verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.")
    assert refusal.value.field == "report"


def test_nobody_does_two_of_the_three_steps(who):
    own = ReportFactory(
        status=Status.IN_VERIFICATION,
        prepared_by=who.verifier.user,
        verifier=who.verifier.organisation,
        verified_by=None,
        approved_by=None,
    )
    with pytest.raises(SamePerson):
        verify_report(actor=who.verifier, report_id=own.pk, statement="Seen.")
    for part in ("prepared_by", "verified_by"):
        report = ReportFactory(status=Status.VERIFIED, approved_by=None, **{part: who.registrar.user})
        with pytest.raises(SamePerson):
            approve_report(actor=who.registrar, report_id=report.pk)


STEPS = {
    "accept": lambda who, pk: accept_report(actor=who.verifier, report_id=pk),
    "decline": lambda who, pk: decline_report(actor=who.verifier, report_id=pk, reason="No."),
    "verify": lambda who, pk: verify_report(actor=who.verifier, report_id=pk, statement="Seen."),
    "approve": lambda who, pk: approve_report(actor=who.registrar, report_id=pk),
    "reject as verifier": lambda who, pk: reject_report(actor=who.verifier, report_id=pk, reason="No."),
    "reject as registrar": lambda who, pk: reject_report(actor=who.registrar, report_id=pk, reason="No."),
}
EXAMINING = {"decline", "verify", "reject as verifier", "reject as registrar"}


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (Status.DRAFT, set()),
        (Status.SUBMITTED, {"accept", "decline", "reject as registrar"}),
        (Status.IN_VERIFICATION, EXAMINING),
        (Status.FINDINGS_OPEN, EXAMINING),
        (Status.FINDINGS_ANSWERED, EXAMINING),
        (Status.VERIFIED, {"approve", "reject as registrar"}),
        (Status.APPROVED, set()),
        (Status.ISSUED, set()),
        (Status.REJECTED, set()),
    ],
)
def test_each_step_is_taken_from_its_own_states_alone(who, status, taken):
    for name, step in STEPS.items():
        signed = {} if status == Status.VERIFIED else {"verified_by": None}
        report = ReportFactory(status=status, verifier=who.verifier.organisation, approved_by=None, **signed)
        MonitoringReport.objects.filter(pk=report.pk).update(sheet_sha256=sheet_sha256(recompute(report)))
        if name in taken:
            step(who, report.pk)
        else:
            with pytest.raises(WrongState):
                step(who, report.pk)


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "treasurer", "auditor"])
def test_only_verifiers_verify_and_only_registrars_approve(who, stranger):
    actor = getattr(who, stranger)
    report = ReportFactory(status=Status.IN_VERIFICATION)
    for step in (
        lambda: accept_report(actor=actor, report_id=report.pk),
        lambda: decline_report(actor=actor, report_id=report.pk, reason="No."),
        lambda: verify_report(actor=actor, report_id=report.pk, statement="Seen."),
        lambda: approve_report(actor=actor, report_id=report.pk),
        lambda: reject_report(actor=actor, report_id=report.pk, reason="No."),
    ):
        with pytest.raises(NotAllowed):
            step()


def test_a_report_of_nothing_is_kept_as_it_is(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    same = PRACTICES["seasons"][0] | {"project": PRACTICES["seasons"][0]["baseline"]}
    ParcelFactory(project=project, practices={"seasons": [same]})
    report = report_year(who, project)
    assert (report.net_t, report.buffer_t, report.issuable_t) == (0, 0, 0)


# Deadlines


def test_each_step_has_a_day_by_which_it_is_due(who, project, settings):
    days = settings.REPORT_TARGET_DAYS
    with time_machine.travel(dt.datetime(2026, 3, 1, 18, 0, tzinfo=dt.UTC), tick=False):
        report = report_year(who, project)
        # It is the second of March in China already.
        assert due_on(report) == dt.date(2026, 3, 2) + dt.timedelta(days=days["submitted"])
        accepted(who, report)
        report.refresh_from_db()
        assert due_on(report) == dt.date(2026, 3, 2) + dt.timedelta(days=days["in_verification"])
    last = dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(days=days["in_verification"])
    with time_machine.travel(last + dt.timedelta(hours=15), tick=False):
        assert not is_overdue(report)
    with time_machine.travel(last + dt.timedelta(hours=16), tick=False):
        assert is_overdue(report)


def test_what_waits_for_no_step_is_not_due(db):
    for status in (Status.DRAFT, Status.ISSUED, Status.REJECTED):
        assert due_on(ReportFactory(status=status)) is None
