import pytest
import time_machine

from ledger.models import MonitoringReport, Project
from ledger.projects.reports import submit_report
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory

ON_THE_DAY = "2024-06-01T08:00:00+08:00"


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="A01")
    return project


@pytest.fixture
def report(who, project):
    return submit_report(actor=who.cooperative, project_id=project.pk, vintage=2021)


def address(report, step=""):
    return f"/projects/{report.project.code}/reports/{report.pk}{step}"


def test_everybody_reads_the_report_of_a_registered_project(client, who, report):
    page = client.get(address(report))
    assert page.context["sheet"].result == report.sheet["result"]
    assert report.sheet_sha256 in page.content.decode()
    for person in (who.cooperative.user, who.verifier.user):
        assert str(person) not in page.content.decode()


def test_a_report_is_at_its_own_projects_address_alone(client, who, report):
    other = ProjectFactory()
    assert client.get(f"/projects/{other.code}/reports/{report.pk}").status_code == 404
    assert client.get(f"/projects/{report.project.code}/reports/99999999999999999999").status_code == 404


def test_a_report_of_a_project_that_is_not_public_is_not_found(client, who, report):
    Project.objects.update(status="submitted")
    assert client.get(address(report)).status_code == 404
    client.force_login(who.verifier.user)
    assert client.get(address(report)).status_code == 200


def test_the_page_of_a_report_asks_the_database_little(client, who, report, django_assert_num_queries):
    with django_assert_num_queries(3):
        client.get(address(report))


@time_machine.travel(ON_THE_DAY)
def test_a_cooperative_sees_the_result_before_it_hands_in(client, who, project):
    client.force_login(who.cooperative.user)
    new = f"/projects/{project.code}/reports/new"
    preview = client.post(new, {"vintage": "2022", "preview": "1"})
    net_t = preview.context["sheet"].result["net_t"]
    assert not MonitoringReport.objects.exists()
    handed_in = client.post(new, {"vintage": "2022", "hand_in": "1"})
    report = MonitoringReport.objects.get()
    assert handed_in["Location"] == address(report)
    assert (report.vintage, report.net_t, report.status) == (2022, net_t, "submitted")


@time_machine.travel(ON_THE_DAY)
def test_only_years_that_are_over_and_not_reported_are_offered(client, who, project, report):
    client.force_login(who.cooperative.user)
    new = f"/projects/{project.code}/reports/new"
    assert client.get(new).context["vintages"] == [2020, 2022, 2023]
    for vintage in ("2021", "2024", "2019", "x", ""):
        refused = client.post(new, {"vintage": vintage, "hand_in": "1"})
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["vintage"])
    assert MonitoringReport.objects.count() == 1


def test_a_yield_that_fell_is_taken_off_as_leakage(client, who, project):
    client.force_login(who.cooperative.user)
    parcel = project.parcels.get()
    before, after = (f"yield-{parcel.pk}-early-{when}" for when in ("baseline", "project"))
    given = {"vintage": "2022", "preview": "1", before: "6.5", after: "5"}
    preview = client.post(f"/projects/{project.code}/reports/new", given)
    assert preview.context["sheet"].result["leakage_t_co2e"] != "0"
    client.post(f"/projects/{project.code}/reports/new", given | {"hand_in": "1"})
    season = MonitoringReport.objects.get().case["parcels"][0]["seasons"][0]
    assert season["yield_t_per_ha"] == {"baseline": "6.5", "project": "5"}


@pytest.mark.parametrize(("before", "after"), [("6.5", ""), ("0", "5"), ("-1", "5"), ("x", "5")])
def test_bad_yields_are_refused_beside_their_field(client, who, project, before, after):
    client.force_login(who.cooperative.user)
    parcel = project.parcels.get()
    given = {f"yield-{parcel.pk}-early-baseline": before, f"yield-{parcel.pk}-early-project": after}
    refused = client.post(f"/projects/{project.code}/reports/new", {"vintage": "2022", "hand_in": "1"} | given)
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) <= set(given)
    assert not MonitoringReport.objects.exists()


def test_only_its_cooperative_reports_a_project(client, who, project):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for membership in (MembershipFactory(organisation__kind="cooperative"), viewer, who.buyer, who.registrar):
        client.force_login(membership.user)
        assert client.post(f"/projects/{project.code}/reports/new", {"vintage": "2022"}).status_code == 404


def test_a_verifier_sees_that_the_calculation_agrees_and_signs(client, who, report):
    client.force_login(who.verifier.user)
    page = client.get(address(report))
    assert (page.context["examines"], page.context["recomputation_agrees"]) == (True, True)
    assert client.post(address(report, "/verify"), {"statement": ""}).status_code == 422
    assert client.post(address(report, "/verify"), {"statement": "agrees"})["Location"] == address(report)
    report.refresh_from_db()
    assert (report.status, report.verifier) == ("verified", who.verifier.organisation)


def test_a_verifier_is_told_where_the_calculation_does_not_agree(client, who, report):
    MonitoringReport.objects.filter(pk=report.pk).update(sheet_sha256="0" * 64)
    client.force_login(who.verifier.user)
    assert client.get(address(report)).context["recomputation_agrees"] is False
    assert client.post(address(report, "/verify"), {"statement": "agrees"}).status_code == 422
    report.refresh_from_db()
    assert report.status == "submitted"


def test_a_rejected_report_says_why_and_the_vintage_is_open_again(client, who, report):
    client.force_login(who.verifier.user)
    client.post(address(report, "/reject"), {"reason": "August is missing"})
    client.force_login(who.cooperative.user)
    assert "August is missing" in client.get(address(report)).content.decode()
    assert 2021 in client.get(f"/projects/{report.project.code}/reports/new").context["vintages"]


@pytest.mark.parametrize("name", ["cooperative", "buyer", "registrar", "auditor"])
def test_nobody_else_verifies(client, who, report, name):
    client.force_login(getattr(who, name).user)
    assert client.post(address(report, "/verify"), {"statement": "agrees"}).status_code == 422
    assert not client.get(address(report)).context["examines"]
    report.refresh_from_db()
    assert report.status == "submitted"


def test_a_stranger_verifies_nothing(client, who, report):
    assert client.post(address(report, "/verify"), {"statement": "agrees"})["Location"].startswith("/login")


def test_the_registrar_is_led_to_the_desk(client, who, report):
    client.force_login(who.registrar.user)
    assert client.get(address(report)).context["decides"]


def test_the_calculation_is_handed_out(client, who, report):
    response = client.get(address(report, "/calculation.csv"))
    assert response["Content-Disposition"] == f'attachment; filename="{report.project.code}-2021.csv"'
    assert len(b"".join(response).splitlines()) == len(report.sheet["lines"]) + 1
