"""Read projects and reports, and say what they come to in the terms of their methodology."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, BooleanField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects import geometry
from ledger.projects.judgements import DeclaredConflict, Renewal
from ledger.projects.models import Finding, MonitoringReport, Parcel, Project, RiskAssessment
from ledger.projects.risk_scores import is_reversible

# What everybody may see: what is or has been registered, with the state that it is in.
PUBLIC = Q(status__in=(Project.Status.REGISTERED, Project.Status.SUSPENDED, Project.Status.COMPLETED)) | Q(
    status=Project.Status.WITHDRAWN, registered_at__isnull=False
)
# What a list does not show.
LARGE = (
    "forecast",
    "settings",
    "description",
    "description_en",
    "ndc_information",
    "labels",
    "related_projects",
    "estimations",
    "other_listings",
    "validation_statement",
)
_CODE = re.compile(r"TH-([0-9]{2})-([0-9]{6,9})")


def projects_seen_by(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see: those once registered everybody; what was handed in verifiers too; drafts
    their proponent, the operator and auditors."""
    # By subqueries, so that a page of a list counts its own fields alone, not those of the whole country.
    parcels = Parcel.objects.filter(project=OuterRef("pk")).order_by().values("project")
    projects = Project.objects.select_related("proponent", "validator").annotate(
        parcel_count=Coalesce(Subquery(parcels.annotate(count=Count("pk")).values("count")), 0),
        total_area_ha=Coalesce(Subquery(parcels.annotate(area=Sum("area_ha")).values("area")), Decimal("0.0000")),
    )
    if membership is None:
        return projects.filter(PUBLIC)
    if reads_everything(membership):
        return projects
    if membership.organisation.kind == Organisation.Kind.VERIFIER and membership.organisation.is_approved:
        return projects.exclude(Q(status=Project.Status.DRAFT) | Q(submitted_at__isnull=True))
    return projects.filter(PUBLIC | Q(proponent=membership.organisation))


