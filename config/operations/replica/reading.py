"""In whose place a standby answers: everything that a thread asks the database, by Django's ORM or by hand."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
T = TypeVar("T")


class _Aside(threading.local):
    """The connection to the primary, while another one stands in its place."""

    primary: BaseDatabaseWrapper | None = None


_aside = _Aside()


@contextmanager
def reading_from(standby: BaseDatabaseWrapper) -> Iterator[None]:
    """Ask a standby for all that is asked in this context; what is written is refused, by the standby itself.

    One connection stands in the other's place, rather than a router that leads Django's queries there: a page then reads
    all of it in one place, also what it asks by hand, and never half of it older than the other half.
    """
    assert _aside.primary is None, "a standby is being read from"
    _aside.primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = standby
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = _aside.primary
        _aside.primary = None


@contextmanager
def _reading_from_primary() -> Iterator[None]:
    standby = connections[DEFAULT_DB_ALIAS]
    primary, _aside.primary = _aside.primary, None
    assert primary is not None
    connections[DEFAULT_DB_ALIAS] = primary
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = standby
        _aside.primary = primary


def from_primary(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function ask the primary, wherever it is called: who somebody is and what they may is never a moment old."""

    @wraps(function)
    def on_primary(*args: P.args, **kwargs: P.kwargs) -> T:
        if _aside.primary is None:
            return function(*args, **kwargs)
        with _reading_from_primary():
            return function(*args, **kwargs)

    return on_primary


def pieces_from(standby: BaseDatabaseWrapper, pieces: Iterable[Any]) -> Iterator[Any]:
    """Yield what a response streams: each piece is read from the standby when it is asked for."""
    wanted = iter(pieces)
    while True:
        with reading_from(standby):
            try:
                piece = next(wanted)
            except StopIteration:
                return
        yield piece
