"""The registry's Celery tasks."""

from celery import shared_task

from ledger.transparency import cosigning, sequencer


@shared_task
def sequence_log() -> None:
    """Bring waiting records into the log."""
    sequencer.sequence_log()


@shared_task
def push_checkpoint() -> None:
    """Show the newest checkpoint to the witnesses that wait for it."""
    cosigning.push_checkpoint()
