"""Say in one place what a kind of record tells whom, and in which words: for the many that need no rule of their own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise

from ledger.notices.book import Book
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import Telling, Told, on
from ledger.transparency.following import LoggedRecord

To = Callable[[LoggedRecord, Book], Iterable[Told]]
Say = Callable[[LoggedRecord, Book], Mapping[str, Any]]
When = Callable[[LoggedRecord], bool]


def tell(
    recorded: str,
    *,
    to: To,
    say: Say,
    group: Group,
    title: str | Promise,
    text: str | Promise = "",
    severity: Severity = Severity.INFO,
    page: str = "",
    place: Mapping[str, str] | None = None,
    name: str = "",
    when: When | None = None,
) -> None:
    """Have people told of each record of a kind; `name` where one kind of record is told in several ways."""
    kind = name or recorded
    add_kinds(NoticeKind(kind, group, title, text, severity, page, place or {}))

    @on(recorded)
    def rule(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
        for record in records:
            if when is not None and not when(record):
                continue
            for told in to(record, book):
                yield Telling(kind, told, say(record, book), record.at, record.actor)


def in_both(thing: object, field: str = "name") -> dict[str, str]:
    """Return a text of a thing in both languages, for whoever reads it in either."""
    return {"zh": getattr(thing, field), "en": getattr(thing, f"{field}_en", "") or getattr(thing, field)}
