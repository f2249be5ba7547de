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

from ledger.parties.models import Membership
from ledger.projects.deadlines import due_on
from ledger.projects.judgements import DeclaredConflict, Renewal
from ledger.projects.models import Finding, MonitoringReport, Project, RiskAssessment
from ledger.projects.selectors import LARGE
from ledger.web.rights import may_verify

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
Status = MonitoringReport.Status
# What is next with a report that is assigned, where on its page that is done, and whether it waits for the verifier.
NEXT: dict[str, tuple[str | Promise, str, bool]] = {
    Status.SUBMITTED: (_("Accept the report, or decline it"), "#accept-title", True),
    Status.IN_VERIFICATION: (_("Verify the report"), "#verify-title", True),
    Status.FINDINGS_ANSWERED: (_("Judge the answers to your findings"), "#findings-title", True),
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
    counts = _counts(membership) if is_working else dict.fromkeys(SHOWN, 0)
    found = _ENTRIES[shown](membership) if is_working else []
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "organisation": membership.organisation,
        "shown": shown,
        "tabs": [(name, title, counts[name]) for name, title in SHOWN.items()],
        "page": page,
        "late": sum(1 for entry in found if entry.days_late and entry.is_ours) if shown == MINE else 0,
        "may_verify": may_verify(membership),
        "conflicts": _conflicts(membership) if shown == OPEN else [],
    }
    return render(request, "ledger/workspace/verifier.html", context)


def _reports(membership: Membership) -> QuerySet[MonitoringReport]:
    return (
        MonitoringReport.objects.filter(verifier=membership.organisation)
        .select_related("project__proponent")
        .defer("case", "sheet", "practices", *(f"project__{name}" for name in LARGE))
    )


def _counts(membership: Membership) -> dict[str, int]:
    """Return how many there are of each kind of work. In three queries."""
    reports = MonitoringReport.objects.filter(verifier=membership.organisation).aggregate(
        mine=Count("pk", filter=Q(status__in=NEXT)), done=Count("pk", filter=Q(verified_at__isnull=False))
    )
    ours = Q(validator=membership.organisation)
    taken = Q(ours, status=Project.Status.IN_VALIDATION)
    free = Q(status=Project.Status.SUBMITTED)
    projects = Project.objects.filter(ours | free).aggregate(
        taken=Count("pk", filter=taken), done=Count("pk", filter=Q(ours, validated_at__isnull=False))
    )
    return {
        MINE: reports["mine"] + projects["taken"],
        OPEN: _free_projects(membership).count() + _renewals(membership).count() + _risks(membership).count(),
        DONE: reports["done"] + projects["done"],
    }


def _mine(membership: Membership) -> list[Entry]:
    """Return what the verifier has in hand: what it has to do, due first in front, then what it waits for."""
    taken = Project.objects.filter(status=Project.Status.IN_VALIDATION, validator=membership.organisation)
    validating = taken.select_related("proponent").defer(*LARGE).order_by("accepted_at", "id")[:MOST]
    declared = {each.project_id: str(each.get_nature_display()) for each in _conflicts(membership)}
    entries = [*_assigned(membership, declared), *(_of_project(each, declared) for each in validating)]
    return sorted(entries, key=lambda entry: (not entry.is_ours, entry.due_on or _NEVER, entry.since or _beginning()))


def _beginning() -> dt.datetime:
    return dt.datetime.min.replace(tzinfo=dt.UTC)


def _assigned(membership: Membership, declared: dict[int, str]) -> Iterator[Entry]:
    by_status = {
        f"{status}_findings": Count("findings", filter=Q(findings__status=status)) for status in Finding.Status.values
    }
    found = _reports(membership).filter(status__in=NEXT).annotate(**by_status).order_by("status_since", "id")[:MOST]
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


def _report_url(report: MonitoringReport) -> str:
    return reverse("report", kwargs={"code": report.project.code, "report_id": report.pk})


def _of_project(project: Project, declared: dict[int, str]) -> Entry:
    url = reverse("project", kwargs={"code": project.code})
    conflict = declared.get(project.pk, "")
    return Entry(_("Validate the project"), url, project, None, project.accepted_at, conflict=conflict)


def _free_projects(membership: Membership) -> QuerySet[Project]:
    free = Project.objects.filter(status=Project.Status.SUBMITTED)
    return free.exclude(pk__in=_conflicting(membership))


def _renewals(membership: Membership) -> QuerySet[Renewal]:
    return Renewal.objects.filter(status=Renewal.Status.REQUESTED).exclude(project__in=_conflicting(membership))


def _risks(membership: Membership) -> QuerySet[RiskAssessment]:
    stated = RiskAssessment.objects.filter(status=RiskAssessment.Status.STATED)
    return stated.exclude(project__in=_conflicting(membership))


def _conflicting(membership: Membership) -> QuerySet[DeclaredConflict, int]:
    declared = DeclaredConflict.objects.filter(verifier=membership.organisation, lifted_at__isnull=True)
    return declared.values_list("project_id", flat=True)


def _conflicts(membership: Membership) -> list[DeclaredConflict]:
    declared = DeclaredConflict.objects.filter(verifier=membership.organisation, lifted_at__isnull=True)
    return list(declared.select_related("project").defer(*(f"project__{name}" for name in LARGE)).order_by("-id"))


def _open(membership: Membership) -> list[Entry]:
    """Return what any verifier may take on, the longest waiting first; without what this one has a conflict about."""
    entries = []
    free = _free_projects(membership).select_related("proponent").defer(*LARGE).order_by("submitted_at", "id")
    for project in free[:MOST]:
        entries.append(_for_any(project, _("Take the project on, or leave it to another"), project.submitted_at))
    related = ("project", "project__proponent")
    large = [f"project__{name}" for name in LARGE]
    for renewal in _renewals(membership).select_related(*related).defer(*large).order_by("requested_at", "id")[:MOST]:
        entries.append(_for_any(renewal.project, _("Assess whether the project may be renewed"), renewal.requested_at))
    for risk in _risks(membership).select_related(*related).defer(*large).order_by("stated_at", "id")[:MOST]:
        title = _("Confirm the risk that carbon is lost again, or refuse it")
        entries.append(_for_any(risk.project, title, risk.stated_at))
    return sorted(entries, key=lambda entry: entry.since or _beginning())


def _for_any(project: Project, title: str | Promise, since: dt.datetime | None) -> Entry:
    return Entry(title, reverse("project", kwargs={"code": project.code}), project, None, since)


def _done(membership: Membership) -> list[Entry]:
    """Return what the verifier has verified and validated, the newest first."""
    reports = _reports(membership).filter(verified_at__isnull=False).order_by("-verified_at")[:MOST]
    projects = (
        Project.objects.filter(validator=membership.organisation, validated_at__isnull=False)
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
    return sorted(entries, key=lambda entry: entry.since or _beginning(), reverse=True)


_ENTRIES: dict[str, Any] = {MINE: _mine, OPEN: _open, DONE: _done}
