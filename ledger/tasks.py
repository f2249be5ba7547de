"""The registry's Celery tasks."""

from celery import shared_task

from ledger.transparency import sequencer


@shared_task
def sequence_log() -> None:
    """Bring waiting records into the log."""
    sequencer.sequence_log()
