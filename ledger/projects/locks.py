"""Take projects and reports one at a time."""

from django.db import connection

from ledger.errors import NotFound
from ledger.projects.models import MonitoringReport, Project

_LAND = 0x7469_616E_6875_6902


def lock_project(project_id: int) -> Project:
    """Lock a project until the transaction ends.

    Raises: NotFound.
    """
    project = Project.objects.select_for_update(of=("self",)).filter(pk=project_id).first()
    if project is None:
        raise NotFound()
    return project


def lock_report(report_id: int) -> MonitoringReport:
    """Lock a report until the transaction ends, and its project before it: whoever suspends that waits, or is seen.

    Raises: NotFound.
    """
    project_id = MonitoringReport.objects.filter(pk=report_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise NotFound()
    lock_project(project_id)
    report = (
        MonitoringReport.objects.select_for_update(of=("self",))
        .select_related("project", "project__proponent", "verifier")
        .filter(pk=report_id)
        .first()
    )
    if report is None:
        raise NotFound()
    return report


def lock_land() -> None:
    """Let one transaction at a time claim land or a project number, so that two racing ones cannot take the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LAND])