def projects_listed_for(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see, newest first, without what a list does not show and is large."""
    return projects_seen_by(membership).defer(*LARGE).order_by("-id")


def parcels_of(project: Project) -> QuerySet[Parcel]:
    """Return a project's fields, newest first."""
    return Parcel.objects.filter(project=project).order_by("-id")


def access_project_by_code(*, code: str, membership: Membership | None) -> Project:
    """Return a project by its permanent name, such as TH-35-000001.

    Raises: NotFound, also where it is not to be seen.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        raise NotFound()
    project = projects_seen_by(membership).filter(province_code=match[1], number=int(match[2])).first()
    if project is None or project.code != code:
        raise NotFound()
    return project


def renewals_of(project: Project) -> QuerySet[Renewal]:
    """Return a project's renewals, newest first."""
    return Renewal.objects.filter(project=project).select_related("verifier").order_by("-id")


def access_renewal_by_id(*, renewal_id: int, membership: Membership | None) -> Renewal:
    """Return a renewal.

    Raises: NotFound, also where its project is not to be seen.
    """
    seen = projects_seen_by(membership).values("pk")
    renewal = Renewal.objects.select_related("project").filter(pk=renewal_id, project__in=seen).first()
    if renewal is None:
        raise NotFound()
    return renewal


def conflicts_seen_by(membership: Membership | None, project: Project) -> QuerySet[DeclaredConflict]:
    """Return the declared conflicts of a project that one may see: the operator and auditors all, a verifier its own."""
    found = DeclaredConflict.objects.filter(project=project).select_related("verifier").order_by("-id")
    if membership is None:
        return found.none()
    return found if reads_everything(membership) else found.filter(verifier=membership.organisation)


def registered_projects() -> QuerySet[Project]:
    """Return the registered projects, oldest first, each with the tonnes that its forecast expects a year (`expected_t`)."""
    expected = Cast(KT("forecast__result__net_t"), BigIntegerField())
    return Project.objects.filter(status=Project.Status.REGISTERED).annotate(expected_t=expected).order_by("number")


def expected_t() -> int:
    """Return the tonnes that all registered projects expect a year."""
    return registered_projects().aggregate(total=Sum("expected_t"))["total"] or 0


def reports_seen_by(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports of the projects that one may see; drafts are their cooperative's alone."""
    reports = MonitoringReport.objects.select_related("project", "project__proponent", "verifier").filter(
        project__in=projects_seen_by(membership).values("pk")
    )
    is_draft = Q(status=MonitoringReport.Status.DRAFT)
    if membership is None:
        return reports.exclude(is_draft)
    return reports.exclude(is_draft & ~Q(project__proponent=membership.organisation))


def reports_of(project: Project, membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return a project's reports that one may see, newest first, without their calculations, which are large."""
    return reports_seen_by(membership).filter(project=project).defer("case", "sheet", "practices").order_by("-id")


def access_report_by_id(
    *, report_id: int, membership: Membership | None, project: Project | None = None
) -> MonitoringReport:
    """Return a report; of one project where that is named.

    Raises: NotFound, also where its project is not to be seen.
    """
    found = reports_seen_by(membership).filter(pk=report_id)
    report = (found if project is None else found.filter(project=project)).first()
    if report is None:
        raise NotFound()
    return report


def reports_with_results(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports that one may see, without their long calculations, but with what each comes to as `result`."""
    return reports_seen_by(membership).defer("case", "sheet", "practices").annotate(result=F("sheet__result"))


def findings_seen_by(membership: Membership | None, report: MonitoringReport) -> QuerySet[Finding]:
    """Return a report's findings in their order: to everybody once it is verified, before that to those whom it concerns.

    Those are its cooperative, the verifier that it is assigned to, the operator and auditors.
    """
    findings = report.findings.order_by("number")
    if report.verified_at is not None:
        return findings
    concerns = membership is not None and (
        membership.organisation_id == report.project.proponent_id
        or membership.organisation_id == report.verifier_id
        or reads_everything(membership)
    )
    return findings if concerns else findings.none()


def access_finding_by_id(*, finding_id: int, membership: Membership | None) -> Finding:
    """Return a finding.

    Raises: NotFound, also where it is not to be seen.
    """
    finding = Finding.objects.select_related("report__project").filter(pk=finding_id).first()
    if finding is None:
        raise NotFound()
    report = access_report_by_id(report_id=finding.report_id, membership=membership)
    found = findings_seen_by(membership, report).filter(pk=finding_id).first()
    if found is None and not _looks_after(membership, finding):
        raise NotFound()
    return finding


def _looks_after(membership: Membership | None, finding: Finding) -> bool:
    """Return whether somebody verifies a later report, in whose course a forward action is looked after."""
    return (
        membership is not None
        and finding.kind == Finding.Kind.FORWARD_ACTION
        and finding.report.project.reports.filter(
            vintage__gt=finding.report.vintage, verifier=membership.organisation
        ).exists()
    )


def forward_actions_before(report: MonitoringReport) -> QuerySet[Finding]:
    """Return the forward actions of a project's earlier reports that are not closed, the oldest first."""
    return (
        Finding.objects.filter(
            report__project=report.project, report__vintage__lt=report.vintage, kind=Finding.Kind.FORWARD_ACTION
        )
        .exclude(status=Finding.Status.CLOSED)
        .exclude(report__status=MonitoringReport.Status.REJECTED)
        .select_related("report__project")
        .order_by("report__vintage", "number")
    )


def verifiers() -> QuerySet[Organisation]:
    """Return the approved verifiers, by name."""
    return Organisation.objects.filter(kind=Organisation.Kind.VERIFIER, status=Organisation.Status.APPROVED).order_by(
        "name"
    )


def unreported_before(report: MonitoringReport) -> int | None:
    """Return the first year of the crediting period that comes before a report's and has not been handed in."""
    handed_in = set(
        report.project.reports.exclude(
            status__in=(MonitoringReport.Status.DRAFT, MonitoringReport.Status.REJECTED)
        ).values_list("vintage", flat=True)
    )
    years = range(report.project.crediting_starts_on.year, report.vintage)
    return next((year for year in years if year not in handed_in), None)


def risk_assessments_of(project: Project) -> QuerySet[RiskAssessment]:
    """Return a project's risk assessments, newest first."""
    return RiskAssessment.objects.filter(project=project).select_related("project", "verifier").order_by("-id")


def access_risk_by_id(*, assessment_id: int, membership: Membership | None) -> RiskAssessment:
    """Return a risk assessment.

    Raises: NotFound, also where its project is not to be seen.
    """
    found = RiskAssessment.objects.filter(pk=assessment_id, project__in=projects_seen_by(membership).values("pk"))
    assessment = found.select_related("project", "verifier").first()
    if assessment is None:
        raise NotFound()
    return assessment


def confirmed_risk(project: Project) -> RiskAssessment | None:
    """Return the newest risk assessment of a project that a verifier has confirmed."""
    return risk_assessments_of(project).filter(status=RiskAssessment.Status.CONFIRMED).first()


def confirmed_risk_percent(project: Project) -> int | None:
    """Return the share of the tonnes that goes to the buffer pool, as a verifier has confirmed it. Units: percent."""
    assessment = confirmed_risk(project)
    return assessment.risk_percent if assessment else None


def open_vintages(project: Project, reports: Iterable[MonitoringReport]) -> list[int]:
    """Return the years that are over, within the crediting period and not reported yet, oldest first."""
    taken = {report.vintage for report in reports if report.status != MonitoringReport.Status.REJECTED}
    last_day = project.crediting_ends_on
    today = timezone.localdate()
    last = last_day.year if last_day < today else today.year - 1
    return [year for year in range(project.crediting_starts_on.year, last + 1) if year not in taken]


def quantification_case(
    project: Project, practices: Mapping[str, Mapping[str, Any]], parcels: Iterable[Parcel] | None = None
) -> dict[str, Any]:
    """Return the case that `ledger.quantification` computes: each parcel with its area and these practices.

    What the registry has measured and registered comes last, so that no practice or setting can say otherwise. Who has read
    the project's parcels already, by their ids, hands them over.
    """
    found = [
        {**practices.get(parcel.code, parcel.practices), "id": parcel.code, "area_ha": str(parcel.area_ha)}
        for parcel in (project.parcels.order_by("id") if parcels is None else parcels)
    ]
    return {**project.settings, **_risk(project), "methodology": project.methodology, "parcels": found}


def _risk(project: Project) -> dict[str, str]:
    """Return the confirmed risk, which takes the place of the one that was typed in, where it decides about the buffer."""
    percent = confirmed_risk_percent(project) if is_reversible(project.methodology) else None
    return {} if percent is None else {"risk_percent": str(percent)}


def parcels_near(parcel: Parcel) -> Iterator[Parcel]:
    """Yield the parcels, of projects that are credited in the same years, whose bounding boxes touch that of a parcel.

    An index on the boxes (migrations/sql/parcel_boxes.sql) finds them, however many parcels there are.
    """
    west, south, east, north = geometry.bounds(parcel.geometry)
    near = RawSQL(
        "geojson_box(ledger_parcel.geometry) && box(point(%s, %s), point(%s, %s))",
        (west, south, east, north),
        output_field=BooleanField(),
    )
    project = parcel.project
    return (
        Parcel.objects.exclude(project__status=Project.Status.REJECTED)
        .filter(
            near,
            project__crediting_starts_on__lte=project.crediting_ends_on,
            project__crediting_ends_on__gte=project.crediting_starts_on,
        )
        .select_related("project")
        .iterator()
    )
