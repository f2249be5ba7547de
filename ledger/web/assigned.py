"""The verifier's queue: what is assigned to it, what any verifier may take on, and what it has done."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Membership, Organisation
from ledger.projects.deadlines import due_on
from ledger.projects.models import Finding, MonitoringReport, Project
from ledger.projects.selectors import LARGE
from ledger.web.rights import may_verify
from ledger.workload import verifiers

MINE, OPEN, DONE = "mine", "open", "done"
SHOWN: dict[str, str | Promise] = {
    MINE: pgettext_lazy("queue", "Ours"),
    OPEN: pgettext_lazy("queue", "Open for us"),
    DONE: pgettext_lazy("queue", "Done"),
}
ROWS = 25
MOST = 500
"""How many of a kind are put in order: whoever has more sees these first."""
_NEVER = dt.date.max
_BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
Status = MonitoringReport.Status
# What is next with a report that is assigned, where on its page that is done, and whether it waits for the verifier.
NEXT: dict[str, tuple[str | Promise, str, bool]] = {
    Status.SUBMITTED: (verifiers.OF_A_REPORT[Status.SUBMITTED][1], "#accept-title", True),
    Status.IN_VERIFICATION: (verifiers.OF_A_REPORT[Status.IN_VERIFICATION][1], "#verify-title", True),
    Status.FINDINGS_ANSWERED: (verifiers.OF_A_REPORT[Status.FINDINGS_ANSWERED][1], "#findings-title", True),
    Status.FINDINGS_OPEN: (_("The cooperative answers your findings"), "#findings-title", False),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the queue: what is next with it and where, since when it waits and until when it is due.

    `findings`: how many are open, answered and closed. `is_ours`: whether the verifier is the one to act.
    """

    title: str | Promise
    url: str
    project: Project
    vintage: int | None
    since: dt.datetime | None
    due_on: dt.date | None = None
    findings: tuple[int, int, int] = (0, 0, 0)
    is_ours: bool = True
    conflict: str = ""

    @property
    def days_left(self) -> int | None:
        """How many days there are until it is due, fewer than none where that is over; None where no day is set."""
        return None if self.due_on is None else (self.due_on - timezone.localdate()).days

    @property
    def days_late(self) -> int:
        """By how many days it is late."""
        return max(0, -(self.days_left or 0))


