"""What the log says of projects, fields and reports (docs/log-entries.md)."""

from typing import Any

from ledger.projects.digests import json_sha256, text_sha256
from ledger.projects.judgements import DebundlingDecision, DeclaredConflict, Renewal
from ledger.projects.models import MonitoringReport, Parcel, Project, ReportVersion, RiskAssessment

DETAILS = ("ndc_information", "co_benefits", "labels", "related_projects", "estimations", "other_listings")


def project_created(project: Project) -> dict[str, Any]:
    """Return the body of the record of a project's beginning."""
    return {
        "project": project.code,
        "methodology": project.methodology,
        "proponent": str(project.proponent.public_id),
        "name": project.name,
        "name_en": project.name_en,
        "place": project.place,
        "crediting_starts_on": str(project.crediting_starts_on),
        "crediting_ends_on": str(project.crediting_ends_on),
        "content_sha256": json_sha256(project_content(project)),
    }


def project_described(project: Project) -> dict[str, Any]:
    """Return the body of the record of what a draft is now said to be, all of it."""
    return {
        "project": project.code,
        "name": project.name,
        "name_en": project.name_en,
        "place": project.place,
        "county_code": project.county_code,
        "crediting_starts_on": str(project.crediting_starts_on),
        "crediting_ends_on": str(project.crediting_ends_on),
        "starts_on": str(project.starts_on) if project.starts_on else None,
        "project_link": project.project_link,
        "covered_by_ndc": str(project.covered_by_ndc),
        "is_listed_elsewhere": project.is_listed_elsewhere,
        "content_sha256": json_sha256(project_content(project)),
        "details_sha256": json_sha256(project_details(project)),
    }


def project_content(project: Project) -> dict[str, Any]:
    """Return what the log has of a project as `content_sha256`."""
    return {name: getattr(project, name) for name in ("description", "description_en", "illustrative", "settings")}


def project_details(project: Project) -> dict[str, Any]:
    """Return what the log has of a project as `details_sha256`."""
    return {name: getattr(project, name) for name in DETAILS}


def parcel_added(parcel: Parcel) -> dict[str, Any]:
    """Return the body of the record of a field."""
    content = {name: getattr(parcel, name) for name in ("name", "geometry", "practices")}
    return {
        "project": parcel.project.code,
        "parcel": parcel.code,
        "area_ha": str(parcel.area_ha),
        "content_sha256": json_sha256(content),
    }


def parcel_baseline_stated(project: Project, parcel: Parcel) -> dict[str, Any]:
    """Return the body of the record of how the baseline of a field is known."""
    return {
        "project": project.code,
        "parcel": parcel.code,
        "evidence_sha256": text_sha256(parcel.baseline_evidence),
    }


def debundling_decided(decision: DebundlingDecision) -> dict[str, Any]:
    """Return the body of the record of a decision on possible debundling."""
    return {
        "decision": str(decision.pk),
        "project": decision.project.code,
        "others": decision.others,
        "is_one_with_them": decision.is_one_with_them,
        "reason": decision.reason,
    }


def renewal(renewal: Renewal) -> dict[str, Any]:
    """Return what the records of a renewal have in common."""
    return {
        "renewal": str(renewal.pk),
        "project": renewal.project.code,
        "ended_on": str(renewal.ended_on),
        "ends_on": str(renewal.ends_on),
    }


def conflict_declared(conflict: DeclaredConflict) -> dict[str, Any]:
    """Return the body of the record of a declared conflict of interest."""
    return {
        "conflict": str(conflict.pk),
        "project": conflict.project.code,
        "verifier": str(conflict.verifier.public_id),
        "nature": str(conflict.nature),
        "note_sha256": text_sha256(conflict.note),
    }


def conflict_lifted(conflict: DeclaredConflict) -> dict[str, Any]:
    """Return the body of the record of a conflict of interest that was a mistake."""
    return {
        "conflict": str(conflict.pk),
        "project": conflict.project.code,
        "verifier": str(conflict.verifier.public_id),
        "reason": conflict.lifting_reason,
    }


def report_submitted(report: MonitoringReport) -> dict[str, Any]:
    """Return the body of the record of a monitoring report."""
    return {
        "report": str(report.pk),
        "project": report.project.code,
        "vintage": report.vintage,
        "period_starts_on": str(report.period_starts_on),
        "period_ends_on": str(report.period_ends_on),
        "net_t": report.net_t,
        "buffer_t": report.buffer_t,
        "case_sha256": json_sha256(report.case),
        "sheet_sha256": report.sheet_sha256,
    }


def report_corrected(report: MonitoringReport, before: ReportVersion) -> dict[str, Any]:
    """Return the body of the record of a report that was computed again: what it comes to now, and what that replaces."""
    return report_submitted(report) | {
        "replaces_version": before.number,
        "replaces_case_sha256": json_sha256(before.case),
        "replaces_sheet_sha256": before.sheet_sha256,
    }


def risk_stated(assessment: RiskAssessment) -> dict[str, Any]:
    """Return the body of the record of a risk assessment."""
    return risk_named(assessment) | {
        "answers_sha256": json_sha256(assessment.answers),
        "internal": f"{assessment.internal:.2f}",
        "external": f"{assessment.external:.2f}",
        "natural": f"{assessment.natural:.2f}",
        "risk_percent": assessment.risk_percent,
    }


def risk_named(assessment: RiskAssessment) -> dict[str, Any]:
    """Return what every record of a risk assessment says first."""
    return {
        "assessment": str(assessment.pk),
        "project": assessment.project.code,
        "number": assessment.number,
    }
