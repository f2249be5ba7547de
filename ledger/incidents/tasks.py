"""Celery's tasks while everything is frozen: those go on that change nothing, or tell what is."""

from typing import Any

from celery import Task

from ledger.freezes import is_everything_frozen

GO_ON = frozenset(
    {
        # The log, so that the freeze itself is proven, and what people are told of it.
        "ledger.tasks.sequence_log",
        "ledger.tasks.push_checkpoint",
        "ledger.tasks.tell_what_is_recorded",
        "ledger.tasks.send_messages",
        "ledger.tasks.deliver_webhooks",
        # Who tries to log in.
        "ledger.tasks.note_lockout",
        "ledger.tasks.mail_security_event",
        # What looks, and finds out how things stand. Executing asks by itself, in the statement that reads the queue.
        "trading.tasks.execute_market",
        "trading.tasks.wake_waiting_markets",
        "trading.tasks.publish_missed_markets",
        "trading.tasks.reconcile_books",
        "trading.tasks.reconcile_nightly",
    }
)


class FreezableTask(Task):  # type: ignore[type-arg]
    """A task that is left undone while everything is frozen, unless it may go on; the next run makes up for it."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run, or do nothing."""
        if self.name not in GO_ON and self.name.startswith(("ledger.", "trading.")) and is_everything_frozen():
            return None
        return super().__call__(*args, **kwargs)
