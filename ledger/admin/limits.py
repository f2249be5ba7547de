"""A bound on how long a search may take: the database gives up, and says so, before the reader does."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

SECONDS = 20


class TookTooLong(Exception):
    """A query was given up: what was asked for has to be narrowed."""


@contextmanager
def limited_time(seconds: float = SECONDS) -> Iterator[None]:
    """Give up each query within the context that takes longer than this.

    Raises: TookTooLong.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise
