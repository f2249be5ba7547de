"""The verifier's queue: due first, filtered, counted, each entry leading to what is next."""

import datetime as dt

import pytest
from django.utils import timezone

from ledger.models import MonitoringReport, Project
from ledger.projects.conflicts import declare_conflict
from ledger.web.assigned import ROWS
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory
from tests.scenes import accepted, answer, find, hand_in, report_year, validate

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(client, who):
    client.force_login(who.verifier.user)
    return lambda show="mine", **more: client.get("/work", {"show": show, **more}).context


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    return project


def since(report, days):
    MonitoringReport.objects.filter(pk=report.pk).update(status_since=timezone.now() - dt.timedelta(days=days))


def test_what_is_due_first_comes_first_and_says_how_many_days_are_left(queue, who, project):
    early, late = report_year(who, project, 2020), report_year(who, project, 2021)
    accepted(who, early)
    since(early, 10)
    since(late, 8)
    context = queue()
    assert [(entry.vintage, entry.days_left, entry.days_late) for entry in context["page"]] == [
        (2021, -3, 3),
        (2020, 20, 0),
    ]
    assert context["late"] == 1
    assert [(name, count) for name, _title, count in context["tabs"]] == [("mine", 2), ("open", 0), ("done", 0)]


def test_the_state_of_findings_is_counted_and_each_leads_to_what_is_next(queue, client, who, project):
    report = accepted(who, report_year(who, project))
    findings = [find(who, report) for _each in range(3)]
    (entry,) = queue()["page"]
    assert (entry.findings, entry.is_ours) == ((3, 0, 0), False)
    for finding in findings:
        answer(who, finding)
    (entry,) = queue()["page"]
    assert (entry.findings, entry.is_ours) == ((0, 3, 0), True)
    assert entry.url.endswith(f"/reports/{report.pk}#findings-title")
    assert 'id="findings-title"' in client.get(entry.url).content.decode()


def test_projects_are_open_until_they_are_taken_then_ours_then_done(queue, who):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    ParcelFactory(project=draft)
    hand_in(who.cooperative, draft)
    assert [entry.project for entry in queue("open")["page"]] == [draft]
    validate(who.verifier, draft)
    assert [list(queue(show)["page"]) for show in ("mine", "open")] == [[], []]
    assert [entry.project for entry in queue("done")["page"]] == [draft]


def test_a_declared_conflict_leaves_the_open_work_and_is_shown_with_what_is_in_hand(queue, who, project):
    free = ProjectFactory(status=Project.Status.SUBMITTED)
    declare_conflict(actor=who.verifier, project_id=free.pk, nature="advised")
    context = queue("open")
    assert (list(context["page"]), [each.project for each in context["conflicts"]]) == ([], [free])
    assert context["tabs"][1][2] == 0
    accepted(who, report_year(who, project))
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised")
    (entry,) = queue()["page"]
    assert entry.conflict


def test_what_is_assigned_to_others_is_not_in_the_queue(queue, who, project):
    other = MembershipFactory(organisation__kind="verifier")
    ReportFactory(project=project, status="submitted", verifier=other.organisation, verified_by=None, approved_by=None)
    ProjectFactory(status=Project.Status.IN_VALIDATION, validator=other.organisation)
    assert [list(queue(show)["page"]) for show in ("mine", "open", "done")] == [[], [], []]


@pytest.mark.parametrize("hostile", ["", "all", "mine'", "%00", "9" * 99])
def test_a_filter_that_is_none_shows_ones_own(queue, hostile):
    assert queue(hostile)["shown"] == "mine"


def test_pages_of_the_queue(queue, client, who):
    ProjectFactory.create_batch(ROWS + 2, status=Project.Status.SUBMITTED)
    context = queue("open")
    assert (len(context["page"]), context["page"].paginator.count) == (ROWS, ROWS + 2)
    assert len(queue("open", page=2)["page"]) == 2
    assert len(queue("open", page="x")["page"]) == ROWS
    assert "show=open" in client.get("/work?show=open").content.decode()


def test_a_viewer_of_the_verifier_sees_the_queue(client, who, project):
    report_year(who, project)
    viewer = MembershipFactory(organisation=who.verifier.organisation, role="viewer")
    client.force_login(viewer.user)
    assert len(client.get("/work").context["page"]) == 1
