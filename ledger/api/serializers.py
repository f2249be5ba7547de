"""What bodies and query parameters have in common: they say nothing that is not known."""

from collections.abc import Container, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from ledger.api.fields import Choice, Identifier, JsonObject, Text, WholeNumber, WrittenNumber
from ledger.parties.models import Organisation

MAX_UNKNOWN_NAMED = 20


class StrictSerializer(serializers.Serializer[Any]):
    """A body of which every field is known."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


def refuse_unknown(data: Mapping[str, Any], known: Container[str]) -> None:
    """Refuse names that are not known.

    Raises: ValidationError.
    """
    unknown = [name for name in data if name not in known]
    if unknown:
        error = ErrorDetail(_("There is no such field."), "unknown")
        raise ValidationError({name: [error] for name in unknown[:MAX_UNKNOWN_NAMED]})


class NothingSerializer(StrictSerializer):
    """A body without a field: `{}`, or none at all."""


class StatementSerializer(StrictSerializer):
    statement = Text(max_length=5_000)


class ReasonSerializer(StrictSerializer):
    reason = Text(max_length=1_000)


ORDERS = [("newest", "newest first"), ("oldest", "oldest first")]


class PageQuerySerializer(StrictSerializer):
    """Query parameters of a list."""

    cursor = Text(required=False, help_text="Where to go on; `next` and `previous` of an answer hold it.")
    page_size = WrittenNumber(required=False, min_value=1, max_value=500, help_text="50 where none is given.")
    order = Choice(required=False, choices=ORDERS, help_text="`newest` first where none is given.")


class OrganisationNameSerializer(serializers.Serializer[Organisation]):
    id = Identifier(source="public_id")
    name = Text()
    name_en = Text()


class OrganisationBriefSerializer(OrganisationNameSerializer):
    kind = Choice(choices=Organisation.Kind.choices)
    status = Choice(choices=Organisation.Status.choices)


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with the body or the query."""

    pointer = Text(help_text="JSON pointer (RFC 6901) into the body, or / and a query parameter's name.")
    code = Text(help_text="Stable, for programs.")
    detail = Text(help_text="For people, in the language that Accept-Language asks for.")


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal, as RFC 9457 writes it."""

    type = Text(help_text="The address of the page about `code`.")
    title = Text()
    status = WholeNumber()
    code = Text(help_text="Stable, for programs.")
    detail = Text(help_text="For people, in the language that Accept-Language asks for.")
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]
    scope = Text(required=False, help_text="Of `insufficient_scope`: the scope that the token needs.")
    geojson = JsonObject(
        required=False,
        help_text="Where on the map fields are refused: a FeatureCollection of overlaps and of points, each with `pointer`.",
    )
