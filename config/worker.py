"""Workers that live on when their broker does not, and lose nothing that a newer release has sent."""

import logging
from typing import Any

from celery import Celery
from celery.worker.consumer import Consumer
from kombu import Queue
from kombu.exceptions import KombuError

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

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Park a task that this release does not know, for a worker that does.

        Celery would throw it away. While programs are restarted one after the other, it may be a newer release's.
        """
        name = message.headers.get("task")
        logger.warning("task %s is of another release: it is parked until a worker starts that knows it", name)
        with self.app.producer_or_acquire() as producer:
            park(producer, message)
        message.ack_log_error(logger, self.connection_errors)  # type: ignore[attr-defined]


PARKED = Queue("parked")
"""Where tasks wait that nobody knew who got them."""
_FROM = "parked_from"


def park(producer: Any, message: Any) -> None:
    """Put a message aside as it is, with the queue that it came by."""
    origin = message.headers.get(_FROM) or (message.delivery_info or {}).get("routing_key")
    _publish(producer, message, PARKED.name, {**message.headers, _FROM: origin})


def unpark(app: Celery) -> int:
    """Send the parked tasks that this release knows back to where they came by, and return how many those were.

    One that is sent and not yet taken from those parked where the process dies comes twice, as any task may.
    """
    sent = 0
    with (
        app.connection_for_write() as connection,
        connection.channel() as channel,
        app.producer_or_acquire() as producer,
    ):
        parked = PARKED(channel)
        parked.declare()
        unknown = []
        while (message := parked.get(no_ack=False)) is not None:
            if message.headers.get("task") in app.tasks:
                headers = dict(message.headers)
                _publish(producer, message, headers.pop(_FROM), headers)
                message.ack()
                sent += 1
            else:
                unknown.append(message)
        for message in unknown:
            message.requeue()
    return sent


def unpark_at_start(sender: Any, **kwargs: object) -> None:
    """Look for parked tasks as a worker starts; where the broker is away, the next one that starts does."""
    try:
        sent = unpark(sender.app)
    except (KombuError, OSError):
        logger.warning("parked tasks cannot be looked for: the broker is away")
        return
    if sent:
        logger.warning("%d parked tasks go on", sent)


def _publish(producer: Any, message: Any, queue: str, headers: dict[str, Any]) -> None:
    kept = {name: value for name in ("correlation_id", "reply_to") if (value := message.properties.get(name))}
    producer.publish(
        message.body,
        routing_key=queue,
        exchange="",
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        headers=headers,
        declare=[Queue(queue)],
        **kept,
    )
