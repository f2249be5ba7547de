"""What waits for the operator's people in the registry, what waits too long, and how the log stands."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.admin.access import is_operator
from ledger.admin.actions import Text
from ledger.admin.display import list_url, money, object_url, tonnes
from ledger.parties.models import Membership
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import LARGE
from ledger.transparency.models import Checkpoint, Record, UnsequencedRecord
from ledger.transparency.selectors import WitnessState, latest_checkpoint, witness_states
from ledger.workload import operators

SHOWN = 5
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

    `steps` are the names of the actions that decide it. `maker` names the field of who has entered what one of the same roles
    decides, `about` of whom it concerns: those wait for another. `also` are other roles that may take the step.
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
    about: str = ""
    also: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Whose step it is."""
        return (self.role, *self.also)

    def for_reader(self, reader: Membership) -> QuerySet[Any]:
        """Return what waits, without what the reader has entered, or is about them, and another must decide."""
        return operators.for_another(self.waiting, reader, self.roles, self.maker, self.about)


def queues(reader: Membership) -> list[Queue]:
    """Return what waits for the operator; what a treasurer entered waits for another, not for that one."""
    return [queue_for(line, reader) for line in lines()]


def queue_for(line: Line, reader: Membership) -> Queue:
    """Return the queue of a step as its reader sees it."""
    is_readers = is_operator(reader) and reader.role in line.roles
    return queue_of(line.title, line.for_reader(reader), line.all_url, line.describe, is_readers, line.days)


def lines() -> list[Line]:
    """Return every step of the registry and the ledger that waits for the operator."""
    return [line_of(queue, *_SHOWN[queue.kind]) for queue in operators.queues()]


def line_of(
    queue: operators.Queue, area: Text, text_of: Callable[[Any], str], related: tuple[str, ...], steps: tuple[str, ...]
) -> Line:
    """Return how the desk shows a queue: in which area, what it says of each, with which rows, and which steps decide it."""
    waiting = queue.waiting.select_related(*related) if related else queue.waiting
    waiting = waiting.defer(*_LEFT_OUT.get(queue.waiting.model, ()))
    return Line(
        area,
        queue.title,
        waiting.order_by(queue.since),
        list_url(queue.waiting.model, **queue.query),
        lambda each: (text_of(each), getattr(each, queue.since)),
        queue.role,
        queue.days,
        steps,
        queue.maker,
        queue.about,
        queue.also,
    )


# What is large, and not shown.
_LEFT_OUT: dict[type[Model], tuple[str, ...]] = {
    Project: tuple(LARGE),
    MonitoringReport: ("case", "sheet", "practices"),
}
# Of each queue: the area of the desk, what is said of each thing and which rows that needs, and the actions that decide it.
_SHOWN: dict[str, tuple[Text, Callable[[Any], str], tuple[str, ...], tuple[str, ...]]] = {
    "organisations_to_approve": (
        _("Organisations"),
        lambda each: f"{each} · {each.get_kind_display()}",
        (),
        ("approve",),
    ),
    "projects_to_register": (_("Projects"), str, (), ("register", "reject")),
    "withdrawals_to_decide": (
        _("Projects"),
        lambda each: f"{each} · {each.withdrawal_reason}",
        (),
        ("withdraw", "keep"),
    ),
    "renewals_to_decide": (_("Projects"), str, ("project",), ("grant", "refuse")),
    "reports_to_approve": (
        _("Reports"),
        lambda each: f"{each} · {tonnes(each.net_t)} t",
        ("project",),
        ("approve", "reject"),
    ),
    "reports_to_assign": (_("Reports"), str, ("project",), ("assign",)),
    "credits_to_issue": (_("Issuance"), lambda each: f"{each} · {tonnes(each.left_t)} t", ("project",), ("issue",)),
    "payouts_to_confirm": (
        _("Payouts"),
        lambda each: f"{each.cooperative} · {money(each.amount_fen)}",
        ("cooperative", "requested_by"),
        ("confirm-payout", "refuse-payout"),
    ),
    "payments_to_confirm": (
        _("Payments"),
        lambda each: f"{each} · {each.organisation} · {money(each.amount_fen)}",
        ("organisation", "requested_by"),
        ("confirm-deposit", "confirm-withdrawal", "refuse"),
    ),
    "corrections_to_confirm": (
        _("Corrections"),
        lambda each: f"{each} · {each.transaction} · {each.reason}",
        ("transaction", "requested_by"),
        ("confirm", "refuse"),
    ),
    "bank_accounts_to_confirm": (
        _("Payments"),
        lambda each: f"{each.organisation} · {each}",
        ("organisation", "requested_by"),
        ("confirm", "refuse"),
    ),
    "losses_to_confirm": (_("Reversals"), str, ("project", "reported_by"), ("confirm", "refuse")),
    "cancellations_to_confirm": (
        _("Cancellations"),
        lambda each: f"{each} · {each.batch} · {tonnes(each.quantity_t)} t",
        ("batch__asset", "requested_by"),
        ("confirm", "refuse"),
    ),
    "lifts_to_confirm": (
        _("Freezes"),
        lambda each: f"{each} · {each.lift_reason}",
        ("lift_requested_by",),
        ("confirm-lift", "refuse-lift"),
    ),
    "erasures_to_confirm": (
        _("People"),
        str,
        ("person", "household", "requested_by"),
        ("confirm", "refuse"),
    ),
    "resets_to_confirm": (_("People"), str, ("user", "requested_by"), ("confirm", "refuse")),
    "role_changes_to_confirm": (_("People"), str, ("person", "organisation", "proposed_by"), ("confirm", "refuse")),
    "invitations_to_confirm": (_("People"), str, ("organisation", "invited_by"), ("confirm", "withdraw")),
}


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
