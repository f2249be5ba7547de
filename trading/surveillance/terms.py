"""What a rule is: a sentence, its thresholds, how often it judges, and SQL that finds what meets it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from trading.surveillance.models import Rule

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ZONE = "Asia/Shanghai"
"""The days of China's exchanges: hours and days begin there."""
GRACE = dt.timedelta(minutes=1)
"""How long after its end a window is judged: a batch that executed within it is committed by then."""


class Cadence(StrEnum):
    """How long the windows are that a rule judges, each once it has ended."""

    HOUR = "hour"
    DAY = "day"

    def ended_by(self, now: dt.datetime) -> dt.datetime:
        """Return the end of the last window that may be judged."""
        local = (now - GRACE).astimezone(ZoneInfo(ZONE))
        floor = {"minute": 0, "second": 0, "microsecond": 0} | ({"hour": 0} if self is Cadence.DAY else {})
        return local.replace(**floor).astimezone(dt.UTC)  # type: ignore[arg-type]


class Unit(StrEnum):
    """What a threshold or a figure counts."""

    NUMBER = ""
    TONNES = "t"
    FEN = "fen"
    PERCENT = "%"
    MINUTES = "min"
    SECONDS = "s"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a rule holds figures against, and between which bounds the operator may set it."""

    name: str
    label: "_StrPromise"
    default: int
    least: int
    most: int
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the evidence holds."""

    label: "_StrPromise"
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True)
class WatchRule:
    """One thing that surveillance looks for.

    `sentence` has a place for each threshold it names. `sql` selects the windows that meet the rule and end after `since`
    and not after `until`: market_id, organisations, severity, starts_at, ends_at, figures (jsonb), orders and trades
    (bigint[], of which the first 50 are kept).
    """

    name: Rule
    sentence: "_StrPromise"
    cadence: Cadence
    thresholds: tuple[Threshold, ...]
    figures: Mapping[str, Figure]
    sql: str

    @property
    def defaults(self) -> dict[str, int]:
        """The thresholds as they are where nobody has changed them."""
        return {threshold.name: threshold.default for threshold in self.thresholds}

    def said(self, thresholds: Mapping[str, int]) -> str:
        """Return the sentence with these thresholds in it."""
        return str(self.sentence) % {name: f"{number:,}" for name, number in {**self.defaults, **thresholds}.items()}


def start_of(length: str, column: str) -> str:
    """Return SQL for the start of the hour, day or month that a time is in."""
    return f"date_trunc('{length}', {column}, '{ZONE}')"


def end_of(length: str, start: str) -> str:
    """Return SQL for the end of the hour, day or month that begins at a time."""
    return f"(({start} AT TIME ZONE '{ZONE}') + interval '1 {length}') AT TIME ZONE '{ZONE}'"
