"""What is due soon or overdue: looked for once a day, each told once. The exchange may add its own."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.reversals.models import Reversal
from ledger.credits.transfers.models import CreditTransfer
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import ACTING, REGISTRARS, Telling, Told
from ledger.notices.saying import in_both
from ledger.notices.telling import tell
from ledger.parties.models import Organisation
from ledger.projects.deadlines import due_on
from ledger.projects.judgements import Renewal
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.renewals import RENEWABLE

Report = MonitoringReport.Status
SOON = dt.timedelta(days=3)
TRANSFER_SOON = dt.timedelta(days=2)
OWED_SOON = dt.timedelta(days=30)
PERIOD_SOON = dt.timedelta(days=180)
BY_VERIFIER = (Report.SUBMITTED, Report.IN_VERIFICATION, Report.FINDINGS_ANSWERED)
BY_OPERATOR = (Report.VERIFIED, Report.APPROVED)
_OF_REPORT = ("report", {"code": "project", "report_id": "report_id"})
_OF_PROJECT = ("project", {"code": "project"})

Search = Callable[[dt.datetime, Collection[int] | None, dt.timedelta], Iterable[Telling]]
"""Finds what is due: now, for some organisations or all (None), and for how much longer before than usual one looks."""
_SEARCHES: list[Search] = []

add_kinds(
    NoticeKind(
        "report_due",
        Group.REGISTRY,
        _("The next step of the report %(vintage)s of %(name)s is yours, due on %(due_on)s"),
        "",
        Severity.ACTION,
        *_OF_REPORT,
    ),
    NoticeKind(
        "report_overdue",
        Group.REGISTRY,
        _("The next step of the report %(vintage)s of %(name)s was due on %(due_on)s"),
        _("It is yours, and others wait for it."),
        Severity.WARNING,
        *_OF_REPORT,
    ),
    NoticeKind(
        "credit_transfer_expiring",
        Group.CREDITS,
        _("The offer of %(quantity_t)s t by %(sender)s ends on %(expires_at)s"),
        _("Accept or decline before."),
        Severity.ACTION,
        "transfer",
        {"public_id": "credit_transfer"},
    ),
    NoticeKind(
        "reversal_due",
        Group.CREDITS,
        _("%(name)s owes credits for a loss, due on %(due_on)s"),
        _("Make up for the loss by cancelling credits."),
        Severity.WARNING,
        "reversal",
        {"public_id": "reversal"},
    ),
    NoticeKind(
        "crediting_ends",
        Group.REGISTRY,
        _("The crediting period of %(name)s ends on %(due_on)s"),
        _("A renewal can be asked for in its last year."),
        Severity.ACTION,
        *_OF_PROJECT,
    ),
)


def add_search(search: Search) -> Search:
    """Have something looked for as well."""
    _SEARCHES.append(search)
    return search


def tell_deadlines(now: dt.datetime | None = None) -> int:
    """Tell of what is due soon or overdue, and return how many notices are new. Done twice a day, nothing is told twice."""
    return tell(list(what_is_due(now or timezone.now())))


def what_is_due(
    now: dt.datetime, organisations: Collection[int] | None = None, ahead: dt.timedelta = dt.timedelta(0)
) -> Iterable[Telling]:
    """Yield what is due soon or overdue, of some organisations or all, looking ahead for longer where asked to."""
    for search in _SEARCHES:
        for telling in search(now, organisations, ahead):
            if organisations is None or telling.to.organisation_id in organisations:
                yield telling


@add_search
def _reports(now: dt.datetime, organisations: Collection[int] | None, ahead: dt.timedelta) -> Iterable[Telling]:
    waiting = Q()
    for status, days in settings.REPORT_TARGET_DAYS.items():
        waiting |= Q(
            status=status, status_since__lt=now + SOON + ahead + dt.timedelta(days=1) - dt.timedelta(days=days)
        )
    found = (
        MonitoringReport.objects.filter(waiting)
        .select_related("project")
        .only(
            *("vintage", "status", "status_since", "verifier_id", "project__number", "project__province_code"),
            *("project__name", "project__name_en", "project__proponent_id"),
        )
        .order_by("pk")
    )
    if organisations is not None:
        found = found.filter(Q(verifier__in=organisations) | Q(project__proponent__in=organisations))
    today = timezone.localdate(now)
    operators = _operators()
    for report in found:
        due = due_on(report)
        if due is None or due > today + SOON + ahead:
            continue
        is_over = due < today
        said = {
            "name": in_both(report.project),
            "project": report.project.code,
            "report_id": report.pk,
            "vintage": str(report.vintage),
            "due_on": str(due),
        }
        kind = "report_overdue" if is_over else "report_due"
        key = f"{kind}:{report.pk}:{report.status}:{due}"
        for told in _whose_step(report, operators):
            yield Telling(kind, told, said, now, "", key)


def _operators() -> list[int]:
    return list(Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).values_list("pk", flat=True))


def _whose_step(report: MonitoringReport, operators: list[int]) -> list[Told]:
    if report.status in BY_OPERATOR:
        return [Told(operator, REGISTRARS) for operator in operators]
    if report.status in BY_VERIFIER and report.verifier_id is not None:
        return [Told(report.verifier_id, ACTING)]
    return [Told(report.project.proponent_id, ACTING)]


@add_search
def _transfers(now: dt.datetime, organisations: Collection[int] | None, ahead: dt.timedelta) -> Iterable[Telling]:
    found = CreditTransfer.objects.filter(
        state=CreditTransfer.State.OFFERED, expires_at__gt=now, expires_at__lte=now + TRANSFER_SOON + ahead
    ).select_related("sender")
    if organisations is not None:
        found = found.filter(recipient__in=organisations)
    for transfer in found.order_by("pk"):
        said = {
            "credit_transfer": str(transfer.public_id),
            "sender": in_both(transfer.sender),
            "quantity_t": transfer.quantity_t,
            "expires_at": transfer.expires_at.isoformat(),
        }
        key = f"expiring:{transfer.public_id}"
        yield Telling("credit_transfer_expiring", Told(transfer.recipient_id, ACTING), said, now, "", key)


@add_search
def _owed(now: dt.datetime, organisations: Collection[int] | None, ahead: dt.timedelta) -> Iterable[Telling]:
    today = timezone.localdate(now)
    found = Reversal.objects.filter(
        state=Reversal.State.CONFIRMED, owed_t__gt=0, due_on__lte=today + OWED_SOON + ahead
    ).select_related("project")
    if organisations is not None:
        found = found.filter(project__proponent__in=organisations)
    for reversal in found.order_by("pk"):
        assert reversal.due_on is not None
        stage = (
            "over"
            if reversal.due_on < today
            else "week"
            if reversal.due_on <= today + dt.timedelta(days=7)
            else "month"
        )
        said = {
            "reversal": str(reversal.public_id),
            "name": in_both(reversal.project),
            "due_on": str(reversal.due_on),
        }
        key = f"owed:{reversal.public_id}:{stage}"
        yield Telling("reversal_due", Told(reversal.project.proponent_id, ACTING), said, now, "", key)


@add_search
def _periods(now: dt.datetime, organisations: Collection[int] | None, ahead: dt.timedelta) -> Iterable[Telling]:
    today = timezone.localdate(now)
    found = Project.objects.filter(
        status__in=RENEWABLE,
        withdrawal_asked_at__isnull=True,
        crediting_ends_on__gte=today,
        crediting_ends_on__lte=today + PERIOD_SOON + ahead,
    ).exclude(pk__in=Renewal.objects.filter(status__in=Renewal.OPEN).values("project"))
    if organisations is not None:
        found = found.filter(proponent__in=organisations)
    for project in found.only(
        "number", "province_code", "name", "name_en", "proponent_id", "crediting_ends_on"
    ).order_by("pk"):
        said = {"project": project.code, "name": in_both(project), "due_on": str(project.crediting_ends_on)}
        key = f"period:{project.pk}:{project.crediting_ends_on}"
        yield Telling("crediting_ends", Told(project.proponent_id, ACTING), said, now, "", key)
