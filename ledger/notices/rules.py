"""Who is told what of which records: rules, by the kind of record. What they yield is written by telling.py."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.notices.book import Book
from ledger.parties.models import Membership
from ledger.transparency.following import LoggedRecord

Role = Membership.Role
EVERYONE: tuple[str, ...] = ()
ACTING = (Role.OWNER, Role.TRADER)
OWNERS = (Role.OWNER,)
REGISTRARS = (Role.REGISTRAR,)
TREASURERS = (Role.TREASURER,)


@dataclass(frozen=True, slots=True)
class Told:
    """People of an organisation, of some roles or all; or one person by the public id."""

    organisation_id: int | None = None
    roles: tuple[str, ...] = EVERYONE
    person: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that some people are to be told, once each.

    Who did it (`actor`, as the log names people) is not told of it.
    """

    kind: str
    to: Told
    parameters: Mapping[str, Any]
    at: dt.datetime
    actor: str = ""
    key: str | None = None


Rule = Callable[[Sequence[LoggedRecord], Book], Iterable[Telling]]
_RULES: dict[str, list[Rule]] = {}
_FAMILIES: dict[str, list[Rule]] = {}


def on(*kinds: str) -> Callable[[Rule], Rule]:
    """Have a rule asked about records of these kinds, all that are at hand of each kind at once."""

    def add(rule: Rule) -> Rule:
        for kind in kinds:
            _RULES.setdefault(kind, []).append(rule)
        return rule

    return add


def on_family(beginning: str) -> Callable[[Rule], Rule]:
    """Have a rule asked about all kinds that begin so, `security_` for one, and have no rule of their own."""

    def add(rule: Rule) -> Rule:
        _FAMILIES.setdefault(beginning, []).append(rule)
        return rule

    return add


def followed_kinds() -> Collection[str]:
    """Return the kinds of records that rules ask for."""
    return _RULES.keys()


def followed_families() -> Collection[str]:
    """Return how the kinds begin that others may add to."""
    return _FAMILIES.keys()


def tellings_of(records: Sequence[LoggedRecord]) -> list[Telling]:
    """Return what is to be told of records, in their order, kind by kind."""
    by_kind: dict[str, list[LoggedRecord]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record)
    book = Book(records)
    return [telling for kind, some in by_kind.items() for rule in _rules_of(kind) for telling in rule(some, book)]


def _rules_of(kind: str) -> list[Rule]:
    if kind in _RULES:
        return _RULES[kind]
    return _FAMILIES.get(f"{kind.partition('_')[0]}_", [])
