"""A worker's sign of life: a file that is touched every few seconds, for the health checks of containers.

It says that the program's loop turns, not that work is done: for that the age of what waits is watched.
"""

import os
from pathlib import Path
from typing import Any

from celery import bootsteps

EVERY_SECONDS = 5.0


def touch() -> None:
    """Leave a sign of life, where PULSE_FILE says."""
    if path := os.environ.get("PULSE_FILE"):
        Path(path).touch()


class Pulse(bootsteps.StartStopStep):
    """Touches the file from the worker's own loop, which also waits for messages and runs the tasks."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        touch()
        worker.timer.call_repeatedly(EVERY_SECONDS, touch)
