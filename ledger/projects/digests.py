"""Hashes of what is too large for the log, the same before it is stored and after it is read again."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson


def text_sha256(text: str) -> str:
    """Return the hash of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def sheet_sha256(sheet: Mapping[str, Any]) -> str:
    """Return the hash of a calculation sheet, which has no numbers but whole ones, over its sorted compact JSON."""
    return hashlib.sha256(orjson.dumps(sheet, option=orjson.OPT_SORT_KEYS)).hexdigest()


def json_sha256(content: Any) -> str:
    """Return the hash of a JSON value: of sorted compact JSON in which every number is a string, in plain decimals.

    A number is then hashed by what it is: 1e2, 100 and 100.0 are one, and the database may write any of them.
    """
    return text_sha256(json.dumps(_plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Plus zero: there is no minus nought in the database.
        return format((Decimal(repr(value)) + 0).normalize(), "f")
    return value
