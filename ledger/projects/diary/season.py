"""What a field diary says of the seasons of a period, in the terms of the methodology."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.projects.models import Project


@dataclass(frozen=True, slots=True)
class Remark:
    """What the diary lacks, or says otherwise than was registered: of which field and season, and in a sentence."""

    parcel: str
    season: str
    code: str
    text: str


class FromDiary(NamedTuple):
    """The practices of fields by their codes, as a case file holds them, and what is to be said of them."""

    practices: dict[str, dict[str, Any]]
    remarks: list[Remark]


def practices_from_diary(project: Project, starts_on: dt.date, ends_on: dt.date) -> FromDiary:
    """Return how the fields were run in the seasons that were harvested in a period, as the diary has it.

    A field of which the diary says nothing is not among them: its practices are those registered.
    """
    return FromDiary({}, [])
