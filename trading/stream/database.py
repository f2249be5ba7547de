"""The database, asked by few threads on behalf of all readers: a stream that lives for hours holds no connection."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """As many connections as threads, however many ask; who asks at the same time waits."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "stream-database")
        self._connections: dict[int, BaseDatabaseWrapper] = {}

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a question comes to that is asked in a thread.

        Raises: whatever it raises, DatabaseError where the database is away.
        """

        def answer() -> T:
            close_old_connections()
            self._connections[threading.get_ident()] = connections["default"]
            try:
                return question(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)

    async def close(self) -> None:
        """Let the threads end, and close their connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        for connection in self._connections.values():
            connection.inc_thread_sharing()
            connection.close()
