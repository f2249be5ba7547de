"""Read a case, strictly: whatever is unknown, missing, negative or of the wrong type is refused with its path."""

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_DIGITS = 30
MAX_PARCELS = 20_000
MAX_SEASONS = 12
MAX_AMENDMENTS = 20


class InvalidInput(ValueError):
    """A case says something that the methodology cannot take; `path` names the field."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def an_object(value: Any, path: str, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Any]:
    """Return a JSON object that has all the required keys, and none that is neither required nor optional."""
    if not isinstance(value, Mapping):
        raise InvalidInput(path, "must be an object")
    for key in value:
        if key not in required and key not in optional:
            raise InvalidInput(_join(path, str(key)[:40]), "is not known")
    missing = [key for key in required if key not in value]
    if missing:
        raise InvalidInput(_join(path, min(missing)), "is missing")
    return value


def a_list(value: Any, path: str, most: int, least: int = 0) -> list[Any]:
    """Return a JSON list of a bounded length."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise InvalidInput(path, f"must be a list of {least} to {most}")
    return value


def a_word(value: Any, path: str, words: Collection[str]) -> str:
    """Return one of the words."""
    if not isinstance(value, str) or value not in words:
        raise InvalidInput(path, f"must be one of {', '.join(sorted(words))}")
    return value


def a_name(value: Any, path: str) -> str:
    """Return a short text that is not empty."""
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise InvalidInput(path, "must be a text of 1 to 64 characters")
    return value


def a_decimal(value: Any, path: str, *, above_zero: bool = False, most: Decimal | None = None) -> Decimal:
    """Return a number that the case writes as a string, so that no digit is lost."""
    if not isinstance(value, str) or len(value) > MAX_DIGITS or not value.isascii() or value != value.strip():
        raise InvalidInput(path, "must be a decimal number in a string")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidInput(path, "must be a decimal number in a string") from None
    if not number.is_finite() or "_" in value or abs(number.adjusted()) > MAX_DIGITS:
        raise InvalidInput(path, "must be a finite number")
    if number < 0 or (above_zero and number == 0):
        raise InvalidInput(path, "must be more than zero" if above_zero else "must not be negative")
    if most is not None and number > most:
        raise InvalidInput(path, f"must not be more than {most}")
    return number


def whole_days(value: Any, path: str) -> int:
    """Return a number of days within a year."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 366:
        raise InvalidInput(path, "must be whole days, 1 to 366")
    return value


def yields(value: Any, path: str) -> tuple[Decimal, Decimal] | None:
    """Return the yields before and in the project, or None where none are given. Units: t/ha."""
    if value is None:
        return None
    given = an_object(value, path, {"baseline", "project"})
    return a_decimal(given["baseline"], f"{path}.baseline", above_zero=True), a_decimal(
        given["project"], f"{path}.project"
    )


def a_date(value: Any, path: str) -> dt.date:
    """Return a day, written as 2026-03-31."""
    if not isinstance(value, str) or len(value) != 10:
        raise InvalidInput(path, "must be a day such as 2026-03-31")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(path, "must be a day such as 2026-03-31") from None


def unique_ids(parcels: list[Any]) -> None:
    """Refuse two parcels of one id."""
    seen: set[Any] = set()
    for at, parcel in enumerate(parcels):
        name = parcel.get("id") if isinstance(parcel, Mapping) else None
        if isinstance(name, str) and name in seen:
            raise InvalidInput(f"parcels[{at}].id", "is used twice")
        if isinstance(name, str):
            seen.add(name)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
