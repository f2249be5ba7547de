"""Reconciliation at the desk: begin it, watch it, read what it has found."""

from dataclasses import dataclass
from typing import Any

import redis
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Text
from ledger.admin.confirmation import PARAMETER, confirmation_for, is_confirmed
from ledger.admin.runs import findings, trigger
from ledger.journal.runs import ReconciliationRun
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from trading.errors import WorkersOutOfReach
from trading.execution.runs import Progress, current_progress, request_run

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Status:
    """How reconciliation stands: what is under way, or why that is not known, and what the last runs have found."""

    progress: Progress | None
    problem: Text
    runs: list[ReconciliationRun]

    @property
    def newest(self) -> ReconciliationRun | None:
        return self.runs[0] if self.runs else None


def status(shown: int = SHOWN) -> Status:
    """Return how reconciliation stands."""
    runs = list(ReconciliationRun.objects.order_by("-id")[:shown])
    try:
        return Status(current_progress(), "", runs)
    except WorkersOutOfReach as error:
        return Status(None, str(error), runs)


def begin_if_confirmed(request: HttpRequest, reader: Membership) -> Text:
    """Have the books checked where the reader pressed the button; return what was in the way, or nothing.

    A second press finds the run of the first one.
    """
    try:
        if is_confirmed(request):
            request_run(log_name(reader))
            return ""
        progress = current_progress()
    except redis.RedisError:
        return WorkersOutOfReach.message
    except WorkersOutOfReach as error:
        return str(error)
    if progress is not None and progress.is_under_way:
        return ""
    return _("That button was pressed before, or stood there for too long. Nothing was begun: press this one.")


def page_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the page of reconciliation shows."""
    found = status()
    return {
        "title": gettext("Reconciliation"),
        "status": found,
        "findings": findings(found.newest) if found.newest else [],
        "begun_by": trigger(found.newest.triggered_by) if found.newest else "",
        "confirmation": confirmation_for(request),
        "parameter": PARAMETER,
        **progress_of(found.progress),
    }


def progress_of(progress: Progress | None) -> dict[str, Any]:
    """Return what the moving part of the page shows."""
    step = gettext(progress.step) if progress is not None and progress.step else ""
    return {"progress": progress, "step": step}
