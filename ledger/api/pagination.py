"""Lists, newest or oldest first, page by page."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from ledger.api.fields import MAX_DIGITS


class NewestFirst(CursorPagination):
    """A cursor keeps its place while new rows arrive. Ids are handed out in order, and every id once."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """Return what the list is ordered by: whoever copies it goes through it from its oldest row on."""
        return ("id",) if request.query_params.get("order") == "oldest" else ("-id",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return where to go on.

        Raises: ValidationError for a cursor that cannot be read, or holds no id.
        """
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise _no_cursor() from None
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if not (position.isdigit() and len(position) <= MAX_DIGITS):
            raise _no_cursor()
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a page, in the words of OpenAPI 3.1."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The page after this one; null where it is the last."},
                "previous": {**link, "description": "The page before this one; null where it is the first."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return nothing: each list's own query serializer describes its parameters, these among them."""
        return []


def _no_cursor() -> ValidationError:
    return ValidationError({"cursor": [_("This is no cursor of ours.")]})
