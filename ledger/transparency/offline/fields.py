"""Read the members of a record's body, each of the type that docs/log-entries.md gives it."""

from collections.abc import Mapping
from typing import Any

from ledger.transparency.offline.entries import MAX_INTEGER
from ledger.transparency.offline.findings import Fault

Body = Mapping[str, Any]


def text(body: Body, name: str) -> str:
    """Return a text that is not empty.

    Raises: Fault.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Fault(f"it has no {name}")
    return value


def text_or_none(body: Body, name: str) -> str | None:
    """Return a text, or None where the body says null.

    Raises: Fault.
    """
    if name in body and body[name] is None:
        return None
    return text(body, name)


def whole(body: Body, name: str, *, least: int = 0) -> int:
    """Return a whole number of at least `least`.

    Raises: Fault.
    """
    value = body.get(name)
    if type(value) is not int or not least <= value <= MAX_INTEGER:
        raise Fault(f"its {name} is not a whole number from {least} to 2^53 - 1")
    return value
