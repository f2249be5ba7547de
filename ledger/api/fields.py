"""Fields that take exactly what they say: no number in a text, no text from a number, nothing that cannot be stored."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

MAX_WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""
MAX_DIGITS = 19
MAX_ROW_ID = 2**63 - 1
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_DEPTH = 16


class WholeNumber(serializers.IntegerField):
    """A whole number, written as one: not 5.0, not "5", not true."""

    default_error_messages = {"invalid": _("Give a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class WrittenNumber(WholeNumber):
    """A whole number in digits, as a query or a path has it."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not (data.isascii() and data.isdigit() and len(data) <= MAX_DIGITS):
            self.fail("invalid")
        return int(data)


class Text(serializers.CharField):
    """A text; a number is none."""

    default_error_messages = {"invalid": _("Give a text.")}

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class Choice(serializers.ChoiceField):
    """One of the words; what was given instead is not repeated."""

    default_error_messages = {"invalid_choice": _("Choose one of: %(choices)s.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            message = self.error_messages["invalid_choice"] % {"choices": ", ".join(self.choices)}
            raise serializers.ValidationError(message, "invalid_choice")
        return data


class Flag(serializers.BooleanField):
    """True or false, as JSON writes them."""

    default_error_messages = {"invalid": _("Give true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Identifier(serializers.UUIDField):
    """A UUID, as a text."""

    default_error_messages = {"invalid": _("Give an identifier, such as 01234567-89ab-cdef-0123-456789abcdef.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Instant(serializers.DateTimeField):
    """A time to come in, with its distance from UTC: 2026-12-01T15:00:00+08:00."""

    default_error_messages = {"invalid": _("Give a time with its zone, such as 2026-12-01T15:00:00+08:00.")}

    def to_internal_value(self, value: Any) -> dt.datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="")
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="")
        # The year is that of a time that every zone can write.
        if moment.tzinfo is None or not 2 <= moment.year <= 9_998:
            self.fail("invalid", format="")
        return moment.astimezone(dt.UTC)


class Day(serializers.DateField):
    """A day to come in, as ISO 8601 writes it: 2026-06-14."""

    default_error_messages = {"invalid": _("Give a day, such as 2026-06-14.")}

    def to_internal_value(self, value: Any) -> dt.date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid", format="")
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="")


@extend_schema_field({"type": "string", "example": "09:30:00"})
class ClockTime(serializers.TimeField):
    """A time of day as a clock at the place shows it: without an offset, so that it is no `time` of JSON Schema's."""


class SerialNumber(Text):
    """A serial number, as a text: it may be longer than what a reader of JSON keeps exactly."""

    default_error_messages = {"no_serial": _('Give a serial number in digits, such as "123".')}

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            self.fail("no_serial")
        return int(text)


class Moment(serializers.DateTimeField):
    """A time, written in UTC by the renderer."""

    def to_representation(self, value: dt.datetime) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JsonObject(serializers.JSONField):
    """A JSON object of any content that can be stored: texts, finite numbers, not nested without end."""

    default_error_messages = {
        "not_an_object": _("Give an object."),
        "too_deep": _("This is nested too deeply."),
        "null_characters_not_allowed": _("Null characters are not allowed."),
        "surrogate_characters_not_allowed": _("Half a character is not allowed: U+%(code)04X."),
        "number_out_of_bounds": _("A number is within ±(2^53 - 1)."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        for value in self._walk(data):
            self._check(value)
        return data

    def _walk(self, data: Any) -> Iterator[Any]:
        """Yield all that is inside, level by level, so that no nesting can exhaust the stack."""
        level = [data]
        for _depth in range(MAX_DEPTH):
            inner: list[Any] = []
            for value in level:
                yield value
                if isinstance(value, dict):
                    inner += value.values()
                elif isinstance(value, list):
                    inner += value
            if not inner:
                return
            level = inner
        self.fail("too_deep")

    def _check(self, value: Any) -> None:
        if isinstance(value, str):
            if "\x00" in value:
                self.fail("null_characters_not_allowed")
            if has_surrogates(value):
                self.fail("surrogate_characters_not_allowed")
        elif isinstance(value, int | float) and not abs(value) <= MAX_WHOLE:
            self.fail("number_out_of_bounds")


def has_surrogates(text: str) -> bool:
    """Return whether a text holds halves of characters, which UTF-8 cannot write."""
    return any("\ud800" <= character <= "\udfff" for character in text)
