import re

import pytest

from ledger.journal.payments import request_withdrawal
from ledger.models import Project
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
    assert (context["drafts"], context["open_projects"]) == ([draft], [handed_in])
    assert (context["open_reports"], context["rejected_reports"]) == ([standing], [rejected])
    ((project, vintages),) = context["to_report"]
    assert (project, vintages[:2]) == (registered, [2021, 2022])
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
    context = client.get("/work").context
    assert (list(context["projects"]), context["reports_to_accept"], context["reports"]) == ([], [report], [])
    accepted(who, report)
    context = client.get("/work").context
    assert (context["reports_to_accept"], context["reports"]) == ([], [report])


def test_a_verifier_that_is_not_approved_finds_nothing(client, who):
    ProjectFactory(status=Project.Status.SUBMITTED)
    applied = MembershipFactory(organisation__kind="verifier", organisation__status="applied")
    client.force_login(applied.user)
    assert list(client.get("/work").context["projects"]) == []


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
    for membership in (who.cooperative, who.verifier):
        client.force_login(membership.user)
        with django_assert_max_num_queries(8):
            client.get("/work")
