"""What is wrong with the fields that somebody hands in: all of it at once, each with its number, and where on the map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.errors import InvalidValue

MAX_LISTED = 100
"""How many problems are told apart; the others are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `number`: the field's place among those that were handed in, from 1 on; `field`: the input at
    fault; `code`: stable, for programs; `shape`: what to draw, as GeoJSON: the point of a crossing, the land of an overlap.
    """

    number: int
    parcel: str
    field: str
    code: str
    reason: str
    shape: dict[str, Any] | None = None

    def __str__(self) -> str:
        return _("Field %(number)s (%(parcel)s): %(reason)s") % {
            "number": self.number,
            "parcel": self.parcel or _("no code"),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done to a field, or what its owner should look at, though it is taken."""

    number: int
    parcel: str
    reason: str
    shape: dict[str, Any] | None = None

    def __str__(self) -> str:
        return _("Field %(number)s (%(parcel)s): %(reason)s") % {
            "number": self.number,
            "parcel": self.parcel,
            "reason": self.reason,
        }


class ParcelsRefused(InvalidValue):
    """Fields that cannot be taken, and so none of those that came with them. `within`: the list that they came in."""

    def __init__(self, problems: Sequence[Problem], *, within: str, count: int) -> None:
        first = problems[0]
        reason = _summary(first, count) if within or count > 1 else first.reason
        super().__init__(field=self._at(first, within), reason=reason)
        self.problems = list(problems)
        self.within = within

    def field_of(self, problem: Problem) -> str:
        """Return where in the input something is wrong, such as parcels[0].geometry."""
        return self._at(problem, self.within)

    @staticmethod
    def _at(problem: Problem, within: str) -> str:
        return f"{within}[{problem.number - 1}].{problem.field}" if within else problem.field


def problem_of(number: int, parcel: str, error: InvalidValue) -> Problem:
    """Return the problem that the refusal of one value is."""
    place = error.params.get("place")
    shape = None if place is None else {"type": "Point", "coordinates": list(place)}
    code = str(error.params.get("problem", "invalid_value"))
    return Problem(number, parcel, error.field or "", code, str(error), shape)


def _summary(first: Problem, count: int) -> str:
    said = ngettext(
        "Nothing is stored: there is %(count)s problem. %(first)s",
        "Nothing is stored: there are %(count)s problems. The first: %(first)s",
        count,
    )
    return said % {"count": count, "first": first}
