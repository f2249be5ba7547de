"""Let PostgreSQL work on what is written while Python prepares what comes next.

Inside `working_ahead()` a write is handed over and the caller goes on at once. It is still one connection and one
transaction: what is handed over is done in the order of the calls, and whatever else is asked of the database waits until
all of it is done, so that it sees what was written. Outside, a write is done when the call returns, as usual.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

WORTH_A_THREAD = 200

Work = Callable[[Any], None]
"""Writes something by a cursor."""


class Queue:
    """Work that was handed over and is not known to be done."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor
        self._undone: deque[Future[None]] = deque()
        # Django's own connection is this thread's alone; psycopg's takes one statement at a time, from whatever thread.
        self._psycopg_connection = connection.connection
        self._errors_as_django = connection.wrap_database_errors

    def hand_over(self, work: Work) -> None:
        """Let `work` be done after all that was handed over before."""
        self._undone.append(self._executor.submit(self._do, work))

    def wait(self) -> None:
        """Wait until all is done.

        Raises: what the first work that failed has raised.
        """
        while self._undone:
            self._undone.popleft().result()

    def _do(self, work: Work) -> None:
        with self._errors_as_django, self._psycopg_connection.cursor() as cursor:
            work(cursor)


_queue: ContextVar[Queue | None] = ContextVar("queue", default=None)


@contextmanager
def working_ahead(rows: int) -> Iterator[None]:
    """Do writes beside the caller's own work, where it is about so many rows that this is worth a thread.

    All that was handed over is done when the context ends, also that of a context within.

    Raises: what a write raises, at the next statement that is no such write or at the end.
    """
    if rows < WORTH_A_THREAD:
        yield
    elif (queue := _queue.get()) is not None:
        yield
        queue.wait()
    else:
        with _new_queue() as queue:
            yield
            queue.wait()


@contextmanager
def _new_queue() -> Iterator[Queue]:
    assert connection.in_atomic_block, "a write that fails must take back those before it"
    executor = ThreadPoolExecutor(1, "database")
    queue = Queue(executor)
    token = _queue.set(queue)
    try:
        with connection.execute_wrapper(_wait_first):
            yield queue
    finally:
        _queue.reset(token)
        executor.shutdown(cancel_futures=True)


def write(work: Work) -> None:
    """Do `work` with a cursor: ahead of its turn where the caller works ahead, else now."""
    queue = _queue.get()
    if queue is not None:
        queue.hand_over(work)
        return
    with connection.wrap_database_errors, connection.cursor() as cursor:
        work(cursor)


def _wait_first(execute: Callable[..., Any], *statement: Any) -> Any:
    queue = _queue.get()
    if queue is not None:
        queue.wait()
    return execute(*statement)
