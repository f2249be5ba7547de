"""Monitoring reports: computed, verified by one, approved by another, each vintage once."""

import datetime as dt

import pytest
import time_machine

from ledger.errors import InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.models import MonitoringReport, Project, Record
from ledger.projects.reports import approve_report, recompute, reject_report, sheet_sha256, submit_report, verify_report
from tests.factories import PRACTICES, MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory

Status = MonitoringReport.Status


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P1")
    return project


def submit(who, project, vintage=2021, **more):
    return submit_report(actor=who.cooperative, project_id=project.pk, vintage=vintage, **more)


def verify(who, report):
    return verify_report(actor=who.verifier, report_id=report.pk, statement="Seen on the fields.")


def test_a_report_is_what_its_case_comes_to(who, project):
    report = submit(who, project)
    assert report.case["parcels"][0]["area_ha"] == "100.0000"
    assert report.sheet == recompute(report)
    assert report.sheet_sha256 == sheet_sha256(report.sheet)
    assert (report.net_t, report.buffer_t, report.issuable_t) == (report.sheet["result"]["net_t"], 0, report.net_t)
    assert report.net_t > 0
    assert (report.period_starts_on, report.period_ends_on) == (dt.date(2021, 1, 1), dt.date(2021, 12, 31))
    assert Record.objects.filter(kind="report_submitted").count() == 1


def test_the_hash_survives_the_database(who, project):
    report = MonitoringReport.objects.get(pk=submit(who, project).pk)
    assert sheet_sha256(report.sheet) == report.sheet_sha256 == sheet_sha256(recompute(report))


def test_reported_practices_take_the_place_of_the_registered_ones(who, project):
    days = PRACTICES["seasons"][0] | {"days": 56}
    assert submit(who, project, 2020).net_t > submit(who, project, 2021, practices={"P1": {"seasons": [days]}}).net_t


@pytest.mark.parametrize(
    ("practices", "field"),
    [
        ({"P2": PRACTICES}, "practices"),
        ({"P1": PRACTICES | {"area_ha": "100000"}}, "practices.P1.area_ha"),
        ({"P1": PRACTICES | {"id": "P9"}}, "practices.P1.id"),
        ({"P1": ["seasons"]}, "practices.P1"),
        ({"P1": None}, "practices.P1"),
        ({"P1": {"seasons": []}}, "parcels[0].seasons"),
        ({"P1": {"seasons": PRACTICES["seasons"], "bonus": "1"}}, "parcels[0].bonus"),
    ],
)
def test_practices_that_cannot_be_are_refused(who, project, practices, field):
    with pytest.raises(InvalidValue) as refusal:
        submit(who, project, practices=practices)
    assert refusal.value.field == field
    assert not MonitoringReport.objects.exists()


@pytest.mark.parametrize("vintage", [2019, 2030, 0, -1, 10**9])
def test_a_vintage_outside_the_crediting_period_is_refused(who, project, vintage):
    with pytest.raises(InvalidValue) as refusal:
        submit(who, project, vintage)
    assert refusal.value.field == "vintage"


def test_a_vintage_is_reported_when_its_year_is_over_in_china(who, project):
    with time_machine.travel(dt.datetime(2021, 12, 31, 15, 59, tzinfo=dt.UTC), tick=False), pytest.raises(InvalidValue):
        submit(who, project, 2021)
    with time_machine.travel(dt.datetime(2021, 12, 31, 16, 0, tzinfo=dt.UTC), tick=False):
        assert submit(who, project, 2021)


def test_the_first_and_last_years_are_as_long_as_the_crediting_period(who, project):
    Project.objects.filter(pk=project.pk).update(
        crediting_starts_on=dt.date(2020, 4, 1), crediting_ends_on=dt.date(2022, 3, 31)
    )
    first, last = submit(who, project, 2020), submit(who, project, 2022)
    assert first.period_starts_on == dt.date(2020, 4, 1)
    assert last.period_ends_on == dt.date(2022, 3, 31)


def test_a_vintage_has_one_report_until_that_is_rejected(who, project):
    first = submit(who, project)
    with pytest.raises(InvalidValue):
        submit(who, project)
    reject_report(actor=who.verifier, report_id=first.pk, reason="The diary has gaps.")
    assert submit(who, project).pk != first.pk


@pytest.mark.parametrize("status", [status for status in Project.Status if status != Project.Status.REGISTERED])
def test_only_registered_projects_report(who, status):
    project = ProjectFactory(proponent=who.cooperative.organisation, status=status)
    with pytest.raises(WrongState):
        submit(who, project)


