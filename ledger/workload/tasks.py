"""What a task is, and who says which there are: a source a domain, for the kinds of organisations that it concerns."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from ledger.parties.models import Membership, Organisation

MOST_OF_A_KIND = 50
"""No source says more of one kind: whoever has more of them works off these first."""
# What a task says of a report, without its calculation, which is large.
OF_REPORTS = (
    "project__number",
    "project__province_code",
    "project__name",
    "project__name_en",
    "vintage",
    "status",
    "status_since",
    "saved_at",
)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for an organisation, or, for the operator, a queue of such things (`count`).

    What is to be done (`title`), with what (`subject`, in the reader's language), by whom (`roles`; none: by nobody in
    particular) and until when: a day that is included (`due_on`), or an instant (`due_at`). `page`, `keys` and `query` lead
    to where it is done.
    """

    kind: str
    title: str | Promise
    subject: str
    page: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = (Membership.Role.OWNER, Membership.Role.TRADER)
    since: dt.datetime | None = None
    due_on: dt.date | None = None
    due_at: dt.datetime | None = None
    count: int = 1

    @property
    def url(self) -> str:
        """Where it is done."""
        address = reverse(self.page, kwargs=dict(self.keys) or None)
        return f"{address}?{urlencode(self.query)}" if self.query else address

    @property
    def ends_at(self) -> dt.datetime | None:
        """The instant by which it is to be done: of a day, the midnight after it in China."""
        if self.due_at is not None or self.due_on is None:
            return self.due_at
        return dt.datetime.combine(self.due_on + dt.timedelta(days=1), dt.time(), timezone.get_default_timezone())

    @property
    def is_late(self) -> bool:
        """Whether its time has gone by."""
        return self.ends_at is not None and self.ends_at <= timezone.now()

    def is_for(self, reader: Membership) -> bool:
        """Return whether the reader's role lets it be done: others of the organisation see it and wait."""
        return not self.roles or reader.role in self.roles


Source = Callable[[Membership], Iterable[Task]]
_ADDED: dict[str, list[Source]] = {}


def add_source(source: Source, *kinds: Organisation.Kind) -> None:
    """Let a package that builds on this one say what waits for organisations of these kinds; once, as its app begins."""
    for kind in kinds:
        known = _ADDED.setdefault(kind, [])
        if source not in known:
            known.append(source)


def added_sources(kind: str) -> tuple[Source, ...]:
    """Return the sources that were added for a kind of organisation."""
    return tuple(_ADDED.get(kind, ()))
