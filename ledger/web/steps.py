"""How far something has come in its life cycle, as pages show it."""

import datetime as dt
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from ledger.projects.models import MonitoringReport, Project

PROJECT_STEPS: dict[str, str | Promise] = {
    Project.Status.DRAFT: pgettext_lazy("life cycle", "drafted"),
    Project.Status.SUBMITTED: pgettext_lazy("life cycle", "handed in"),
    Project.Status.IN_VALIDATION: pgettext_lazy("life cycle", "in validation"),
    Project.Status.VALIDATED: pgettext_lazy("life cycle", "validated"),
    Project.Status.REGISTERED: pgettext_lazy("life cycle", "registered"),
    Project.Status.COMPLETED: pgettext_lazy("life cycle", "completed"),
}
# Where a project leaves its way, for a time or for good.
PROJECT_ENDS: dict[str, str | Promise] = {
    Project.Status.SUSPENDED: pgettext_lazy("life cycle", "suspended"),
    Project.Status.WITHDRAWN: pgettext_lazy("life cycle", "withdrawn"),
    Project.Status.REJECTED: pgettext_lazy("life cycle", "rejected"),
}
REPORT_STEPS: dict[str, str | Promise] = {
    MonitoringReport.Status.SUBMITTED: pgettext_lazy("life cycle", "handed in"),
    MonitoringReport.Status.IN_VERIFICATION: pgettext_lazy("life cycle", "accepted by the verifier"),
    MonitoringReport.Status.VERIFIED: pgettext_lazy("life cycle", "verified"),
    MonitoringReport.Status.APPROVED: pgettext_lazy("life cycle", "approved"),
    MonitoringReport.Status.ISSUED: pgettext_lazy("life cycle", "issued"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is done, or the one that comes next, or a later one; or where it goes no further."""

    text: str | Promise
    at: dt.datetime | None
    is_done: bool
    is_next: bool
    is_stop: bool = False


def project_steps(project: Project) -> list[Step]:
    """Return the steps of a project's life: done, next and later; of one that was stopped, up to where and by what."""
    times = [
        project.created_at,
        project.submitted_at,
        project.accepted_at,
        project.validated_at,
        project.registered_at,
        project.completed_at,
    ]
    if project.status not in PROJECT_ENDS:
        return _steps(PROJECT_STEPS, project.status, times)
    stopped_at = project.suspended_at if project.status == Project.Status.SUSPENDED else project.withdrawn_at
    taken = [
        Step(text, at, is_done=True, is_next=False)
        for text, at in zip(PROJECT_STEPS.values(), times, strict=True)
        if at is not None
    ]
    return [*taken, Step(PROJECT_ENDS[project.status], stopped_at, is_done=False, is_next=False, is_stop=True)]


def report_steps(report: MonitoringReport, issued_at: dt.datetime | None) -> list[Step]:
    """Return the steps of a report's way to credits; none of one that was rejected."""
    times = [report.submitted_at, report.accepted_at, report.verified_at, report.approved_at, issued_at]
    is_examined = report.status in MonitoringReport.EXAMINED
    status = MonitoringReport.Status.IN_VERIFICATION if is_examined else report.status
    return _steps(REPORT_STEPS, status, times)


def _steps(texts: dict[str, str | Promise], status: str, times: list[dt.datetime | None]) -> list[Step]:
    if status not in texts:
        return []
    reached = list(texts).index(status)
    return [
        Step(text, at if place <= reached else None, place <= reached, place == reached + 1)
        for place, (text, at) in enumerate(zip(texts.values(), times, strict=True))
    ]
