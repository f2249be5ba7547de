"""Workers that live on when their broker does not."""

import logging

from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)


class SteadyConsumer(Consumer):
    """Celery's own consumer, but that losing Redis in the middle of a task does not end the worker.

    Where a message is not acknowledged yet, kombu tries to give it back while it closes the connection, over a transport that
    it has just let go: an AttributeError that Celery does not expect, and ends by. The sweep wakes again whatever that
    message was about.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the connection that is broken."""
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            logger.warning("a message is not given back to the broker that has gone: %s", error)
