"""What waits for the operator's people in the registry, what waits too long, and how the log stands."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Text
from ledger.admin.display import list_url, money, object_url, tonnes
from ledger.credits.cancellations.models import CancellationOrder
from ledger.credits.reversals.models import Reversal
from ledger.journal.models import Correction, Payment, Payout
from ledger.parties.models import Membership, Organisation
from ledger.projects.judgements import Renewal
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import LARGE
from ledger.transparency.models import Checkpoint, Record, UnsequencedRecord
from ledger.transparency.selectors import WitnessState, latest_checkpoint, witness_states

SHOWN = 5
REGISTRAR, TREASURER = Membership.Role.REGISTRAR, Membership.Role.TREASURER
LATE_RECORD = dt.timedelta(minutes=1)
"""The sequencer comes every second."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a step: what it is, and since when."""

    url: str
    text: str
    since: dt.datetime | None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait for the same step: how many, the oldest of them, and whether the step is the reader's."""

    title: Text
    count: int
    oldest: list[Waiting]
    all_url: str
    is_readers: bool
    days: int

    @property
    def late(self) -> list[Waiting]:
        """Those of the oldest that have waited for longer than they should."""
        return [waiting for waiting in self.oldest if waiting.is_late]


@dataclass(frozen=True, slots=True)
class LogState:
    """How the log stands: its newest checkpoint, what waits for its place and since when, and its witnesses."""

    checkpoint: Checkpoint | None
    waiting: int
    oldest_waiting_at: dt.datetime | None
    witnesses: list[WitnessState]

    @property
    def is_late(self) -> bool:
        """Whether a record waits for longer than the sequencer should let it."""
        return self.oldest_waiting_at is not None and timezone.now() - self.oldest_waiting_at > LATE_RECORD


@dataclass(frozen=True, slots=True)
class Line:
    """A step that waits for one of the operator's roles: in which area, for what, and how long it may take.

    `steps` are the names of the actions that decide it. `maker` names the field of who has entered what one of the same role
    decides: that person waits for another.
    """

    area: Text
    title: Text
    waiting: QuerySet[Any]
    all_url: str
    describe: Callable[[Any], tuple[str, dt.datetime | None]]
    role: str
    days: int
    steps: tuple[str, ...] = ()
    maker: str = ""

    def for_reader(self, reader: Membership) -> QuerySet[Any]:
        """Return what waits, without what the reader has entered and another must decide."""
        if self.maker and reader.role == self.role:
            return self.waiting.exclude(**{self.maker: reader.user})
        return self.waiting


def queues(reader: Membership) -> list[Queue]:
    """Return what waits for the operator; what a treasurer entered waits for another, not for that one."""
    return [queue_for(line, reader) for line in lines()]


def queue_for(line: Line, reader: Membership) -> Queue:
    """Return the queue of a step as its reader sees it."""
    is_readers = reader.role == line.role
    return queue_of(line.title, line.for_reader(reader), line.all_url, line.describe, is_readers, line.days)


def lines() -> list[Line]:
    """Return every step of the registry and the ledger that waits for the operator."""
    return [*_of_the_registry(), *_of_the_reports(), *_of_the_money(), *_of_the_credits()]


def _of_the_registry() -> list[Line]:
    return [
        Line(
            _("Organisations"),
            _("Organisations to approve"),
            Organisation.objects.filter(status=Organisation.Status.APPLIED).order_by("created_at"),
            list_url(Organisation, status__exact=Organisation.Status.APPLIED),
            lambda each: (f"{each} · {each.get_kind_display()}", each.created_at),
            REGISTRAR,
            7,
            ("approve",),
        ),
        Line(
            _("Projects"),
            _("Projects to register"),
            Project.objects.filter(status=Project.Status.VALIDATED).defer(*LARGE).order_by("validated_at"),
            list_url(Project, status__exact=Project.Status.VALIDATED),
            lambda each: (str(each), each.validated_at),
            REGISTRAR,
            14,
            ("register", "reject"),
        ),
        Line(
            _("Projects"),
            _("Withdrawals to decide"),
            Project.objects.filter(withdrawal_asked_at__isnull=False).defer(*LARGE).order_by("withdrawal_asked_at"),
            list_url(Project, withdrawal_asked_at__isnull=False),
            lambda each: (f"{each} · {each.withdrawal_reason}", each.withdrawal_asked_at),
            REGISTRAR,
            14,
            ("withdraw", "keep"),
        ),
        Line(
            _("Projects"),
            _("Renewals to decide"),
            Renewal.objects.filter(status=Renewal.Status.ASSESSED).select_related("project").order_by("assessed_at"),
            list_url(Renewal, status__exact=Renewal.Status.ASSESSED),
            lambda each: (str(each), each.assessed_at),
            REGISTRAR,
            14,
            ("grant", "refuse"),
        ),
    ]


