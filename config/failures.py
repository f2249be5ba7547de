"""What a page shows when it failed: that we are at fault, or that the database is away for a moment."""

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg.errors import ReadOnlySqlTransaction

from config.operations.observe.trails import current_request_id

RETRY_AFTER_SECONDS = 1


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of a request that raised what nobody expected (Django's `handler500`).

    The templates need neither a reader nor a language: both may be what could not be read.
    """
    context = {"request_id": current_request_id()}
    error = sys.exception()
    # A copy or a standby, which refuses what writes, is away for whoever would write.
    is_read_only = error is not None and isinstance(error.__cause__, ReadOnlySqlTransaction)
    if is_read_only or isinstance(error, InterfaceError | OperationalError):
        page = render_to_string("503.html", context)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
    return HttpResponse(render_to_string("500.html", context), status=HTTPStatus.INTERNAL_SERVER_ERROR)
