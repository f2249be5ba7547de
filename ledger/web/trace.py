"""A tonne's whole life on one page, and pages on which the reader's own browser checks what is recorded of it."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ledger.credits.reading import find_serial
from ledger.credits.selectors import may_see_beneficiary, retirement_by_public_id, serial_numbers
from ledger.credits.trace import Trace, trace
from ledger.errors import NoSerialNumber, NotFound, SerialNumberElsewhere, UnknownSerialNumber
from ledger.transparency.keys import log_signer
from ledger.transparency.models import Record
from ledger.transparency.services import format_time
from ledger.web.doors import carry_out, reader_of, show
from ledger.web.forms.lists import SerialSearch
from ledger.web.story import holder_text, move_lines, step_lines

NOT_FOUND = (NoSerialNumber, UnknownSerialNumber, SerialNumberElsewhere)
MAX_DIGITS = 19


@require_safe
def trace_search(request: HttpRequest) -> HttpResponse:
    """Ask for a serial number, and lead to its life."""
    form = SerialSearch(request.GET if "serial" in request.GET else None)
    if form.is_valid():
        serial = carry_out(form, find_serial, text=form.cleaned_data["serial"])
        if serial is not None:
            return redirect("trace", serial=serial)
    return show(request, "ledger/trace/search.html", {"form": form})


@require_safe
def trace_page(request: HttpRequest, serial: str) -> HttpResponse:
    """Show the life of a serial number; what is none is shown with the field to search again."""
    try:
        found = trace(find_serial(serial), viewer=reader_of(request), after=_after(request))
    except NOT_FOUND as error:
        form = SerialSearch({"serial": serial[:100]})
        form.add_error("serial", str(error))
        return render(request, "ledger/trace/search.html", {"form": form}, status=error.status)
    return render(request, "ledger/trace/page.html", _context(found, is_continued="after" in request.GET))


def _after(request: HttpRequest) -> int | None:
    text = request.GET.get("after")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text) < 2**63):
        raise NotFound()
    return int(text)


def _context(found: Trace, *, is_continued: bool) -> dict[str, object]:
    steps = step_lines(found)
    return {
        "trace": found,
        "batch": found.batch,
        "project": found.project,
        "report": found.report,
        "is_continued": is_continued,
        "holder": holder_text(found.holder) if found.holder else "",
        "project_lines": [line for line in steps if line.kind.startswith("project_")],
        "report_lines": [line for line in steps if line.kind.startswith("report_")],
        "issue_lines": [line for line in steps if line.kind == "batch_issued"],
        "move_lines": move_lines(found),
        "more_fields": found.field_count - len(found.fields),
    }


@require_safe
def record_check(request: HttpRequest, record_id: int) -> HttpResponse:
    """Let the reader's browser check that a record is in the log."""
    if not Record.objects.filter(pk=record_id).exists():
        raise NotFound()
    evidence = f"/api/v1/records/{record_id}/evidence"
    return render(request, "ledger/trace/check_record.html", {"record_id": record_id, **_check(evidence)})


@require_safe
def certificate_check(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let the reader's browser check what a certificate says."""
    retirement = retirement_by_public_id(public_id)
    batch = retirement.batch
    context = {
        "retirement": retirement,
        "batch": batch,
        "project": batch.project,
        "runs": [
            (run.lower, run.upper - 1, serial_numbers(batch, run.lower, run.upper - 1)) for run in retirement.serials
        ],
        "shows_beneficiary": may_see_beneficiary(retirement, reader_of(request)),
        "retired_at": format_time(retirement.retired_at),
    }
    evidence = f"/api/v1/retirements/{retirement.public_id}/evidence"
    return render(request, "ledger/trace/check_retirement.html", context | _check(evidence))


def _check(evidence_url: str) -> dict[str, str]:
    return {"evidence_url": evidence_url, "vkey": log_signer().vkey}
