"""Read an entry of the log: strict canonical JSON with what every entry says."""

import datetime as dt
import functools
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.transparency.offline.findings import Fault

VERSION = 1
MAX_INTEGER = 2**53 - 1
MAX_DIGITS = 18  # of an id or a serial number, which fits into 63 bits
MAX_KNOWN_SHAPES = 1_000
_TIME_LENGTH = len("2026-01-01T00:00:00.000000Z")
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
_KEYS = ("v", "id", "kind", "at", "actor", "nonce", "body")

_OUT_OF_ORDER = -(2**32)  # far below what the names of one entry can make up for

# Names of members that were found to be in order, so that they are not sorted again for each of a million entries.
_sorted_shapes: set[tuple[str, ...]] = set()


@dataclass(slots=True)
class Entry:
    """A record as the log has it."""

    index: int
    id: int
    kind: str
    body: dict[str, Any]
    actor: str


def _refuse_number(_text: str) -> NoReturn:
    raise Fault("it has a number that is not whole")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def read_json(raw: bytes) -> Any:
    """Return what canonical JSON says.

    Raises: Fault for whatever is not UTF-8, not JSON, or written in any other way than the canonical one.
    Source: RFC 8785.
    """
    try:
        content = _decode(raw.decode())
        if not _is_plainly_canonical(raw, content):
            _check_numbers(content)
            if _encode(_in_order(content)).encode() != raw:
                raise Fault("its JSON is not canonical")
    except UnicodeError:
        raise Fault("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Fault("it is not JSON") from None
    return content


def read_entry(index: int, raw: bytes) -> Entry:
    """Return the entry at an index of the log.

    Raises: Fault.
    """
    content = read_json(raw)
    if not isinstance(content, dict):
        raise Fault("it is not an object")
    try:
        version, record_id, kind, at, actor, nonce, body = [content[key] for key in _KEYS]
    except KeyError as error:
        raise Fault(f"it has no {error.args[0]}") from None
    if type(version) is not int or version != VERSION:
        raise Fault(f"its format is version {version!r:.40}, and this program knows version {VERSION}")
    if not (isinstance(kind, str) and isinstance(actor, str) and isinstance(body, dict)):
        raise Fault("its kind, actor or body is of another type than it must be")
    if not (isinstance(nonce, str) and _NONCE.fullmatch(nonce)):
        raise Fault("its nonce is not 16 bytes in base64url")
    if not is_time(at):
        raise Fault("its time is not in UTC with microseconds")
    return Entry(index, number_of(record_id, "id"), kind, body, actor)


def number_of(text: Any, name: str) -> int:
    """Return the number that an id writes in decimal digits.

    Raises: Fault.
    """
    try:
        number = int(text)
        if number > 0 and str(number) == text and len(text) <= MAX_DIGITS:
            return number
    except (TypeError, ValueError):
        pass
    raise Fault(f"its {name} is not a number above zero, written as text")


def is_time(text: object) -> bool:
    """Return whether a text is a time as the log writes it: RFC 3339, UTC, microseconds."""
    return isinstance(text, str) and _is_time(text)


@functools.lru_cache(maxsize=64)  # what is written together has one time
def _is_time(text: str) -> bool:
    if len(text) != _TIME_LENGTH or text[10] != "T" or text[19] != "." or text[-1] != "Z":
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_plainly_canonical(raw: bytes, content: object) -> bool:
    """Return whether JSON without escapes and spaces is canonical; False where it takes a longer look.

    Without a backslash every quote ends or begins a text, so that `":` stands after each name of a member, and there are more of
    them than names where a name came twice.
    """
    if b"\\" in raw or b" " in raw or b"\n" in raw or b"\t" in raw or b"\r" in raw:
        return False
    if b":-0" in raw or b",-0" in raw or b"[-0" in raw or raw[:1] not in b"{[":
        return False
    return _count_sorted_names(content) == raw.count(b'":')


def _count_sorted_names(value: Any) -> int:
    """Return how many names all objects have, or less than none where some are not in order or a number is out of bounds."""
    total = 0
    if type(value) is dict:
        shape = tuple(value)
        if shape not in _sorted_shapes and not _is_sorted(shape):
            return _OUT_OF_ORDER
        total = len(shape)
        value = value.values()
    for part in value:
        kind = type(part)
        if kind is dict or kind is list:
            total += _count_sorted_names(part)
        elif kind is int and not -MAX_INTEGER <= part <= MAX_INTEGER:
            return _OUT_OF_ORDER
    return total


def _is_sorted(shape: tuple[str, ...]) -> bool:
    # In ASCII the order of letters is that of UTF-16, which the canonical form asks for.
    if list(shape) != sorted(shape) or not all(name.isascii() for name in shape):
        return False
    if len(_sorted_shapes) < MAX_KNOWN_SHAPES:
        _sorted_shapes.add(shape)
    return True


def _check_numbers(content: object) -> None:
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Fault("it has a number beyond 2^53 - 1, which must be written as text")


def _in_order(content: Any) -> Any:
    if isinstance(content, dict):
        names = sorted(content, key=lambda name: name.encode("utf-16-be"))
        return {name: _in_order(content[name]) for name in names}
    if isinstance(content, list):
        return [_in_order(part) for part in content]
    return content
