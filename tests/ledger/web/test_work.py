import datetime as dt
import re

import pytest
from django.utils import timezone

from ledger.journal.payments import request_withdrawal
from ledger.models import MonitoringReport, Project
from ledger.projects.reports import reject_report
from ledger.projects.services import submit_project
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.scenes import accepted, pay_in, report_year


@pytest.mark.parametrize("name", ["cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor"])
def test_everybody_has_a_queue_that_says_so_when_it_is_empty(client, who, name):
    client.force_login(getattr(who, name).user)
    assert client.get("/work").status_code == 200


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("cooperative", {"/holdings", "/orders", "/work"}),
        ("buyer", {"/holdings", "/orders", "/work"}),
        ("verifier", {"/retirements", "/proof", "/work"}),
        (None, {"/retirements", "/proof"}),
    ],
)
def test_the_navigation_leads_where_one_has_something(client, who, name, own):
    if name is not None:
        client.force_login(getattr(who, name).user)
    navigation = client.get("/proof").content.decode().split('class="site-nav"')[1].split("</nav>")[0]
    assert set(re.findall(r'<a href="([^"]+)"', navigation)) == {"/projects", "/markets"} | own


def test_a_cooperative_finds_what_it_can_do_and_what_it_waits_for(client, who):
    own = {"proponent": who.cooperative.organisation}
    draft = ProjectFactory(status=Project.Status.DRAFT, **own)
    handed_in = ProjectFactory(status=Project.Status.DRAFT, **own)
    registered = ProjectFactory(**own)
    ProjectFactory()
    for project in (handed_in, registered):
        ParcelFactory(project=project)
    submit_project(actor=who.cooperative, project_id=handed_in.pk)
    standing = report_year(who, registered, 2020)
    rejected = report_year(who, registered, 2021)
    reject_report(actor=who.registrar, report_id=rejected.pk, reason="August is missing")
    client.force_login(who.cooperative.user)
    page = client.get("/work")
    context = page.context
    assert [each.project for each in context["drafts"]] == [draft]
    assert [project for project, _steps in context["open_projects"]] == [handed_in]
    assert ([each for each, _steps in context["open_reports"]], context["rejected_reports"]) == ([standing], [rejected])
    (to_report,) = context["tasks"]
    assert (to_report.kind, to_report.keys["code"]) == ("vintage_to_report", registered.code)
    assert "2021, 2022" in to_report.subject
    assert "August is missing" in page.content.decode()


def test_a_rejected_report_leaves_the_queue_when_the_vintage_is_reported_again(client, who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    rejected = report_year(who, project)
    reject_report(actor=who.registrar, report_id=rejected.pk, reason="again")
    report_year(who, project)
    client.force_login(who.cooperative.user)
    assert client.get("/work").context["rejected_reports"] == []


def test_a_verifier_finds_what_has_been_handed_in(client, who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    report = report_year(who, project)
    client.force_login(who.verifier.user)
    address = f"/projects/{project.code}/reports/{report.pk}"
    assert [entry.url for entry in client.get("/work").context["page"]] == [f"{address}#accept-title"]
    accepted(who, report)
    assert [entry.url for entry in client.get("/work").context["page"]] == [f"{address}#verify-title"]


def test_a_verifier_that_is_not_approved_finds_nothing(client, who):
    ProjectFactory(status=Project.Status.SUBMITTED)
    applied = MembershipFactory(organisation__kind="verifier", organisation__status="applied")
    client.force_login(applied.user)
    for show in ("mine", "open", "done"):
        page = client.get(f"/work?show={show}")
        assert (list(page.context["page"]), page.context["tabs"][1][2]) == ([], 0)


def test_a_buyer_finds_payments_under_way(client, who):
    pay_in(who, who.buyer, 1_000)
    payment = request_withdrawal(actor=who.buyer, amount_fen=100)
    client.force_login(who.buyer.user)
    assert list(client.get("/work").context["payments"]) == [payment]


def test_the_queue_asks_the_database_no_more_for_more_work(client, who, django_assert_max_num_queries):
    for _ in range(4):
        project = ProjectFactory(proponent=who.cooperative.organisation)
        ParcelFactory(project=project)
        report_year(who, project)
    ProjectFactory.create_batch(3, proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    ProjectFactory.create_batch(3, status=Project.Status.SUBMITTED)
    client.force_login(who.cooperative.user)
    with django_assert_max_num_queries(18):
        client.get("/work")
    client.force_login(who.verifier.user)
    for show in ("mine", "open", "done"):
        with django_assert_max_num_queries(13):
            client.get(f"/work?show={show}")


def test_who_waits_sees_by_when_each_step_may_be_expected(client, who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    report = report_year(who, project)
    client.force_login(who.cooperative.user)
    today = timezone.localdate()
    ((_report, steps),) = client.get("/work").context["open_reports"]
    # Accepted within 5 days, verified within 30 more, approved within 14, issued within 7.
    expected = [None, *(today + dt.timedelta(days=days) for days in (5, 35, 49, 56))]
    assert [step.expected_on for step in steps] == expected
    MonitoringReport.objects.filter(pk=report.pk).update(status_since=timezone.now() - dt.timedelta(days=9))
    page = client.get("/work")
    ((_report, steps),) = page.context["open_reports"]
    assert [step.is_late for step in steps] == [False, True, False, False, False]
    assert steps[2].expected_on == today + dt.timedelta(days=30)
    assert "is-late" in page.content.decode()


def test_a_cooperative_that_waits_for_its_approval_is_offered_nothing(client, db):
    applied = MembershipFactory(organisation__kind="cooperative", organisation__status="applied")
    client.force_login(applied.user)
    page = client.get("/work").content.decode()
    for door in ("/sell", "/households", "/projects/new"):
        assert f'href="{door}"' not in page.split("<main")[1]
