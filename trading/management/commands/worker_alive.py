"""Say by the exit status whether a queue is worked on: 0 where it is, 1 where it is not.

It looks at the work, not at the process, which can be alive and take nothing: of a market's queue at the age of the oldest instruction
that waits in its markets, of every queue at when a pulse of beat last came through. For supervisors, such as HEALTHCHECK of a container.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError

from config.operations.observe.pulses import late_pulse
from trading.execution.selectors import oldest_instructions
from trading.orders.wakeups import queue_of


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", required=True, choices=settings.QUEUES)
        parser.add_argument("--oldest", type=float, default=30.0, help="how many seconds an instruction may wait")
        parser.add_argument("--pulse", type=float, default=120.0, help="how many seconds ago the last pulse may be")

    def handle(self, *args: Any, **options: Any) -> None:
        problem = _waiting(options["queue"], options["oldest"]) or late_pulse(options["queue"], options["pulse"])
        if problem:
            self.stderr.write(problem)
            sys.exit(1)


def _waiting(queue: str, most_seconds: float) -> str:
    """Return what waits too long; empty where nothing does. Where the database is away no worker is to blame."""
    if not queue.startswith("matching."):
        return ""
    try:
        waiting = oldest_instructions()
    except DatabaseError:
        return ""
    for oldest in waiting:
        seconds = oldest.age.total_seconds()
        if queue_of(oldest.shard) == queue and seconds > most_seconds:
            return f"{oldest.symbol}: instruction {oldest.instruction_id} waits for {seconds:.0f} s"
    return ""
