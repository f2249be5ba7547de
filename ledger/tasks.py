"""The registry's Celery tasks."""

from celery import shared_task

from ledger.credits.transfers import services as transfers
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
