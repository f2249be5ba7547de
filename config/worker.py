"""Workers that live on when their broker does not."""

import functools
import logging
from typing import Any

from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2
"""After which a broker is sought again; Celery itself waits ever longer, up to half a minute."""


class SteadyConsumer(Consumer):
    """Celery's own consumer, but that losing Redis in the middle of a task does not end the worker, and that it is back soon.

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

    def ensure_connected(self, conn: Any) -> Any:
        """Connect to the broker, however long that takes, and soon after it can be reached."""
        conn.ensure_connection = functools.partial(conn.ensure_connection, interval_max=RETRY_SECONDS)
        return super().ensure_connected(conn)
