"""The registry's Celery tasks."""

from celery import shared_task
from django.utils import timezone

from ledger.projects import lifecycle
from ledger.projects.documents import store
from ledger.transparency import cosigning, sequencer


@shared_task
def sequence_log() -> None:
    """Bring waiting records into the log."""
    sequencer.sequence_log()


@shared_task
def push_checkpoint() -> None:
    """Show the newest checkpoint to the witnesses that wait for it."""
    cosigning.push_checkpoint()


@shared_task
def sweep_documents() -> None:
    """Delete files that no document names."""
    store.sweep_orphans()


@shared_task
def complete_projects() -> None:
    """Complete the projects that have come to their end."""
    lifecycle.complete_projects(timezone.localdate())
