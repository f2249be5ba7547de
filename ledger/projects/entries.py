"""What the log says of projects, fields and reports (docs/log-entries.md)."""

from typing import Any

from ledger.projects.digests import json_sha256, text_sha256
from ledger.projects.models import MonitoringReport, Parcel, Project


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


def is_described(parcel: Parcel) -> bool:
    """Return whether there is more to be said of a field than `parcel_added` says."""
    return bool(parcel.household_id or parcel.declared_area_ha or parcel.area_reason or parcel.converted_from)


def parcel_described(parcel: Parcel) -> dict[str, Any]:
    """Return the body of the record of what is beside a field's shape and practices: whose it is, and what was declared."""
    return {
        "project": parcel.project.code,
        "parcel": parcel.code,
        "household": str(parcel.household.public_id) if parcel.household else None,
        "declared_area_ha": None if parcel.declared_area_ha is None else str(parcel.declared_area_ha),
        "area_reason_sha256": text_sha256(parcel.area_reason) if parcel.area_reason else None,
        "converted_from": parcel.converted_from,
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
