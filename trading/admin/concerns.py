"""What somebody should look at: all that is broken, stands still, or has been open for too long."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Text
from ledger.admin.desk import LogState, Queue
from ledger.admin.display import list_url, object_url
from ledger.journal.runs import ReconciliationRun
from ledger.transparency.models import Record
from trading.execution.shards import silent_shards
from trading.markets.models import Market

LATE_INSTRUCTION = dt.timedelta(seconds=30)
"""No batch takes as long: the market's worker is gone, or an instruction cannot be executed."""
LATE_RUN = dt.timedelta(hours=26)
"""Reconciliation runs each night."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing to look at: where, what it is, which one, and since when."""

    url: str
    what: Text
    which: str
    since: dt.datetime | None


def concerns(
    queues: Iterable[Queue], log: LogState, markets: Iterable[Market], runs: Sequence[ReconciliationRun]
) -> list[Concern]:
    """Return what somebody should look at, the gravest first."""
    return [*_of_runs(runs), *_of_log(log), *_of_markets(markets), *_of_queues(queues)]


def _of_runs(runs: Sequence[ReconciliationRun]) -> Iterator[Concern]:
    url = reverse("admin:reconcile")
    if not runs:
        yield Concern(url, _("The books have never been reconciled"), "", None)
    elif not runs[0].holds:
        yield Concern(url, _("The books do not reconcile"), "", runs[0].finished_at)
    elif runs[0].finished_at < timezone.now() - LATE_RUN:
        yield Concern(url, _("The books were not reconciled last night"), "", runs[0].finished_at)


def _of_log(log: LogState) -> Iterator[Concern]:
    if log.is_late:
        yield Concern(
            list_url(Record), _("The log stands still: records wait"), str(log.waiting), log.oldest_waiting_at
        )
    for witness in log.witnesses:
        if witness.behind and log.checkpoint is not None:
            yield Concern(witness.url, _("A witness is behind"), witness.name, witness.cosigned_at)


def _of_markets(markets: Iterable[Market]) -> Iterator[Concern]:
    limit = timezone.now() - LATE_INSTRUCTION
    for market in markets:
        since: dt.datetime | None = market.oldest_waiting_at  # type: ignore[attr-defined]
        if market.state == Market.State.HALTED:
            yield Concern(object_url(market), _("Halted market"), f"{market} · {market.halt_reason}", None)
        if since is not None and since < limit:
            yield Concern(object_url(market), _("The market stands still: instructions wait"), str(market), since)
    for shard in silent_shards():
        yield Concern(list_url(Market), _("No worker takes what its markets have to do: shard"), str(shard), None)


def _of_queues(queues: Iterable[Queue]) -> Iterator[Concern]:
    for queue in queues:
        for waiting in queue.late:
            yield Concern(waiting.url, queue.title, waiting.text, waiting.since)
