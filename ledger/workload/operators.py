"""What waits for the operator's people: a task a queue, with how many wait in it and since when the oldest; and for auditors."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
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
from ledger.incidents.models import Incident
from ledger.incidents.services import ROLES as DECIDERS
from ledger.journal.bank.models import BankAccount
from ledger.journal.models import Correction, Payment, Payout
from ledger.journal.runs import ReconciliationRun
from ledger.parties.invitations import invitations_in
from ledger.parties.models import Invitation, Membership, Organisation, RoleChange
from ledger.parties.security.models import FactorReset
from ledger.personal.models import Erasure
from ledger.projects.judgements import Renewal
from ledger.projects.models import MonitoringReport, Project
from ledger.workload.tasks import Task

OWNER, REGISTRAR, TREASURER = Membership.Role.OWNER, Membership.Role.REGISTRAR, Membership.Role.TREASURER


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait for the same step of the same people: what they are (`title`), and what is to be done (`task`).

    `since` names the field that says since when each waits, `days` how many it may take, `query` the filter of the desk's list of
    them. `maker` names the field of who has entered what one of the same roles decides: that person waits for another; `about` the
    field of whom it concerns, who may not decide it either. `also` are other roles that may take the step.
    """

    kind: str
    title: str | Promise
    task: str | Promise
    waiting: QuerySet[Any]
    since: str
    role: Membership.Role
    days: int
    query: Mapping[str, str]
    maker: str = ""
    about: str = ""
    also: tuple[Membership.Role, ...] = ()

    @property
    def roles(self) -> tuple[Membership.Role, ...]:
        """Whose step it is."""
        return (self.role, *self.also)

    def for_reader(self, reader: Membership) -> QuerySet[Any]:
        """Return what waits, without what the reader has entered, or is about them, and another must decide."""
        return for_another(self.waiting, reader, self.roles, self.maker, self.about)


def for_another(waiting: QuerySet[Any], reader: Membership, roles: Iterable[str], *people: str) -> QuerySet[Any]:
    """Return what waits, without what one of the deciding roles may not decide: fields (`people`) that name the reader."""
    if reader.role in roles:
        for field in filter(None, people):
            waiting = waiting.exclude(**{field: reader.user})
    return waiting


def queues() -> Iterator[Queue]:
    """Yield every step of the registry and the ledger that waits for the operator, in the order of the desk."""
    yield from _of_the_registry()
    yield from _of_the_reports()
    yield from _of_the_money()
    yield from _of_the_credits()
    yield from _of_the_house()


def desk_tasks(reader: Membership) -> Iterator[Task]:
    """Yield a task for each queue of the registry and the ledger in which anything waits. In one query."""
    return tasks_of_queues(queues(), reader)


def tasks_of_queues(found: Iterable[Queue], reader: Membership) -> Iterator[Task]:
    """Yield a task for each queue in which anything waits for another than who has entered it. In one query."""
    by_kind = {queue.kind: queue for queue in found}
    counted = [_counted(queue, reader) for queue in by_kind.values()]
    rows = counted[0].union(*counted[1:], all=True) if len(counted) > 1 else counted[0]
    waiting = {kind: (count, oldest) for kind, count, oldest in rows if count}
    for kind, queue in by_kind.items():
        if kind in waiting:
            yield queue_task(queue, *waiting[kind])


def queue_task(queue: Queue, count: int, oldest: dt.datetime | None) -> Task:
    """Return the task of a queue: due so many days after the oldest has begun to wait."""
    names = queue.waiting.model._meta
    due_on = None if oldest is None else timezone.localdate(oldest) + dt.timedelta(days=queue.days)
    return Task(
        queue.kind,
        queue.task,
        "",
        f"admin:{names.app_label}_{names.model_name}_changelist",
        query=queue.query,
        roles=queue.roles,
        since=oldest,
        due_on=due_on,
        count=count,
    )


