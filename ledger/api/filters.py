"""What lists are narrowed by: a span of time, and columns that must be something."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ledger.api.serializers import PageQuerySerializer, StrictSerializer

Row = TypeVar("Row", bound=Model)


class Time(serializers.DateTimeField):
    """A time that calendars agree on: neither Shanghai's nor UTC's is at an end there."""

    def to_internal_value(self, value: Any) -> dt.datetime:
        try:
            moment: dt.datetime = super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")
        if not 1900 <= moment.year <= 2999:
            self.fail("overflow")
        return moment


class SpanQuerySerializer(StrictSerializer):
    """`from` and `to`, of which the first is a word of Python's."""

    from_help = "From this time on; without an offset in Shanghai's time."
    to_help = "And before this one."

    def get_fields(self) -> dict[str, Any]:
        """Add the two."""
        times = {
            "from": Time(required=False, help_text=self.from_help),
            "to": Time(required=False, help_text=self.to_help),
        }
        return super().get_fields() | times

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a span that ends before it begins.

        Raises: ValidationError.
        """
        if "from" in attrs and "to" in attrs and attrs["from"] >= attrs["to"]:
            raise ValidationError({"to": [_("The end comes after the beginning.")]})
        return attrs


class WindowQuerySerializer(SpanQuerySerializer, PageQuerySerializer):
    """Query parameters of a list of what has happened."""


def narrowed(
    rows: QuerySet[Row], wanted: Mapping[str, Any], columns: Mapping[str, str] | None = None, *, time: str = ""
) -> QuerySet[Row]:
    """Return the rows of a list that its query asks for.

    `columns` names for a parameter the column that must be what it says; `time` is the column that `from` and `to` mean.
    """
    exactly = {column: wanted[name] for name, column in (columns or {}).items() if name in wanted}
    span = {"from": f"{time}__gte", "to": f"{time}__lt"} if time else {}
    return rows.filter(**exactly, **{bound: wanted[name] for name, bound in span.items() if name in wanted})
