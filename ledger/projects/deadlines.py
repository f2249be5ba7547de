"""Until when the next step of a report is due: the day by which a cooperative may expect it."""

import datetime as dt

from django.conf import settings
from django.utils import timezone

from ledger.projects.models import MonitoringReport


def target_days(status: str) -> int | None:
    """Return how many days the step may take that a report in this state waits for; None where it waits for none."""
    days: int | None = settings.REPORT_TARGET_DAYS.get(str(status))
    return days


def due_on(report: MonitoringReport) -> dt.date | None:
    """Return the day by which the next step is due, in China; None for drafts, and for what is issued or rejected."""
    days = target_days(report.status)
    if days is None or report.status_since is None:
        return None
    return timezone.localdate(report.status_since) + dt.timedelta(days=days)


def is_overdue(report: MonitoringReport) -> bool:
    """Return whether the day has gone by which the next step was due."""
    due = due_on(report)
    return due is not None and due < timezone.localdate()