def _counted(queue: Queue, reader: Membership) -> QuerySet[Any]:
    counted: QuerySet[Any] = (
        queue.for_reader(reader)
        .order_by()
        .annotate(
            queue=Value(queue.kind, output_field=CharField()),
            waiting_since=models.ExpressionWrapper(models.F(queue.since), output_field=DateTimeField()),
        )
        .values("queue")
        .annotate(count=Count("pk"), oldest=Min("waiting_since"))
        .values_list("queue", "count", "oldest")
    )
    return counted


def _of_the_registry() -> Iterator[Queue]:
    yield Queue(
        "organisations_to_approve",
        _("Organisations to approve"),
        _("Decide about organisations that apply"),
        Organisation.objects.filter(status=Organisation.Status.APPLIED),
        "created_at",
        REGISTRAR,
        7,
        {"status__exact": Organisation.Status.APPLIED},
    )
    yield Queue(
        "projects_to_register",
        _("Projects to register"),
        _("Register the projects that are validated"),
        Project.objects.filter(status=Project.Status.VALIDATED),
        "validated_at",
        REGISTRAR,
        14,
        {"status__exact": Project.Status.VALIDATED},
    )
    yield Queue(
        "withdrawals_to_decide",
        _("Withdrawals to decide"),
        _("Decide about projects that want to be withdrawn"),
        Project.objects.filter(withdrawal_asked_at__isnull=False),
        "withdrawal_asked_at",
        REGISTRAR,
        14,
        {"withdrawal_asked_at__isnull": "False"},
    )
    yield Queue(
        "renewals_to_decide",
        _("Renewals to decide"),
        _("Decide about renewals"),
        Renewal.objects.filter(status=Renewal.Status.ASSESSED),
        "assessed_at",
        REGISTRAR,
        14,
        {"status__exact": Renewal.Status.ASSESSED},
    )


def _of_the_reports() -> Iterator[Queue]:
    status, reports, days = MonitoringReport.Status, MonitoringReport.objects, settings.REPORT_TARGET_DAYS
    yield Queue(
        "reports_to_approve",
        _("Reports to approve"),
        _("Approve the reports that are verified"),
        reports.filter(status=status.VERIFIED),
        "verified_at",
        REGISTRAR,
        days["verified"],
        {"status__exact": status.VERIFIED},
    )
    yield Queue(
        "reports_to_assign",
        _("Reports without a verifier"),
        _("Find a verifier for the reports that have none"),
        reports.filter(status=status.SUBMITTED, verifier=None),
        "status_since",
        REGISTRAR,
        days["submitted"],
        {"status__exact": status.SUBMITTED},
    )
    yield Queue(
        "credits_to_issue",
        _("Credits to issue"),
        _("Issue credits of the reports that are approved"),
        reports.filter(status=status.APPROVED),
        "approved_at",
        REGISTRAR,
        days["approved"],
        {"status__exact": status.APPROVED},
    )


def _of_the_money() -> Iterator[Queue]:
    yield Queue(
        "payouts_to_confirm",
        _("Payouts to households to confirm"),
        _("Confirm payouts to households"),
        Payout.objects.filter(status=Payout.Status.REQUESTED),
        "requested_at",
        TREASURER,
        3,
        {"status__exact": Payout.Status.REQUESTED},
        "requested_by",
    )
    yield Queue(
        "payments_to_confirm",
        _("Payments for a second treasurer"),
        _("Confirm payments as second treasurer"),
        Payment.objects.filter(status=Payment.Status.REQUESTED),
        "requested_at",
        TREASURER,
        2,
        {"status__exact": Payment.Status.REQUESTED},
        "requested_by",
    )
    yield Queue(
        "corrections_to_confirm",
        _("Corrections for a second treasurer"),
        _("Confirm corrections as second treasurer"),
        Correction.objects.filter(status=Correction.Status.REQUESTED),
        "requested_at",
        TREASURER,
        2,
        {"status__exact": Correction.Status.REQUESTED},
        "requested_by",
    )
    yield Queue(
        "bank_accounts_to_confirm",
        _("Bank accounts for a second treasurer"),
        _("Confirm bank accounts as second treasurer"),
        BankAccount.objects.filter(status=BankAccount.Status.REQUESTED),
        "requested_at",
        TREASURER,
        3,
        {"status__exact": BankAccount.Status.REQUESTED},
        "requested_by",
    )


