"""Let things happen at the same moment: real threads, each with a connection of its own."""

import re
import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

SECONDS = 60.0
"""As long as a machine may take that has much else to do; nobody waits so long for nothing."""
ROW_LOCK = re.compile(r"\bFOR (NO KEY )?UPDATE\b( OF [\w\".]+)?")


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls at one moment, each in its thread, and return what each returned or raised, in their order."""
    start = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(SECONDS)
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS * 2)
        assert not thread.is_alive(), "a call does not end: do two wait for each other?"
    return outcomes


class Meeting:
    """A place in the code where threads wait for one another, as long as another may still come.

    A thread that waits for a lock of one that is here cannot come: after `seconds`, those who are here go on.
    """

    def __init__(self, parties: int = 2, seconds: float = 0.5) -> None:
        self._barrier = threading.Barrier(parties)
        self._seconds = seconds
        self.met = False

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the others; go on alone where they do not come."""
        try:
            self._barrier.wait(self._seconds if seconds is None else seconds)
            self.met = True
        except threading.BrokenBarrierError:
            pass

    def wait_without_locks(self) -> None:
        """Wait for others who take no locks: they do come the first time, however slow the machine is, or leave."""
        self.wait(self._seconds if self.met else SECONDS / 2)

    def leave(self) -> None:
        """Let nobody wait for this thread any more."""
        self._barrier.abort()


def unlocked(call: Callable[[], Any], meeting: Meeting) -> Callable[[], Any]:
    """Return the call without the row locks that it takes; whoever would have locked meets the others there."""

    def read_only(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        without = ROW_LOCK.sub("", sql)
        result = execute(without, params, many, context)
        if without != sql:
            meeting.wait_without_locks()
        return result

    def run() -> Any:
        try:
            with connection.execute_wrapper(read_only):
                return call()
        finally:
            meeting.leave()

    return run
