"""A worker's sign of life: a file that is touched every few seconds, for the health checks of containers, and a word to systemd.

It says that the program's loop turns, and that the queue is worked on: where beat's pulses come through other queues and not through
its own, the worker is alive and takes nothing (after Redis was away, for one), and says no more until it is started again.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from celery import bootsteps

from config.operations.deploy.notify import ALIVE, READY, notify

EVERY_SECONDS = 5.0
LEAST_SECONDS = 1.0
LATE_SECONDS = 120.0
"""A pulse comes each ten seconds; a worker that has just begun is given as long."""

_last_at = 0.0


def touch() -> None:
    """Leave a sign of life, where PULSE_FILE says, and tell systemd."""
    if path := os.environ.get("PULSE_FILE"):
        Path(path).touch()
    notify(ALIVE)


def touch_at_work() -> None:
    """Leave a sign of life in the middle of work that may be long: the loop does not turn meanwhile. Cheap enough for each batch."""
    global _last_at
    if (now := time.monotonic()) - _last_at >= LEAST_SECONDS:
        _last_at = now
        touch()


class Pulse(bootsteps.StartStopStep):
    """Leaves signs from the worker's own loop, which also waits for messages and runs the tasks."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        """Begin, and go on every few seconds as long as the worker's queues are worked on."""
        began, queues = time.monotonic(), list(worker.app.amqp.queues.consume_from)

        def go_on() -> None:
            if time.monotonic() - began < LATE_SECONDS or are_worked_on(queues):
                touch()

        touch()
        worker.timer.call_repeatedly(EVERY_SECONDS, go_on)


def are_worked_on(queues: Iterable[str]) -> bool:
    """Return whether beat's pulses come through these queues, as far as can be said (`manage.py worker_alive`)."""
    # With the models, which are not there yet when Celery's application is made.
    from config.operations.observe.pulses import late_pulse

    return not any(late_pulse(queue, LATE_SECONDS) for queue in queues)


def say_ready(**kwargs: object) -> None:
    """Tell systemd that the worker takes tasks from now on."""
    notify(READY)