def verifier_queue(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the queue as it is filtered, due first in front, each leading to what is next with it."""
    shown = request.GET.get("show", MINE)
    if shown not in SHOWN:
        shown = MINE
    is_working = membership.organisation.is_approved
    counts = _counts(membership.organisation) if is_working else dict.fromkeys(SHOWN, 0)
    found = _ENTRIES[shown](membership.organisation) if is_working else []
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "organisation": membership.organisation,
        "shown": shown,
        "tabs": [(name, title, counts[name]) for name, title in SHOWN.items()],
        "page": page,
        "late": sum(1 for entry in found if entry.days_late and entry.is_ours) if shown == MINE else 0,
        "may_verify": may_verify(membership),
        "conflicts": list(verifiers.declared_conflicts(membership.organisation)) if shown == OPEN else [],
    }
    return render(request, "ledger/workspace/verifier.html", context)


def _counts(verifier: Organisation) -> dict[str, int]:
    """Return how many there are of each kind of work. In five queries."""
    reports = verifiers.assigned_reports(verifier).aggregate(
        mine=Count("pk", filter=Q(status__in=NEXT)), done=Count("pk", filter=Q(verified_at__isnull=False))
    )
    free = (
        verifiers.projects_to_take_on(verifier),
        verifiers.renewals_to_assess(verifier),
        verifiers.risks_to_judge(verifier),
    )
    projects = Project.objects.filter(validator=verifier).aggregate(
        taken=Count("pk", filter=Q(status=Project.Status.IN_VALIDATION)),
        done=Count("pk", filter=Q(validated_at__isnull=False)),
    )
    return {
        MINE: reports["mine"] + projects["taken"],
        OPEN: sum(waiting.count() for waiting in free),
        DONE: reports["done"] + projects["done"],
    }


def _mine(verifier: Organisation) -> list[Entry]:
    """Return what the verifier has in hand: what it has to do, due first in front, then what it waits for."""
    validating = verifiers.projects_in_hand(verifier).select_related("proponent")[:MOST]
    declared = {each.project_id: str(each.get_nature_display()) for each in verifiers.declared_conflicts(verifier)}
    entries = [*_assigned(verifier, declared), *(_of_project(each, declared) for each in validating)]
    return sorted(entries, key=lambda entry: (not entry.is_ours, entry.due_on or _NEVER, entry.since or _BEGINNING))


def _assigned(verifier: Organisation, declared: dict[int, str]) -> Iterator[Entry]:
    by_status = {
        f"{status}_findings": Count("findings", filter=Q(findings__status=status)) for status in Finding.Status.values
    }
    found = _reports(verifier).filter(status__in=NEXT).annotate(**by_status).order_by("status_since", "id")[:MOST]
    for report in found:
        title, place, is_ours = NEXT[report.status]
        counted = tuple(getattr(report, f"{status}_findings") for status in Finding.Status.values)
        yield Entry(
            title,
            _report_url(report) + place,
            report.project,
            report.vintage,
            report.status_since,
            due_on(report),
            (counted[0], counted[1], counted[2]),
            is_ours,
            declared.get(report.project_id, ""),
        )


def _reports(verifier: Organisation) -> QuerySet[MonitoringReport]:
    return (
        verifiers.assigned_reports(verifier)
        .select_related("project__proponent")
        .defer("case", "sheet", "practices", *(f"project__{name}" for name in LARGE))
    )


def _report_url(report: MonitoringReport) -> str:
    return reverse("report", kwargs={"code": report.project.code, "report_id": report.pk})


def _of_project(project: Project, declared: dict[int, str]) -> Entry:
    url = reverse("project", kwargs={"code": project.code})
    conflict = declared.get(project.pk, "")
    return Entry(verifiers.VALIDATE, url, project, None, project.accepted_at, conflict=conflict)


def _open(verifier: Organisation) -> list[Entry]:
    """Return what any verifier may take on, the longest waiting first; without what this one has a conflict about."""
    free = verifiers.projects_to_take_on(verifier).select_related("proponent")[:MOST]
    renewals = verifiers.renewals_to_assess(verifier).select_related("project__proponent")[:MOST]
    risks = verifiers.risks_to_judge(verifier).select_related("project__proponent")[:MOST]
    entries = [
        *(_for_any(project, verifiers.TAKE_ON, project.submitted_at) for project in free),
        *(_for_any(renewal.project, verifiers.ASSESS, renewal.requested_at) for renewal in renewals),
        *(_for_any(risk.project, verifiers.JUDGE, risk.stated_at) for risk in risks),
    ]
    return sorted(entries, key=lambda entry: entry.since or _BEGINNING)


def _for_any(project: Project, title: str | Promise, since: dt.datetime | None) -> Entry:
    return Entry(title, reverse("project", kwargs={"code": project.code}), project, None, since)


def _done(verifier: Organisation) -> list[Entry]:
    """Return what the verifier has verified and validated, the newest first."""
    reports = _reports(verifier).filter(verified_at__isnull=False).order_by("-verified_at")[:MOST]
    projects = (
        Project.objects.filter(validator=verifier, validated_at__isnull=False)
        .select_related("proponent")
        .defer(*LARGE)
        .order_by("-validated_at")[:MOST]
    )
    entries = [
        *(Entry(_("Verified"), _report_url(each), each.project, each.vintage, each.verified_at) for each in reports),
        *(
            Entry(_("Validated"), reverse("project", kwargs={"code": each.code}), each, None, each.validated_at)
            for each in projects
        ),
    ]
    return sorted(entries, key=lambda entry: entry.since or _BEGINNING, reverse=True)


_ENTRIES: dict[str, Any] = {MINE: _mine, OPEN: _open, DONE: _done}
