"""What waits for the operator's people: a task a queue, with how many wait in it and since when the oldest; and for auditors."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import CharField, Count, DateTimeField, Min, QuerySet, Value
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.models import CancellationOrder
from ledger.credits.reversals.models import Reversal
from ledger.journal.models import Correction, Payment, Payout
from ledger.journal.runs import ReconciliationRun
from ledger.parties.models import Membership, Organisation
from ledger.projects.judgements import Renewal
from ledger.projects.models import MonitoringReport, Project
from ledger.workload.tasks import Task

REGISTRAR, TREASURER = Membership.Role.REGISTRAR, Membership.Role.TREASURER


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait for the same step of the same people: which, since when each, and how many days it may take."""

    kind: str
    title: str | Promise
    waiting: QuerySet[Any]
    since: str
    role: Membership.Role
    days: int
    query: Mapping[str, str]


def desk_tasks(reader: Membership) -> Iterator[Task]:
    """Yield a task for each queue of the registry in which anything waits. In one query, however many there are.

    What one treasurer or registrar has entered waits for another, not for that one.
    """
    queues = {queue.kind: queue for queue in _queues(reader)}
    counted = [_counted(queue) for queue in queues.values()]
    rows = counted[0].union(*counted[1:], all=True)
    found = {kind: (count, oldest) for kind, count, oldest in rows if count}
    for kind, queue in queues.items():
        if kind in found:
            yield queue_task(queue, *found[kind])


def queue_task(queue: Queue, count: int, oldest: dt.datetime | None) -> Task:
    """Return the task of a queue: due so many days after the oldest has begun to wait."""
    names = queue.waiting.model._meta
    due_on = None if oldest is None else timezone.localdate(oldest) + dt.timedelta(days=queue.days)
    return Task(
        queue.kind,
        queue.title,
        "",
        f"admin:{names.app_label}_{names.model_name}_changelist",
        query=queue.query,
        roles=(queue.role,),
        since=oldest,
        due_on=due_on,
        count=count,
    )


def _counted(queue: Queue) -> QuerySet[Any]:
    counted: QuerySet[Any] = (
        queue.waiting.order_by()
        .annotate(
            queue=Value(queue.kind, output_field=CharField()),
            waiting_since=models.ExpressionWrapper(models.F(queue.since), output_field=DateTimeField()),
        )
        .values("queue")
        .annotate(count=Count("pk"), oldest=Min("waiting_since"))
        .values_list("queue", "count", "oldest")
    )
    return counted


def _queues(reader: Membership) -> Iterator[Queue]:
    yield from _of_organisations()
    yield from _of_projects()
    yield from _of_reports()
    yield from _of_money(reader)
    yield from _of_credits(reader)


def _of_organisations() -> Iterator[Queue]:
    applied = Organisation.Status.APPLIED
    found = Organisation.objects.filter(status=applied)
    title = _("Decide about organisations that apply")
    yield Queue("organisations_to_approve", title, found, "created_at", REGISTRAR, 7, {"status__exact": applied})


def _of_projects() -> Iterator[Queue]:
    validated = Project.Status.VALIDATED
    found = Project.objects.filter(status=validated)
    title = _("Register the projects that are validated")
    yield Queue("projects_to_register", title, found, "validated_at", REGISTRAR, 14, {"status__exact": validated})
    leaving = Project.objects.filter(withdrawal_asked_at__isnull=False)
    yield Queue(
        "withdrawals_to_decide",
        _("Decide about projects that want to be withdrawn"),
        leaving,
        "withdrawal_asked_at",
        REGISTRAR,
        14,
        {"withdrawal_asked_at__isnull": "False"},
    )
    assessed = Renewal.Status.ASSESSED
    renewals = Renewal.objects.filter(status=assessed)
    title = _("Decide about renewals")
    yield Queue("renewals_to_decide", title, renewals, "assessed_at", REGISTRAR, 14, {"status__exact": assessed})


def _of_reports() -> Iterator[Queue]:
    status, reports, days = MonitoringReport.Status, MonitoringReport.objects, settings.REPORT_TARGET_DAYS
    for kind, title, found, state, since in (
        (
            "reports_to_assign",
            _("Find a verifier for the reports that have none"),
            reports.filter(status=status.SUBMITTED, verifier=None),
            status.SUBMITTED,
            "status_since",
        ),
        (
            "reports_to_approve",
            _("Approve the reports that are verified"),
            reports.filter(status=status.VERIFIED),
            status.VERIFIED,
            "verified_at",
        ),
        (
            "credits_to_issue",
            _("Issue credits of the reports that are approved"),
            reports.filter(status=status.APPROVED),
            status.APPROVED,
            "approved_at",
        ),
    ):
        yield Queue(kind, title, found, since, REGISTRAR, days[str(state)], {"status__exact": state})


def _of_money(reader: Membership) -> Iterator[Queue]:
    payments = Payment.objects.filter(status=Payment.Status.REQUESTED)
    corrections = Correction.objects.filter(status=Correction.Status.REQUESTED)
    if reader.role == TREASURER:
        payments = payments.exclude(requested_by=reader.user)
        corrections = corrections.exclude(requested_by=reader.user)
    requested = {"status__exact": Payment.Status.REQUESTED}
    title = _("Confirm payments as second treasurer")
    yield Queue("payments_to_confirm", title, payments, "requested_at", TREASURER, 2, requested)
    payouts = Payout.objects.filter(status=Payout.Status.REQUESTED)
    title = _("Confirm payouts to households")
    yield Queue("payouts_to_confirm", title, payouts, "requested_at", TREASURER, 3, requested)
    title = _("Confirm corrections as second treasurer")
    yield Queue("corrections_to_confirm", title, corrections, "requested_at", TREASURER, 2, requested)


def _of_credits(reader: Membership) -> Iterator[Queue]:
    losses = Reversal.objects.filter(state=Reversal.State.REPORTED)
    ordered = CancellationOrder.objects.filter(status=CancellationOrder.Status.REQUESTED)
    if reader.role == REGISTRAR:
        losses = losses.exclude(reported_by=reader.user)
        ordered = ordered.exclude(requested_by=reader.user)
    title = _("Confirm losses that were reported")
    reported = {"state__exact": Reversal.State.REPORTED}
    yield Queue("losses_to_confirm", title, losses, "reported_at", REGISTRAR, 14, reported)
    title = _("Confirm cancellations as second registrar")
    requested = {"status__exact": CancellationOrder.Status.REQUESTED}
    yield Queue("cancellations_to_confirm", title, ordered, "requested_at", REGISTRAR, 2, requested)


def reconciliation_tasks(reader: Membership) -> Iterator[Task]:
    """Yield that the books do not reconcile, where the newest run has found so."""
    newest = ReconciliationRun.objects.order_by("-id").values_list("holds", "finished_at").first()
    if newest is not None and not newest[0]:
        title = _("Find out why the books do not reconcile")
        yield Task("books_to_examine", title, "", "admin:reconcile", roles=(), since=newest[1])
