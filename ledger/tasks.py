"""The registry's Celery tasks."""

from celery import shared_task
from django.utils import timezone

from ledger.credits.sharing import distributing
from ledger.credits.transfers import services as transfers
from ledger.idempotency.services import sweep_answers
from ledger.projects import lifecycle
from ledger.projects.documents import store
from ledger.registry.dumps import write_dump
from ledger.registry.imports import services as imports
from ledger.registry.places import refresh_places
from ledger.registry.totals import refresh_totals
from ledger.transparency import cosigning, sequencer


@shared_task
def sequence_log() -> None:
    """Bring waiting records into the log."""
    sequencer.sequence_log()


@shared_task
def expire_transfers() -> None:
    """Let transfers of credits expire that nobody has decided in time."""
    transfers.expire_transfers()


@shared_task
def push_checkpoint() -> None:
    """Show the newest checkpoint to the witnesses that wait for it."""
    cosigning.push_checkpoint()


@shared_task
def complete_projects() -> None:
    """Complete the projects that have come to their end."""
    lifecycle.complete_projects(timezone.localdate())


@shared_task
def sweep_documents() -> None:
    """Delete files that no document names."""
    store.sweep_orphans()


@shared_task
def sweep_idempotent_requests() -> None:
    """Delete answers to requests that are not given again any more."""
    sweep_answers()


@shared_task
def share_proceeds() -> None:
    """Share what sales have brought among member households."""
    distributing.share_waiting_proceeds()


@shared_task
def refresh_registry() -> None:
    """Compute what public pages read of places and sums."""
    refresh_places()
    refresh_totals()


@shared_task
def import_references() -> None:
    """Import the files of other registries' data that wait."""
    imports.run_waiting_imports()


@shared_task
def dump_registry() -> None:
    """Write today's file with all that is public."""
    write_dump()
