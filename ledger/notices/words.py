"""What a notice says, in the reader's language, and where it leads."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language

from ledger.notices.kinds import NoticeKind, Words, find_kind
from ledger.notices.models import Notice


@dataclass(frozen=True, slots=True)
class Said:
    """A notice as it is read."""

    title: str
    text: str
    address: str


def say(notice: Notice) -> Said:
    """Return what a notice says; one whose words have gone is called by its kind."""
    kind = find_kind(notice.kind)
    if kind is None:
        return Said(notice.kind.replace("_", " "), "", "")
    return Said(
        words_of(kind.title, notice.parameters),
        words_of(kind.text, notice.parameters),
        address_of(kind, notice.parameters),
    )


def words_of(words: Words, parameters: Mapping[str, Any]) -> str:
    """Return a sentence with its places filled in; nothing where it would only say what is not there."""
    if callable(words):
        return words(parameters)
    sentence = str(words)
    if "%(" not in sentence:
        return sentence
    if sentence.count("%(") == 1 and not any(parameters.get(name) for name in parameters if f"%({name})s" in sentence):
        return ""
    return sentence % _Written(parameters)


def address_of(kind: NoticeKind, parameters: Mapping[str, Any]) -> str:
    """Return the path of the page that a notice leads to, nothing where there is none."""
    if not kind.page:
        return ""
    try:
        return reverse(kind.page, kwargs={part: parameters[name] for part, name in kind.place.items()} or None)
    except (NoReverseMatch, KeyError):
        return ""


class _Written(dict[str, str]):
    """Parameters as people write them, by how their names end: fen as yuan, tonnes, days, times; names in one's language."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        self._parameters = parameters

    def __missing__(self, name: str) -> str:
        return write(name, self._parameters.get(name))


def write(name: str, value: Any) -> str:
    """Return a parameter as people write it."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return str(value.get("en" if get_language() == "en" else "zh") or value.get("zh") or "")
    if name.endswith("_fen") and isinstance(value, int):
        return number_format(Decimal(value) / 100, decimal_pos=2, force_grouping=True)
    if isinstance(value, int):
        return number_format(value, force_grouping=True)
    if name.endswith("_at"):
        return _moment(str(value))
    return str(value)


def _moment(text: str) -> str:
    try:
        return timezone.localtime(dt.datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text
