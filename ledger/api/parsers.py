"""JSON in, strictly: one object, no NaN, no key twice, no key that cannot be stored, not too deep."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from ledger.api.fields import has_surrogates

MAX_BYTES = 5_000_000


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ParseError(_("The body is larger than 5 MB."))
        try:
            body = json.loads(
                content.decode("utf-8"),
                object_pairs_hook=_object,
                parse_constant=_no_constant,
                parse_float=_finite,
            )
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("The body is not valid JSON: %(why)s") % {"why": error}) from None
        if not isinstance(body, dict):
            raise ParseError(_("The body must be a JSON object."))
        return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a key twice")
    if any(not key.isascii() and has_surrogates(key) for key in found) or any("\x00" in key for key in found):
        raise ValueError("a key holds a character that cannot be stored")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
