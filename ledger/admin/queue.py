"""All that waits at the desk in one list, the oldest first: for the reader, for another person, for another role."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, Text
from ledger.admin.desk import Line
from ledger.admin.display import object_url
from ledger.parties.models import Membership, User

MOST_OF_A_STEP = 25
"""Of each step the oldest are listed; the others are behind the link to all of them."""
MINE, ANOTHER, OTHERS = "mine", "another", "others"
WHOSE: dict[str, Text] = {
    MINE: _("For you"),
    ANOTHER: _("For another person: you entered it"),
    OTHERS: _("For another role"),
}
# What a table knows of its actions: which steps there are of an object, and where each is asked for.
Steps = Callable[[Model, Sequence[str]], list[tuple[Action, str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits: in which area, what it is, since when, who entered it, whose step it is and which there are."""

    area: Text
    what: Text
    text: str
    url: str
    since: dt.datetime | None
    is_late: bool
    maker: User | None
    whose: str
    steps: list[tuple[Action, str]]


@dataclass(frozen=True, slots=True)
class Area:
    """What waits of one area, by whose step it is; `more` leads to lists that hold more than is shown."""

    name: Text
    rows: list[Row]
    more: list[tuple[Text, str]]


def areas_of(reader: Membership, lines: Iterable[Line], steps_of: Steps) -> list[Area]:
    """Return what waits, by area. A query for each line, however much waits."""
    found: dict[str, Area] = {}
    for line in lines:
        area = found.setdefault(str(line.area), Area(line.area, [], []))
        waiting = list(line.waiting[: MOST_OF_A_STEP + 1])
        if len(waiting) > MOST_OF_A_STEP:
            area.more.append((line.title, line.all_url))
        area.rows.extend(_row(reader, line, each, steps_of) for each in waiting[:MOST_OF_A_STEP])
    return list(found.values())


def _row(reader: Membership, line: Line, each: Model, steps_of: Steps) -> Row:
    text, since = line.describe(each)
    limit = timezone.now() - dt.timedelta(days=line.days)
    of_role = [(action, url) for action, url in steps_of(each, line.steps) if action.is_for(reader)]
    steps = [(action, url) for action, url in of_role if not action.needs_another(reader, each)]
    # Who has entered it may take it back, which decides nothing: it waits for another all the same.
    own = any(getattr(each, f"{field}_id") == reader.user_id for field in (line.maker, line.about) if field)
    whose = OTHERS if not of_role else ANOTHER if own or not steps else MINE
    maker = getattr(each, line.maker) if line.maker else None
    return Row(
        line.area,
        line.title,
        text,
        object_url(each),
        since,
        since is not None and since < limit,
        maker,
        whose,
        steps,
    )


def oldest_first(areas: Iterable[Area], *, area: str, whose: str) -> list[Row]:
    """Return the rows of an area and of one's own, of others or of all, the oldest first."""
    rows = [row for each in areas if area in ("", str(each.name)) for row in each.rows]
    now = timezone.now()
    return sorted((row for row in rows if whose in ("", row.whose)), key=lambda row: row.since or now)


def people_of(action: Action, target: Any) -> list[User]:
    """Return those whose work an object is, and who may therefore not take the step."""
    found = [getattr(target, maker.removesuffix("_id")) for maker in action.makers if target is not None]
    return list(dict.fromkeys(person for person in found if person is not None))
