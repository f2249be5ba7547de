"""What a row of OffsetsDB's tables must be: texts, whole tonnes, dates that are over, known words."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from ledger.registry.imports.reading import Refusal
from ledger.registry.models import ReferenceCredit, ReferenceImport, ReferenceProject
from ledger.texts import is_storable

WANTED: Mapping[str, tuple[str, ...]] = {
    ReferenceImport.Kind.PROJECTS: (
        *("project_id", "name", "registry", "proponent", "protocol", "category", "country", "status"),
        *("listed_at", "issued", "retired", "is_compliance", "project_url"),
    ),
    ReferenceImport.Kind.CREDITS: ("project_id", "quantity", "vintage", "transaction_date", "transaction_type"),
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    ReferenceImport.Kind.PROJECTS: ("project_id", "registry"),
    ReferenceImport.Kind.CREDITS: WANTED[ReferenceImport.Kind.CREDITS],
}
MAX_TONNES = 10**12
FIRST_VINTAGE, FIRST_DAY = 1950, dt.date(1950, 1, 1)
MAX_SHOWN = 80
TYPES = frozenset(ReferenceCredit.Type.values)
FLAGS = {"true": True, "false": False, "1": True, "0": False, "t": True, "f": False, "": None}
# Tables that came through floating point write whole numbers so: 1000.0.
_WHOLE = re.compile(r"([0-9]{1,18})(?:\.0*)?", re.ASCII)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.]{1,18}(?:Z|[+-][0-9:]{4,6})?)?", re.ASCII)
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,490}", re.ASCII)
_LENGTHS = {
    field.name: field.max_length
    for field in ReferenceProject._meta.concrete_fields
    if getattr(field, "max_length", None) is not None
}


class RowRefused(Exception):
    """A row with something wrong in it."""

    def __init__(self, field: str, given: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, field, shown(given))


@dataclass(frozen=True, slots=True)
class Today:
    """The day on which a file is read: what is later has not happened."""

    day: dt.date


def shown(given: str) -> str:
    """Return what was given as far as a report repeats it, without what cannot be stored."""
    return "".join(letter for letter in given[:MAX_SHOWN] if is_storable(letter) and letter.isprintable())


def project_row(fields: Mapping[str, str], today: Today) -> dict[str, Any]:
    """Return a project as it is kept.

    Raises: RowRefused.
    """
    row: dict[str, Any] = {
        name: _text(fields, name) for name in ("name", "proponent", "protocol", "category", "country", "status")
    }
    row["project_id"], row["registry"] = _needed(fields, "project_id"), _needed(fields, "registry")
    listed = _day(fields, "listed_at", today)
    row["listed_on"] = listed.isoformat() if listed else None
    row["issued_t"], row["retired_t"] = _tonnes_or_none(fields, "issued"), _tonnes_or_none(fields, "retired")
    flag = fields.get("is_compliance", "").lower()
    if flag not in FLAGS:
        raise RowRefused("is_compliance", flag, gettext_noop("Neither true nor false."))
    row["is_compliance"] = FLAGS[flag]
    address = _text(fields, "project_url")
    if address and not _ADDRESS.fullmatch(address):
        raise RowRefused("project_url", address, gettext_noop("An address begins with https:// or http://."))
    row["project_url"] = address
    return row


def credit_row(fields: Mapping[str, str], today: Today) -> tuple[str, int, int | None, dt.date | None, str]:
    """Return a transaction of credits: project, tonnes, vintage, day, type.

    Raises: RowRefused.
    """
    project, quantity = _needed(fields, "project_id"), _tonnes(fields, "quantity")
    if quantity == 0:
        raise RowRefused("quantity", fields["quantity"], gettext_noop("A transaction moves at least one tonne."))
    kind = fields["transaction_type"].lower()
    if kind not in TYPES:
        reason = gettext_noop("Not one of: issuance, retirement, cancellation.")
        raise RowRefused("transaction_type", fields["transaction_type"], reason)
    return project, quantity, _vintage(fields, today), _day(fields, "transaction_date", today), kind


READERS: Mapping[str, Callable[[Mapping[str, str], Today], Any]] = {
    ReferenceImport.Kind.PROJECTS: project_row,
    ReferenceImport.Kind.CREDITS: credit_row,
}


def _text(fields: Mapping[str, str], name: str) -> str:
    text = fields.get(name, "")
    if len(text) > (_LENGTHS[name] or 0):
        raise RowRefused(name, text, gettext_noop("The text is too long."))
    if not is_storable(text):
        raise RowRefused(name, text, gettext_noop("This holds a character that cannot be stored."))
    return text


def _needed(fields: Mapping[str, str], name: str) -> str:
    text = _text(fields, name)
    if not text:
        raise RowRefused(name, text, gettext_noop("This is missing."))
    return text


def _tonnes(fields: Mapping[str, str], name: str) -> int:
    text = fields[name]
    match = _WHOLE.fullmatch(text)
    if match is None:
        if text.startswith("-") and _WHOLE.fullmatch(text[1:]):
            raise RowRefused(name, text, gettext_noop("Tonnes cannot be negative."))
        raise RowRefused(name, text, gettext_noop("Not a whole number of tonnes."))
    tonnes = int(match[1])
    if tonnes > MAX_TONNES:
        raise RowRefused(name, text, gettext_noop("More tonnes than there can be."))
    return tonnes


def _tonnes_or_none(fields: Mapping[str, str], name: str) -> int | None:
    return _tonnes(fields, name) if fields.get(name) else None


def _vintage(fields: Mapping[str, str], today: Today) -> int | None:
    text = fields["vintage"]
    if not text:
        return None
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise RowRefused("vintage", text, gettext_noop("Not a year."))
    year = int(match[1])
    if year > today.day.year:
        raise RowRefused("vintage", text, gettext_noop("A vintage in the future."))
    if year < FIRST_VINTAGE:
        raise RowRefused("vintage", text, gettext_noop("Not a year."))
    return year


def _day(fields: Mapping[str, str], name: str, today: Today) -> dt.date | None:
    text = fields.get(name, "")
    if not text:
        return None
    match = _DAY.fullmatch(text)
    try:
        day = dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None or day < FIRST_DAY:
        raise RowRefused(name, text, gettext_noop("Not a date such as 2024-06-30."))
    if day > today.day:
        raise RowRefused(name, text, gettext_noop("A date in the future."))
    return day
