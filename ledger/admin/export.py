"""Lists as CSV: what is filtered and searched, all its columns as they are shown, row by row as it is read."""

import csv
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.db import models
from django.http import HttpRequest, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ledger.admin.display import moment

if TYPE_CHECKING:
    from ledger.admin.base import ViewOnlyAdmin

MOST_ROWS = 100_000
ROWS_AT_ONCE = 1_000
# Spreadsheets take UTF-8 for what it is where this stands before it.
BYTE_ORDER_MARK = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def exported(request: HttpRequest, model_admin: "ViewOnlyAdmin") -> HttpResponseBase:
    """Return a list of the desk as a CSV file, up to a limit that its last line tells where it is reached."""
    try:
        changelist = model_admin.get_changelist_instance(request)
        rows = changelist.queryset
    except IncorrectLookupParameters:
        return HttpResponseBadRequest(gettext("The list has no such filter."), content_type="text/plain; charset=utf-8")
    columns = [column for column in changelist.list_display if column != "action_checkbox"]
    name = f"{model_admin.opts.model_name}-{timezone.localtime():%Y%m%d-%H%M%S}.csv"
    return csv_answer(name, _lines(model_admin, columns, rows))


def csv_answer(name: str, lines: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """Return lines as a CSV file, written while it is read."""
    writer = csv.writer(Echo())
    language = translation.get_language()

    def text() -> Iterator[str]:
        yield BYTE_ORDER_MARK
        found = iter(lines)
        while True:
            # The reader's language is that of the request, which is over while this is read.
            with translation.override(language):
                some = [writer.writerow([cell_text(cell) for cell in line]) for line in itertools.islice(found, 500)]
            if not some:
                return
            yield "".join(some)

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(text(), content_type="text/csv; charset=utf-8", headers=headers)


def cell_text(value: object) -> str:
    """Return what a cell shows, as text that no spreadsheet takes for a formula."""
    text = strip_tags(value).strip() if isinstance(value, SafeString) else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _lines(model_admin: "ViewOnlyAdmin", columns: list[Any], rows: models.QuerySet[Any]) -> Iterator[list[object]]:
    yield [label_for_field(column, model_admin.model, model_admin) for column in columns]
    # One more than the limit tells whether there are more.
    found = rows[: MOST_ROWS + 1].iterator(ROWS_AT_ONCE)
    written = 0
    while some := list(itertools.islice(found, min(ROWS_AT_ONCE, MOST_ROWS - written))):
        model_admin.prepare(some)
        yield from ([_cell(model_admin, column, row) for column in columns] for row in some)
        written += len(some)
    if next(found, None) is not None:
        yield [gettext("The export ends after %(count)s rows: there are more. Narrow the list.") % {"count": MOST_ROWS}]


def _cell(model_admin: "ViewOnlyAdmin", column: Any, row: models.Model) -> object:
    field, _attribute, value = lookup_field(column, row, model_admin)
    if value is None:
        return ""
    if field is not None and getattr(field, "flatchoices", None):
        return dict(field.flatchoices).get(value, value)
    if isinstance(field, models.DateTimeField):
        return moment(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return value