def _of_the_credits() -> Iterator[Queue]:
    yield Queue(
        "losses_to_confirm",
        _("Losses to confirm"),
        _("Confirm losses that were reported"),
        Reversal.objects.filter(state=Reversal.State.REPORTED),
        "reported_at",
        REGISTRAR,
        14,
        {"state__exact": Reversal.State.REPORTED},
        "reported_by",
    )
    yield Queue(
        "cancellations_to_confirm",
        _("Cancellations for a second registrar"),
        _("Confirm cancellations as second registrar"),
        CancellationOrder.objects.filter(status=CancellationOrder.Status.REQUESTED),
        "requested_at",
        REGISTRAR,
        2,
        {"status__exact": CancellationOrder.Status.REQUESTED},
        "requested_by",
    )


def _of_the_house() -> Iterator[Queue]:
    """Yield what opens again what was shut, and what concerns the people themselves: each entered by one, decided by another."""
    yield Queue(
        "lifts_to_confirm",
        _("Freezes to lift"),
        _("Lift a freeze as second person"),
        Incident.objects.filter(lifted_at=None, lift_requested_at__isnull=False),
        "lift_requested_at",
        REGISTRAR,
        1,
        {"lifted_at__isnull": "True", "lift_requested_at__isnull": "False"},
        "lift_requested_by",
        also=tuple(role for role in DECIDERS if role != REGISTRAR),
    )
    yield Queue(
        "erasures_to_confirm",
        _("Erasures of personal data"),
        _("Decide about erasures of personal data"),
        Erasure.objects.filter(status=Erasure.Status.REQUESTED),
        "requested_at",
        REGISTRAR,
        14,
        {"status__exact": Erasure.Status.REQUESTED},
        "requested_by",
        "person",
        (OWNER,),
    )
    yield Queue(
        "resets_to_confirm",
        _("Resets of second factors"),
        _("Decide about resets of second factors"),
        FactorReset.objects.filter(status=FactorReset.Status.REQUESTED),
        "requested_at",
        REGISTRAR,
        2,
        {"status__exact": FactorReset.Status.REQUESTED},
        "requested_by",
        "user",
        (OWNER,),
    )
    yield Queue(
        "role_changes_to_confirm",
        _("Changes among the operator's people"),
        _("Decide about changes among the operator's people"),
        RoleChange.objects.filter(state=RoleChange.State.PROPOSED),
        "proposed_at",
        OWNER,
        7,
        {"state__exact": RoleChange.State.PROPOSED},
        "proposed_by",
        "person",
        (REGISTRAR,),
    )
    yield Queue(
        "invitations_to_confirm",
        _("Invitations to the operator"),
        _("Confirm an invitation to the operator as second person"),
        invitations_in(Invitation.objects.all(), Invitation.State.WAITING),
        "invited_at",
        OWNER,
        2,
        {"state": Invitation.State.WAITING},
        "invited_by",
        also=(REGISTRAR,),
    )


def reconciliation_tasks(reader: Membership) -> Iterator[Task]:
    """Yield that the books do not reconcile, where the newest run has found so."""
    newest = ReconciliationRun.objects.order_by("-id").values_list("holds", "finished_at").first()
    if newest is not None and not newest[0]:
        title = _("Find out why the books do not reconcile")
        yield Task("books_to_examine", title, "", "admin:reconcile", roles=(), since=newest[1])
