"""What there is to be told: each kind of notice with its words, where it leads, and how much it matters.

The exchange adds its own (trading/notices.py). A kind that is not known any more is shown by its name alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from ledger.notices.models import Group, Severity

Parameters = Mapping[str, Any]
Words = str | Promise | Callable[[Parameters], str]
"""A sentence with named places, or what makes one where a sentence alone does not do."""


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """How something is told.

    `page` is the name of the address that it leads to; `place` says which parameter stands for which part of that address.
    """

    name: str
    group: Group
    title: Words
    text: Words = ""
    severity: Severity = Severity.INFO
    page: str = ""
    place: Mapping[str, str] = field(default_factory=dict)
    # Summed up: a second notice of the same key adds its amounts to the first.
    is_sum: bool = False
    # Not where the part that records it writes to the person itself.
    is_mailed: bool = True


_KINDS: dict[str, NoticeKind] = {}


def add_kinds(*kinds: NoticeKind) -> None:
    """Make kinds of notices known. Done once, as the programs start."""
    for kind in kinds:
        assert _KINDS.get(kind.name, kind) == kind, f"two kinds of notices are called {kind.name}"
        _KINDS[kind.name] = kind


def find_kind(name: str) -> NoticeKind | None:
    """Return a kind of notice, None where none of this name is known."""
    return _KINDS.get(name)


def all_kinds() -> list[NoticeKind]:
    """Return every kind that is known, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]
