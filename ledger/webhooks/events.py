"""The catalogue of events: what a program can be told of, and what it is told. The exchange adds its own (trading/webhooks.py)."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.transparency.following import LoggedRecord
from ledger.transparency.services import format_time
from ledger.webhooks.fields import Field, lines_of, uuid

TEST_EVENT = "webhook.test"


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: its name, when it happens, and the fields of its `data`."""

    name: str
    happens: str | Promise
    fields: Mapping[str, Field]

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The fields as they are read one below the other, those within lists as well."""
        return list(lines_of(self.fields))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened, and the organisation that is to be told. Of one key there is one event alone."""

    type: str
    organisation_id: int
    data: Mapping[str, Any]
    at: dt.datetime
    key: str | None = None


Listeners = Collection[int]
EventRule = Callable[[Sequence[LoggedRecord], Book, Listeners], Iterable[Event]]
_TYPES: dict[str, EventType] = {}
_RULES: dict[str, list[EventRule]] = {}


def add_types(*types: EventType) -> None:
    """Make kinds of events known. Done once, as the programs start."""
    for each in types:
        assert _TYPES.get(each.name, each) == each, f"two kinds of events are called {each.name}"
        _TYPES[each.name] = each


TEST = EventType(
    TEST_EVENT,
    _("an owner has asked for it, to try an address out"),
    {"endpoint": uuid("id of the webhook"), "organisation": uuid("id of the organisation")},
)


def event_types() -> list[EventType]:
    """Return the catalogue, by name, without the test that everybody gets who asks for it."""
    return [_TYPES[name] for name in sorted(_TYPES)]


def on_record(*kinds: str) -> Callable[[EventRule], EventRule]:
    """Have a rule asked about records of these kinds, all that are at hand of each kind at once."""

    def add(rule: EventRule) -> EventRule:
        for kind in kinds:
            _RULES.setdefault(kind, []).append(rule)
        return rule

    return add


def followed_kinds() -> Collection[str]:
    """Return the kinds of records that events follow from."""
    return _RULES.keys()


def events_of(records: Sequence[LoggedRecord], listeners: Listeners) -> list[Event]:
    """Return the events that follow from records, for organisations that listen, in the order of their times."""
    by_kind: dict[str, list[LoggedRecord]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record)
    book = Book(records)
    found = [event for kind, some in by_kind.items() for rule in _RULES[kind] for event in rule(some, book, listeners)]
    return sorted((event for event in found if event.organisation_id in listeners), key=lambda event: event.at)


def payload_of(type_: str, at: dt.datetime, data: Mapping[str, Any]) -> bytes:
    """Return the exact bytes that are sent, and signed."""
    said = {"type": type_, "timestamp": format_time(at), "data": dict(data)}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


Parties = Callable[[LoggedRecord, Book], Iterable[int | None]]
Data = Callable[[LoggedRecord, Book], Mapping[str, Any]]


def event(
    recorded: str,
    name: str,
    happens: str | Promise,
    *,
    to: Parties,
    fields: Mapping[str, Field],
    data: Data | None = None,
    when: Callable[[LoggedRecord], bool] | None = None,
) -> None:
    """Have an event follow from each record of a kind; its data are those fields of the record's body, if nothing else is said."""
    add_types(EventType(name, happens, fields))

    @on_record(recorded)
    def rule(records: Sequence[LoggedRecord], book: Book, _listeners: Listeners) -> Iterable[Event]:
        for record in records:
            if when is not None and not when(record):
                continue
            said = data(record, book) if data is not None else {each: record.body.get(each) for each in fields}
            for organisation in dict.fromkeys(to(record, book)):
                if organisation is not None:
                    yield Event(name, organisation, said, record.at)
