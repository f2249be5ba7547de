"""How far something has come in its life cycle, as pages show it."""

import datetime as dt
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from ledger.projects.deadlines import due_on, target_days
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
    # By when it may be expected, of a step that is yet to come.
    expected_on: dt.date | None = None

    @property
    def is_late(self) -> bool:
        """Whether the day has gone by on which it was to be expected."""
        return self.expected_on is not None and self.expected_on < timezone.localdate()


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
    """Return the steps of a report's way to credits, those to come with the day to expect them by; none of a rejected one."""
    times = [report.submitted_at, report.accepted_at, report.verified_at, report.approved_at, issued_at]
    is_examined = report.status in MonitoringReport.EXAMINED
    status = MonitoringReport.Status.IN_VERIFICATION if is_examined else report.status
    return _expected(_steps(REPORT_STEPS, status, times), report)


# What each step that follows waits in, which says how long it may take.
_WAITED_IN = tuple(REPORT_STEPS)[:-1]


def _expected(steps: list[Step], report: MonitoringReport) -> list[Step]:
    """Add to the steps to come by when they may be expected: each takes as long as it may, from the day the next is due on."""
    day, shown = due_on(report), []
    if day is not None:
        # What is late already is still to come: what follows it is counted from today.
        from_day = max(day, timezone.localdate())
    for place, step in enumerate(steps):
        if step.is_done or day is None:
            shown.append(step)
        elif step.is_next:
            shown.append(replace(step, expected_on=day))
        else:
            from_day += dt.timedelta(days=target_days(_WAITED_IN[place - 1]) or 0)
            shown.append(replace(step, expected_on=from_day))
    return shown


def _steps(texts: dict[str, str | Promise], status: str, times: list[dt.datetime | None]) -> list[Step]:
    if status not in texts:
        return []
    reached = list(texts).index(status)
    return [
        Step(text, at if place <= reached else None, place <= reached, place == reached + 1)
        for place, (text, at) in enumerate(zip(texts.values(), times, strict=True))
    ]
