"""The registry's Celery tasks."""

from celery import shared_task

from ledger.credits.sharing import distributing
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
def share_proceeds() -> None:
    """Share what sales have brought among member households."""
    distributing.share_waiting_proceeds()
