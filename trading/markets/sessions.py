"""A trading day: when a market collects orders, trades and closes, in Asia/Shanghai.

A session may begin with a call auction (`pre_open`) and end with one (`closing`):

    {"pre_open": "09:15", "open": "09:30", "closing": "14:57", "close": "15:00"}

A market without sessions is always open; its days end at midnight.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from trading.markets.calendar import SHANGHAI

MAX_SESSIONS = 4
KEYS = ("pre_open", "open", "closing", "close")
MIDNIGHT = dt.time()

Session = dict[str, str]


class Step(StrEnum):
    """What a market does at some time of its day."""

    BEGIN_AUCTION = "begin_auction"
    OPEN = "open"
    CLOSE = "close"
    END_DAY = "end_day"


class Timed(NamedTuple):
    at: dt.datetime
    step: Step
    # Whether the step is the first of its day: prices of the day before become the reference then.
    begins_day: bool = False


def check_sessions(sessions: Any) -> list[Session]:
    """Return sessions as they are kept.

    Raises: InvalidValue, naming the field `sessions`.
    """
    if not isinstance(sessions, list) or len(sessions) > MAX_SESSIONS:
        raise _invalid()
    checked = [_check_session(session) for session in sessions]
    times = [dt.time.fromisoformat(session[key]) for session in checked for key in KEYS if key in session]
    if any(earlier >= later for earlier, later in pairwise(times)):
        raise _invalid()
    return checked


def _check_session(session: Any) -> Session:
    if not isinstance(session, dict) or not {"open", "close"} <= session.keys() <= set(KEYS):
        raise _invalid()
    for value in session.values():
        if not isinstance(value, str) or len(value) != len("09:30"):
            raise _invalid()
        try:
            dt.time.fromisoformat(value)
        except ValueError as error:
            raise _invalid() from error
    return {key: session[key] for key in KEYS if key in session}


def _invalid() -> InvalidValue:
    return InvalidValue(
        field="sessions",
        reason=_(
            "Give up to four sessions a day, one after the other, such as 09:15 09:30-11:30 and 13:00-14:57 15:00."
        ),
    )


def steps_of(day: dt.date, sessions: Sequence[Session]) -> Iterator[Timed]:
    """Yield what a market does on a trading day, in order; every day is one where it has no sessions."""
    if not sessions:
        yield Timed(dt.datetime.combine(day, MIDNIGHT, SHANGHAI), Step.END_DAY)
        return
    begins_day = True
    for session in sessions:
        for key, step in (
            ("pre_open", Step.BEGIN_AUCTION),
            ("open", Step.OPEN),
            ("closing", Step.BEGIN_AUCTION),
            ("close", Step.CLOSE),
        ):
            if key in session:
                at = dt.datetime.combine(day, dt.time.fromisoformat(session[key]), SHANGHAI)
                yield Timed(at, step, begins_day)
                begins_day = False
    yield Timed(at, Step.END_DAY)
