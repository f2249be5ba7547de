import pytest
from django.urls import reverse

from ledger.models import Batch, MonitoringReport
from ledger.projects.reports import draft_report
from tests.desk import client_of
from tests.factories import OrganisationFactory, ParcelFactory, ProjectFactory, ReportFactory
from tests.scenes import People, accepted, find, report_year

Status = MonitoringReport.Status


def step(name: str, report: MonitoringReport) -> str:
    return reverse(f"admin:ledger_monitoringreport_{name}", args=[report.pk])


@pytest.fixture
def verified(who: People) -> MonitoringReport:
    return ReportFactory(
        project__proponent=who.cooperative.organisation, status=Status.VERIFIED, approved_by=None, buffer_t=100
    )


def test_registrar_approves_and_issues(who: People, verified: MonitoringReport) -> None:
    client = client_of(who.registrar)
    client.post(step("approve", verified))
    verified.refresh_from_db()
    assert (verified.status, verified.approved_by) == (Status.APPROVED, who.registrar.user)
    done = client.post(step("issue", verified))
    batch = Batch.objects.get(report=verified)
    assert (batch.quantity_t, batch.buffer_t) == (1_000, 100)
    assert done["Location"] == reverse("admin:ledger_batch_change", args=[batch.pk])


def test_a_report_is_issued_once(who: People, verified: MonitoringReport) -> None:
    client = client_of(who.registrar)
    client.post(step("approve", verified))
    client.post(step("issue", verified))
    assert client.post(step("issue", verified)).status_code == 409
    assert Batch.objects.count() == 1


def test_a_verified_report_is_not_issued_before_it_is_approved(who: People, verified: MonitoringReport) -> None:
    assert client_of(who.registrar).post(step("issue", verified)).status_code == 409
    assert not Batch.objects.exists()


@pytest.mark.parametrize("maker", ["prepared_by", "verified_by"])
def test_who_prepared_or_verified_does_not_approve(maker: str, who: People) -> None:
    own = ReportFactory(status=Status.VERIFIED, approved_by=None, **{maker: who.registrar.user})
    client = client_of(who.registrar)
    assert client.post(step("approve", own)).status_code == 403
    page = client.get(reverse("admin:ledger_monitoringreport_change", args=[own.pk]))
    assert page.context["needs_another"]
    own.refresh_from_db()
    assert own.status == Status.VERIFIED


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "verifier", "cooperative"])
@pytest.mark.parametrize("name", ["approve", "reject", "issue"])
def test_nobody_else_decides_on_a_report(kind: str, name: str, who: People, verified: MonitoringReport) -> None:
    assert client_of(getattr(who, kind)).post(step(name, verified), {"reason": "no"}).status_code == 403
    verified.refresh_from_db()
    assert verified.status == Status.VERIFIED


def test_registrar_rejects_a_report(who: People, verified: MonitoringReport) -> None:
    client_of(who.registrar).post(step("reject", verified), {"reason": "The diary has gaps."})
    verified.refresh_from_db()
    assert verified.status == Status.REJECTED


def test_the_sheet_is_shown_line_by_line_and_done_again(who: People, verified: MonitoringReport) -> None:
    client = client_of(who.auditor)
    page = client.get(step("sheet", verified))
    assert len(page.context["page"]) == len(verified.sheet["lines"])
    assert page.context["is_same_again"] is None
    assert client.get(step("sheet", verified), {"again": "1"}).context["is_same_again"] is True
    MonitoringReport.objects.filter(pk=verified.pk).update(sheet_sha256="0" * 64)
    assert client.get(step("sheet", verified), {"again": "1"}).context["is_same_again"] is False


def test_a_long_sheet_is_shown_in_pages(who: People) -> None:
    report = ReportFactory()
    report.sheet["lines"] = report.sheet["lines"] * 30
    report.save()
    page = client_of(who.auditor).get(step("sheet", report), {"page": "2"}).context["page"]
    assert (len(page), page.number) == (100, 2)


def test_a_list_does_not_read_the_sheets(who: People, verified: MonitoringReport) -> None:
    listed = client_of(who.auditor).get(reverse("admin:ledger_monitoringreport_changelist"))
    [report] = listed.context["cl"].result_list
    assert report.get_deferred_fields() == {"case", "sheet", "practices"}


def test_registrar_issues_in_parts(who: People, verified: MonitoringReport) -> None:
    client = client_of(who.registrar)
    client.post(step("approve", verified))
    form = client.get(step("issue", verified)).context["form"]
    assert form["quantity_t"].value() == 1_000
    client.post(step("issue", verified), {"quantity_t": "300"})
    assert client.post(step("issue", verified), {"quantity_t": "701"}).status_code == 422
    assert client.post(step("issue", verified), {"quantity_t": "x"}).status_code == 422
    client.post(step("issue", verified), {"quantity_t": ""})
    assert sorted(Batch.objects.values_list("tranche", "quantity_t", "buffer_t")) == [(1, 300, 30), (2, 700, 70)]
    page = client.get(reverse("admin:ledger_monitoringreport_change", args=[verified.pk])).content.decode()
    assert f"{verified.project.code}-{verified.vintage}-2" in page


def test_registrar_assigns_another_verifier_with_a_reason(who: People) -> None:
    report = ReportFactory(
        status=Status.SUBMITTED, verifier=who.verifier.organisation, verified_by=None, approved_by=None
    )
    other = OrganisationFactory(kind="verifier")
    client = client_of(who.registrar)
    assert client.post(step("assign", report), {"verifier": str(other.public_id)}).status_code == 422
    assert client.post(step("assign", report), {"verifier": "x", "reason": "too slow"}).status_code == 422
    client.post(step("assign", report), {"verifier": str(other.public_id), "reason": "too slow"})
    report.refresh_from_db()
    assert report.verifier == other
    for other_person in (who.treasurer, who.auditor):
        answer = client_of(other_person).post(step("assign", report), {"verifier": str(other.public_id), "reason": "x"})
        assert answer.status_code == 403


def test_findings_and_corrections_are_read_at_the_desk(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P1")
    report = accepted(who, report_year(who, project))
    finding = find(who, report, text="the dyke is broken")
    client = client_of(who.auditor)
    for address in (
        reverse("admin:ledger_monitoringreport_change", args=[report.pk]),
        reverse("admin:ledger_finding_change", args=[finding.pk]),
        reverse("admin:ledger_finding_changelist"),
    ):
        assert "the dyke is broken" in client.get(address).content.decode()


def test_a_draft_is_read_without_a_sheet(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    draft = draft_report(actor=who.cooperative, project_id=project.pk, vintage=2020)
    client = client_of(who.auditor)
    assert client.get(reverse("admin:ledger_monitoringreport_change", args=[draft.pk])).status_code == 200
    assert client.get(step("sheet", draft)).status_code == 404
