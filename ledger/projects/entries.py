"""What the log says of projects, fields and reports (docs/log-entries.md)."""

from typing import Any

from ledger.projects.digests import json_sha256, text_sha256
from ledger.projects.judgements import DeclaredConflict
from ledger.projects.models import MonitoringReport, Parcel, Project, ReportVersion, RiskAssessment


def project_created(project: Project) -> dict[str, Any]:
    """Return the body of the record of a project's beginning."""
    content = {name: getattr(project, name) for name in ("description", "description_en", "illustrative", "settings")}
    return {
        "project": project.code,
        "methodology": project.methodology,
        "proponent": str(project.proponent.public_id),
        "name": project.name,
        "name_en": project.name_en,
        "place": project.place,
        "crediting_starts_on": str(project.crediting_starts_on),
        "crediting_ends_on": str(project.crediting_ends_on),
        "content_sha256": json_sha256(content),
    }


def parcel_added(parcel: Parcel) -> dict[str, Any]:
    """Return the body of the record of a field."""
    content = {name: getattr(parcel, name) for name in ("name", "geometry", "practices")}
    return {
        "project": parcel.project.code,
        "parcel": parcel.code,
        "area_ha": str(parcel.area_ha),
        "content_sha256": json_sha256(content),
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
