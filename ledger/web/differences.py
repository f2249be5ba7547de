"""What two calculation sheets of a report say differently, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.web.words import SCENARIOS, SEASONS, SYMBOLS, word_for

MOST_SHOWN = 200
_NAMES = ("parcel", "season", "scenario", "symbol")


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that is not the same in both sheets; None where one of them does not have it."""

    parcel: str
    season: str
    scenario: str
    symbol: str
    meaning: str
    before: str | None
    after: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class Differences:
    """The first lines that differ, and how many there are in all."""

    lines: list[Difference]
    count: int


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """Return the lines whose result or inputs differ. Lines are told by their field, season, scenario and symbol."""
    old, new = _by_name(before), _by_name(after)
    keys = [key for key in dict.fromkeys([*old, *new]) if _said(old.get(key)) != _said(new.get(key))]
    return Differences([_difference(old.get(key), new.get(key)) for key in keys[:MOST_SHOWN]], len(keys))


def _by_name(sheet: Mapping[str, Any]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    """Return the lines of a sheet by name; of several of one name the second is its second, and so on."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for line in sheet["lines"]:
        name = tuple(line[part] for part in _NAMES)
        place = 1
        while (*name, place) in found:
            place += 1
        found[*name, place] = line
    return found


def _said(line: Mapping[str, Any] | None) -> object:
    return None if line is None else {key: value for key, value in line.items() if key != "number"}


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Difference:
    line = after or before
    assert line is not None
    return Difference(
        parcel=line["parcel"],
        season=word_for(SEASONS, line["season"]),
        scenario=word_for(SCENARIOS, line["scenario"]),
        symbol=line["symbol"],
        meaning=word_for(SYMBOLS, line["symbol"]),
        before=before["result"] if before else None,
        after=after["result"] if after else None,
        unit=line["unit"],
    )
