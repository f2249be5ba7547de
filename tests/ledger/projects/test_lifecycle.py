"""A project after it is handed in: taken on, declined, sent back; suspended, withdrawn, completed."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from config.run import BASE_DIR
from ledger import tasks
from ledger.credits.services import issue_credits
from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.models import Membership, MonitoringReport, Organisation, Project, Record
from ledger.projects.conflicts import declare_conflict
from ledger.projects.lifecycle import (
    accept_project,
    ask_withdrawal,
    complete_projects,
    decline_project,
    grant_withdrawal,
    refuse_withdrawal,
    require_running,
    resume_project,
    return_project,
    suspend_project,
    withdraw_project,
)
from ledger.projects.renewals import request_renewal
from ledger.projects.reports import approve_report
from ledger.projects.selectors import projects_seen_by
from ledger.projects.services import submit_project, validate_project
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory
from tests.racing import race
from tests.scenes import report_year

Status = Project.Status
WHY = {"reason": "As agreed."}


def project_of(who, status, **changes):
    return ProjectFactory(
        proponent=who.cooperative.organisation, status=status, validator=who.verifier.organisation, **changes
    )


def another_registrar(who):
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)


def another_verifier():
    return MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)


STEPS = {
    "accept": lambda who, pk: accept_project(actor=who.verifier, project_id=pk),
    "decline": lambda who, pk: decline_project(actor=who.verifier, project_id=pk, **WHY),
    "decline as registrar": lambda who, pk: decline_project(actor=who.registrar, project_id=pk, **WHY),
    "return": lambda who, pk: return_project(actor=who.verifier, project_id=pk, **WHY),
    "suspend": lambda who, pk: suspend_project(actor=who.registrar, project_id=pk, **WHY),
    "resume": lambda who, pk: resume_project(actor=who.registrar, project_id=pk, **WHY),
    "withdraw": lambda who, pk: withdraw_project(actor=who.cooperative, project_id=pk, **WHY),
    "ask": lambda who, pk: ask_withdrawal(actor=who.cooperative, project_id=pk, **WHY),
    "grant": lambda who, pk: grant_withdrawal(actor=who.registrar, project_id=pk),
    "refuse": lambda who, pk: refuse_withdrawal(actor=who.registrar, project_id=pk, **WHY),
}


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (Status.DRAFT, {"withdraw"}),
        (Status.SUBMITTED, {"accept", "withdraw"}),
        (Status.IN_VALIDATION, {"decline", "decline as registrar", "return", "withdraw"}),
        (Status.VALIDATED, {"withdraw"}),
        (Status.REGISTERED, {"suspend", "ask"}),
        (Status.SUSPENDED, {"resume", "ask"}),
        (Status.COMPLETED, set()),
        (Status.WITHDRAWN, set()),
        (Status.REJECTED, set()),
    ],
)
def test_each_step_is_taken_from_its_own_states_alone(who, status, taken):
    for name, step in STEPS.items():
        project = project_of(who, status)
        before = Record.objects.count()
        if name in taken:
            step(who, project.pk)
            assert Record.objects.count() == before + 1
        else:
            with pytest.raises(WrongState):
                step(who, project.pk)
            assert Record.objects.count() == before


@pytest.mark.parametrize(
    ("name", "status", "allowed"),
    [
        ("accept", Status.SUBMITTED, {"verifier"}),
        ("decline", Status.IN_VALIDATION, {"verifier", "registrar"}),
        ("return", Status.IN_VALIDATION, {"verifier", "registrar"}),
        ("suspend", Status.REGISTERED, {"registrar"}),
        ("resume", Status.SUSPENDED, {"registrar"}),
        ("withdraw", Status.SUBMITTED, {"cooperative"}),
        ("ask", Status.REGISTERED, {"cooperative"}),
        ("grant", Status.REGISTERED, {"registrar"}),
        ("refuse", Status.REGISTERED, {"registrar"}),
    ],
)
def test_each_step_is_taken_by_whom_it_belongs_to(who, name, status, allowed):
    services = {
        "accept": accept_project,
        "decline": decline_project,
        "return": return_project,
        "suspend": suspend_project,
        "resume": resume_project,
        "withdraw": withdraw_project,
        "ask": ask_withdrawal,
        "grant": grant_withdrawal,
        "refuse": refuse_withdrawal,
    }
    why = {} if name in ("accept", "grant") else WHY
    for person in ("cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor"):
        project = project_of(who, status)
        if name in ("grant", "refuse"):
            ask_withdrawal(actor=who.cooperative, project_id=project.pk, **WHY)
        if person in allowed:
            services[name](actor=getattr(who, person), project_id=project.pk, **why)
        else:
            with pytest.raises(NotAllowed):
                services[name](actor=getattr(who, person), project_id=project.pk, **why)


def test_what_is_not_there_or_another_cooperatives_is_not_found(who):
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    for step in STEPS.values():
        with pytest.raises(NotFound):
            step(who, 2**62)
    for service, status in ((withdraw_project, Status.SUBMITTED), (ask_withdrawal, Status.REGISTERED)):
        with pytest.raises(NotFound):
            service(actor=stranger, project_id=project_of(who, status).pk, **WHY)


@pytest.mark.parametrize("text", ["", "  ", "\x00", "x" * 2_001])
def test_a_step_back_has_a_reason_that_can_be_kept(who, text):
    for name, status in (("return", Status.IN_VALIDATION), ("suspend", Status.REGISTERED), ("ask", Status.REGISTERED)):
        service = {"return": return_project, "suspend": suspend_project, "ask": ask_withdrawal}[name]
        actor = {"return": who.verifier, "suspend": who.registrar, "ask": who.cooperative}[name]
        with pytest.raises(InvalidValue) as refusal:
            service(actor=actor, project_id=project_of(who, status).pk, reason=text)
        assert refusal.value.field == "reason"


# Validation


def test_who_takes_a_project_on_alone_validates_it(who):
    project = project_of(who, Status.SUBMITTED)
    accept_project(actor=who.verifier, project_id=project.pk)
    with pytest.raises(NotAllowed):
        validate_project(actor=another_verifier(), project_id=project.pk, statement="Seen.")
    for service in (decline_project, return_project):
        with pytest.raises(NotAllowed):
            service(actor=another_verifier(), project_id=project.pk, **WHY)
    validated = validate_project(actor=who.verifier, project_id=project.pk, statement="Seen.")
    assert (validated.validator, validated.validated_by) == (who.verifier.organisation, who.verifier.user)


def test_a_declined_project_is_anothers_to_take(who):
    project = project_of(who, Status.SUBMITTED)
    accept_project(actor=who.verifier, project_id=project.pk)
    declined = decline_project(actor=who.verifier, project_id=project.pk, reason=" No people. ")
    assert (declined.status, declined.validator, declined.accepted_at) == (Status.SUBMITTED, None, None)
    assert declined.verifier_remark == "No people."
    other = another_verifier()
    assert accept_project(actor=other, project_id=project.pk).validator == other.organisation


def test_a_project_that_was_sent_back_is_mended_and_handed_in_again(who):
    project = project_of(who, Status.DRAFT)
    ParcelFactory(project=project)
    submit_project(actor=who.cooperative, project_id=project.pk)
    accept_project(actor=who.verifier, project_id=project.pk)
    returned = return_project(actor=who.verifier, project_id=project.pk, reason="A field is missing.")
    assert (returned.status, returned.validator) == (Status.DRAFT, None)
    ParcelFactory(project=project)
    again = submit_project(actor=who.cooperative, project_id=project.pk)
    assert len(again.forecast["lines"]) > len(returned.forecast["lines"])
    assert not projects_seen_by(who.verifier).filter(pk=project.pk, status=Status.DRAFT).exists()


def test_a_verifier_with_a_conflict_neither_takes_nor_validates(who):
    project = project_of(who, Status.SUBMITTED)
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised")
    with pytest.raises(ConflictOfInterest):
        accept_project(actor=who.verifier, project_id=project.pk)
    other = another_verifier()
    accept_project(actor=other, project_id=project.pk)
    declare_conflict(actor=other, project_id=project.pk, nature="financial")
    with pytest.raises(ConflictOfInterest):
        validate_project(actor=other, project_id=project.pk, statement="Seen.")


@pytest.mark.django_db(transaction=True)
def test_of_two_verifiers_who_accept_at_once_one_has_the_project(who):
    project = project_of(who, Status.SUBMITTED)
    other = another_verifier()
    outcomes = race(
        lambda: accept_project(actor=who.verifier, project_id=project.pk),
        lambda: accept_project(actor=other, project_id=project.pk),
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Project", "WrongState"]
    (winner,) = [each for each in outcomes if isinstance(each, Project)]
    project.refresh_from_db()
    assert project.validator_id == winner.validator_id
    assert Record.objects.filter(kind="project_accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_conflict_that_is_declared_while_one_accepts_is_seen_or_comes_first(who):
    project = project_of(who, Status.SUBMITTED)
    accepted, declared = race(
        lambda: accept_project(actor=who.verifier, project_id=project.pk),
        lambda: declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised"),
    )
    assert not isinstance(declared, Exception)
    assert isinstance(accepted, Project | ConflictOfInterest)
    with pytest.raises((ConflictOfInterest, WrongState)):
        validate_project(actor=who.verifier, project_id=project.pk, statement="Seen.")


# Suspension and withdrawal


def test_while_a_project_is_suspended_nothing_is_reported_approved_or_issued(who):
    project = project_of(who, Status.REGISTERED)
    ParcelFactory(project=project)
    verified = ReportFactory(project=project, vintage=2021, status="verified", approved_by=None)
    approved = ReportFactory(project=project, vintage=2022)
    suspend_project(actor=who.registrar, project_id=project.pk, **WHY)
    for step in (
        lambda: report_year(who, project),
        lambda: approve_report(actor=who.registrar, report_id=verified.pk),
        lambda: issue_credits(actor=who.registrar, report_id=approved.pk),
    ):
        with pytest.raises(WrongState):
            step()
    resume_project(actor=another_registrar(who), project_id=project.pk, **WHY)
    assert issue_credits(actor=who.registrar, report_id=approved.pk).quantity_t == 1_000


@pytest.mark.django_db(transaction=True)
def test_a_suspension_at_the_moment_of_an_issuance_comes_before_or_after_it(who):
    project = project_of(who, Status.REGISTERED)
    report = ReportFactory(project=project, vintage=2022)
    issued, suspended = race(
        lambda: issue_credits(actor=who.registrar, report_id=report.pk),
        lambda: suspend_project(actor=who.registrar, project_id=project.pk, **WHY),
    )
    assert suspended.status == Status.SUSPENDED
    if isinstance(issued, WrongState):
        assert not Record.objects.filter(kind="batch_issued").exists()
    else:
        kinds = list(Record.objects.filter(kind__in=("batch_issued", "project_suspended")).order_by("id"))
        assert [record.kind for record in kinds] == ["batch_issued", "project_suspended"]


def test_who_suspended_a_project_does_not_resume_it(who):
    project = project_of(who, Status.REGISTERED)
    suspend_project(actor=who.registrar, project_id=project.pk, **WHY)
    with pytest.raises(SamePerson):
        resume_project(actor=who.registrar, project_id=project.pk, **WHY)
    resumed = resume_project(actor=another_registrar(who), project_id=project.pk, **WHY)
    assert (resumed.status, resumed.suspended_by, resumed.suspended_at) == (Status.REGISTERED, None, None)


def test_a_withdrawal_is_asked_for_once_and_decided(who):
    project = project_of(who, Status.REGISTERED)
    with pytest.raises(WrongState):
        grant_withdrawal(actor=who.registrar, project_id=project.pk)
    ask_withdrawal(actor=who.cooperative, project_id=project.pk, reason="The dam broke.")
    with pytest.raises(InvalidValue):
        ask_withdrawal(actor=who.cooperative, project_id=project.pk, **WHY)
    kept = refuse_withdrawal(actor=who.registrar, project_id=project.pk, **WHY)
    assert (kept.status, kept.withdrawal_asked_at, kept.withdrawal_reason) == (Status.REGISTERED, None, "")
    ask_withdrawal(actor=who.cooperative, project_id=project.pk, reason="It broke again.")
    gone = grant_withdrawal(actor=who.registrar, project_id=project.pk)
    assert (gone.status, gone.withdrawal_reason) == (Status.WITHDRAWN, "It broke again.")
    with pytest.raises(WrongState):
        require_running(project.pk)


def test_what_was_once_registered_stays_public_and_what_was_not_does_not_become_so(who):
    shown = {status: projects_seen_by(None).filter(pk=project_of(who, status).pk).exists() for status in Status.values}
    assert {status for status, is_shown in shown.items() if is_shown} == {
        Status.REGISTERED,
        Status.SUSPENDED,
        Status.COMPLETED,
        Status.WITHDRAWN,
    }
    early = withdraw_project(actor=who.cooperative, project_id=project_of(who, Status.SUBMITTED).pk, **WHY)
    assert not projects_seen_by(None).filter(pk=early.pk).exists()
    assert projects_seen_by(who.cooperative).filter(pk=early.pk).exists()


# Completion

ENDED = {"crediting_starts_on": dt.date(2020, 1, 1), "crediting_ends_on": dt.date(2021, 12, 31)}
SOON = dt.date(2022, 1, 2)
LATE = dt.date(2024, 1, 2)


def test_a_project_is_completed_once_all_of_its_period_is_issued(who):
    project = project_of(who, Status.REGISTERED, **ENDED)
    ReportFactory(project=project, vintage=2020, status="issued")
    assert complete_projects(SOON) == []
    ReportFactory(project=project, vintage=2021, status="issued")
    assert complete_projects(dt.date(2021, 12, 31)) == []
    assert complete_projects(SOON) == [project]
    project.refresh_from_db()
    assert (project.status, project.completed_at is not None) == (Status.COMPLETED, True)
    assert complete_projects(SOON) == []
    assert Record.objects.filter(kind="project_completed").count() == 1


def test_the_task_that_runs_every_night_completes_what_is_over_today(who):
    project = project_of(who, Status.REGISTERED, **ENDED)
    going_on = project_of(who, Status.REGISTERED)
    tasks.complete_projects()
    tasks.complete_projects()
    statuses = dict(Project.objects.values_list("pk", "status"))
    assert (statuses[project.pk], statuses[going_on.pk]) == (Status.COMPLETED, Status.REGISTERED)


def test_what_is_not_reported_in_time_is_lost(who, settings):
    settings.PROJECT_REPORTING_GRACE_DAYS = 730
    project = project_of(who, Status.REGISTERED, **ENDED)
    assert complete_projects(dt.date(2023, 12, 31)) == []
    assert complete_projects(LATE) == [project]


@pytest.mark.parametrize("status", ["submitted", "verified", "approved"])
def test_a_report_under_way_keeps_a_project_open_and_a_rejected_one_does_not(who, status):
    project = project_of(who, Status.REGISTERED, **ENDED)
    report = ReportFactory(project=project, vintage=2020, status=status)
    assert complete_projects(LATE) == []
    MonitoringReport.objects.filter(pk=report.pk).update(status="rejected")
    assert complete_projects(LATE) == [project]


def test_a_report_that_comes_to_nothing_keeps_no_project_open(who):
    project = project_of(who, Status.REGISTERED, **ENDED)
    ReportFactory(project=project, vintage=2020, net_t=0)
    ReportFactory(project=project, vintage=2021, status="issued")
    assert complete_projects(SOON) == [project]


def test_a_project_that_asks_for_something_or_is_suspended_is_not_completed(who):
    ending = {"crediting_ends_on": timezone.localdate() - dt.timedelta(days=3)}
    renewing, leaving = (project_of(who, Status.REGISTERED, **ending) for _ in range(2))
    project_of(who, Status.SUSPENDED, **ending)
    later = timezone.localdate() + dt.timedelta(days=500)
    request_renewal(actor=who.cooperative, project_id=renewing.pk, ends_on=later)
    ask_withdrawal(actor=who.cooperative, project_id=leaving.pk, **WHY)
    assert complete_projects(timezone.localdate() + dt.timedelta(days=2_000)) == []


def test_reports_of_a_completed_project_are_finished(who):
    project = project_of(who, Status.COMPLETED)
    report = ReportFactory(project=project, vintage=2021)
    assert issue_credits(actor=who.registrar, report_id=report.pk)
    with pytest.raises(WrongState):
        report_year(who, project)


# Projects of before


def test_who_validated_a_project_of_before_is_named_from_the_log(who):
    """As the migration does that brings in the validation body."""
    old, unknown = project_of(who, Status.REGISTERED), ProjectFactory(status=Status.VALIDATED)
    Project.objects.update(validator=None)
    with connection.cursor() as cursor:
        cursor.execute((BASE_DIR / "ledger" / "migrations" / "sql" / "validators.sql").read_text(encoding="utf-8"))
    validators = dict(Project.objects.values_list("pk", "validator"))
    assert validators == {old.pk: who.verifier.organisation_id, unknown.pk: None}