def test_only_the_proponent_reports(who, project):
    stranger = MembershipFactory(organisation__kind="cooperative")
    with pytest.raises(NotFound):
        submit_report(actor=stranger, project_id=project.pk, vintage=2021)
    with pytest.raises(NotAllowed):
        submit_report(actor=who.buyer, project_id=project.pk, vintage=2021)


def test_a_report_is_verified_and_approved_by_two_more_people(who, project):
    report = submit(who, project)
    verify(who, report)
    approve_report(actor=who.registrar, report_id=report.pk)
    report.refresh_from_db()
    assert report.status == Status.APPROVED
    assert report.verifier == who.verifier.organisation
    assert (report.prepared_by, report.verified_by, report.approved_by) == (
        who.cooperative.user,
        who.verifier.user,
        who.registrar.user,
    )


def test_a_sheet_that_was_changed_is_not_verified(who, project):
    report = submit(who, project)
    MonitoringReport.objects.filter(pk=report.pk).update(sheet_sha256="f" * 64)
    with pytest.raises(InvalidValue):
        verify(who, report)


def test_a_case_that_was_changed_is_not_verified(who, project):
    report = submit(who, project)
    report.case["parcels"][0]["area_ha"] = "200.0000"
    MonitoringReport.objects.filter(pk=report.pk).update(case=report.case)
    with pytest.raises(InvalidValue):
        verify(who, report)


def test_a_case_that_the_methodology_no_longer_takes_is_not_verified(who, project):
    report = submit(who, project)
    MonitoringReport.objects.filter(pk=report.pk).update(case=report.case | {"region": "atlantis"})
    with pytest.raises(InvalidValue) as refusal:
        verify(who, report)
    assert refusal.value.field == "report"


def test_nobody_does_two_of_the_three_steps(who):
    own = ReportFactory(status=Status.SUBMITTED, prepared_by=who.verifier.user, verified_by=None, approved_by=None)
    with pytest.raises(SamePerson):
        verify(who, own)
    for part in ("prepared_by", "verified_by"):
        report = ReportFactory(status=Status.VERIFIED, approved_by=None, **{part: who.registrar.user})
        with pytest.raises(SamePerson):
            approve_report(actor=who.registrar, report_id=report.pk)


STEPS = {
    "verify": lambda who, pk: verify_report(actor=who.verifier, report_id=pk, statement="Seen."),
    "approve": lambda who, pk: approve_report(actor=who.registrar, report_id=pk),
    "reject as verifier": lambda who, pk: reject_report(actor=who.verifier, report_id=pk, reason="No."),
    "reject as registrar": lambda who, pk: reject_report(actor=who.registrar, report_id=pk, reason="No."),
}


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (Status.SUBMITTED, {"verify", "reject as verifier", "reject as registrar"}),
        (Status.VERIFIED, {"approve", "reject as registrar"}),
        (Status.APPROVED, set()),
        (Status.ISSUED, set()),
        (Status.REJECTED, set()),
    ],
)
def test_each_step_is_taken_from_its_own_states_alone(who, status, taken):
    for name, step in STEPS.items():
        report = ReportFactory(status=status, approved_by=None)
        MonitoringReport.objects.filter(pk=report.pk).update(sheet_sha256=sheet_sha256(recompute(report)))
        if name in taken:
            step(who, report.pk)
        else:
            with pytest.raises(WrongState):
                step(who, report.pk)


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "treasurer", "auditor"])
def test_only_verifiers_verify_and_only_registrars_approve(who, stranger):
    actor = getattr(who, stranger)
    report = ReportFactory(status=Status.SUBMITTED)
    with pytest.raises(NotAllowed):
        verify_report(actor=actor, report_id=report.pk, statement="Seen.")
    with pytest.raises(NotAllowed):
        approve_report(actor=actor, report_id=report.pk)
    with pytest.raises(NotAllowed):
        reject_report(actor=actor, report_id=report.pk, reason="No.")


def test_a_report_of_nothing_is_kept_as_it_is(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    same = PRACTICES["seasons"][0] | {"project": PRACTICES["seasons"][0]["baseline"]}
    ParcelFactory(project=project, practices={"seasons": [same]})
    report = submit(who, project)
    assert (report.net_t, report.buffer_t, report.issuable_t) == (0, 0, 0)