def _of_the_reports() -> list[Line]:
    reports = MonitoringReport.objects.select_related("project").defer("case", "sheet", "practices")
    return [
        Line(
            _("Reports"),
            _("Reports to approve"),
            reports.filter(status=MonitoringReport.Status.VERIFIED).order_by("verified_at"),
            list_url(MonitoringReport, status__exact=MonitoringReport.Status.VERIFIED),
            lambda each: (f"{each} · {tonnes(each.net_t)} t", each.verified_at),
            REGISTRAR,
            settings.REPORT_TARGET_DAYS["verified"],
            ("approve", "reject"),
        ),
        Line(
            _("Reports"),
            _("Reports without a verifier"),
            reports.filter(status=MonitoringReport.Status.SUBMITTED, verifier=None).order_by("status_since"),
            list_url(MonitoringReport, status__exact=MonitoringReport.Status.SUBMITTED),
            lambda each: (str(each), each.status_since),
            REGISTRAR,
            settings.REPORT_TARGET_DAYS["submitted"],
            ("assign",),
        ),
        Line(
            _("Issuance"),
            _("Credits to issue"),
            reports.filter(status=MonitoringReport.Status.APPROVED).order_by("approved_at"),
            list_url(MonitoringReport, status__exact=MonitoringReport.Status.APPROVED),
            lambda each: (f"{each} · {tonnes(each.left_t)} t", each.approved_at),
            REGISTRAR,
            settings.REPORT_TARGET_DAYS["approved"],
            ("issue",),
        ),
    ]


def _of_the_money() -> list[Line]:
    payouts = Payout.objects.filter(status=Payout.Status.REQUESTED).select_related("cooperative", "requested_by")
    payments = Payment.objects.filter(status=Payment.Status.REQUESTED).select_related("organisation", "requested_by")
    corrections = Correction.objects.filter(status=Correction.Status.REQUESTED)
    return [
        Line(
            _("Payouts"),
            _("Payouts to households to confirm"),
            payouts.order_by("requested_at"),
            list_url(Payout, status__exact=Payout.Status.REQUESTED),
            lambda each: (f"{each.cooperative} · {money(each.amount_fen)}", each.requested_at),
            TREASURER,
            3,
            ("confirm-payout", "refuse-payout"),
            "requested_by",
        ),
        Line(
            _("Payments"),
            _("Payments for a second treasurer"),
            payments.order_by("requested_at"),
            list_url(Payment, status__exact=Payment.Status.REQUESTED),
            lambda each: (f"{each} · {each.organisation} · {money(each.amount_fen)}", each.requested_at),
            TREASURER,
            2,
            ("confirm-deposit", "confirm-withdrawal", "refuse"),
            "requested_by",
        ),
        Line(
            _("Corrections"),
            _("Corrections for a second treasurer"),
            corrections.select_related("transaction", "requested_by").order_by("requested_at"),
            list_url(Correction, status__exact=Correction.Status.REQUESTED),
            lambda each: (f"{each} · {each.transaction} · {each.reason}", each.requested_at),
            TREASURER,
            2,
            ("confirm", "refuse"),
            "requested_by",
        ),
    ]


def _of_the_credits() -> list[Line]:
    ordered = CancellationOrder.objects.filter(status=CancellationOrder.Status.REQUESTED)
    reversals = Reversal.objects.filter(state=Reversal.State.REPORTED).select_related("project", "reported_by")
    return [
        Line(
            _("Reversals"),
            _("Losses to confirm"),
            reversals.order_by("reported_at"),
            list_url(Reversal, state__exact=Reversal.State.REPORTED),
            lambda each: (str(each), each.reported_at),
            REGISTRAR,
            14,
            ("confirm", "refuse"),
            "reported_by",
        ),
        Line(
            _("Cancellations"),
            _("Cancellations for a second registrar"),
            ordered.select_related("batch__asset", "requested_by").order_by("requested_at"),
            list_url(CancellationOrder, status__exact=CancellationOrder.Status.REQUESTED),
            lambda each: (f"{each} · {each.batch} · {tonnes(each.quantity_t)} t", each.requested_at),
            REGISTRAR,
            2,
            ("confirm", "refuse"),
            "requested_by",
        ),
    ]


def queue_of(
    title: Text,
    waiting: QuerySet[Any],
    all_url: str,
    describe: Callable[[Any], tuple[str, dt.datetime | None]],
    is_readers: bool,
    days: int,
) -> Queue:
    """Return a queue of what waits, the oldest first; what has waited for more than so many days is late."""
    limit = timezone.now() - dt.timedelta(days=days)

    def entry(each: Any) -> Waiting:
        text, since = describe(each)
        return Waiting(object_url(each), text, since, is_late=since is not None and since < limit)

    oldest = [entry(each) for each in waiting[:SHOWN]]
    count = waiting.count() if len(oldest) == SHOWN else len(oldest)
    return Queue(title, count, oldest, all_url, is_readers, days)


def log_state() -> LogState:
    """Return the newest checkpoint, what waits for its place in the log, and the witnesses."""
    waiting = UnsequencedRecord.objects.aggregate(count=Count("pk"), oldest=Min("pk"))
    oldest = None
    if waiting["count"]:
        oldest = Record.objects.filter(pk=waiting["oldest"]).values_list("created_at", flat=True).first()
    return LogState(latest_checkpoint(), waiting["count"], oldest, witness_states())
