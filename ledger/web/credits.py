"""Batches of credits, and certificates of their use for good (the lists are in registry.py, the steps in retiring.py)."""

import uuid

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.credits.cancellations.selectors import cancellations
from ledger.credits.certificate_pdf import retirement_pdf
from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import (
    batch_by_code,
    may_see_beneficiary,
    retirement_by_public_id,
    retirements,
    serial_numbers,
    serials_by_purpose,
    supply_of,
)
from ledger.journal.models import Account
from ledger.journal.selectors import holding_in
from ledger.transparency.selectors import latest_checkpoint, record_index
from ledger.transparency.subjects import Place, places_of, retirement_subject
from ledger.web.addresses import public_address, qr_svg
from ledger.web.cancellations import pdf_response
from ledger.web.doors import reader_of
from ledger.web.kept import kept_for_visitors
from ledger.web.proof import root_text
from ledger.web.registry_charts import batch_waterfall
from ledger.web.rights import may_hand_on, may_retire

RETIREMENTS_A_PAGE = 20
RUNS_SHOWN = 50
CANCELLATIONS_SHOWN = 20


@require_safe
@kept_for_visitors
def batch_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show a batch: where its tonnes are, their serial numbers, what happened to it, and the proof."""
    batch = batch_by_code(code)
    reader = reader_of(request)
    holding = holding_in(reader.organisation, batch.asset) if reader else None
    supply = supply_of([batch])[batch.pk]
    context = {
        "batch": batch,
        "project": batch.project,
        "supply": supply,
        "waterfall": batch_waterfall(batch, supply),
        "serials": _serials(batch),
        "page": Paginator(retirements().filter(batch=batch), RETIREMENTS_A_PAGE).get_page(request.GET.get("page")),
        "cancellations": cancellations().filter(batch=batch)[:CANCELLATIONS_SHOWN],
        "is_period_over": batch.project.crediting_ends_on < timezone.localdate(),
        "record_id": batch.transaction.record_id,
        "record_index": record_index(batch.transaction.record_id),
        "holding": holding,
        "may_retire": may_retire(reader) and holding is not None and holding.available > 0,
        "may_hand_on": may_hand_on(reader) and holding is not None and holding.available > 0,
    }
    return render(request, "ledger/credits/batch.html", context)


def _serials(batch: Batch) -> list[tuple[str, list[str], int]]:
    """Return, for each purpose, its serial numbers as they are written, and how many runs are not shown."""
    purposes = dict(Account.Purpose.choices)
    return [
        (str(purposes[purpose]), [serial_numbers(batch, *run) for run in runs[:RUNS_SHOWN]], len(runs[RUNS_SHOWN:]))
        for purpose, runs in serials_by_purpose(batch)
    ]


@require_safe
def certificate(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the certificate of a retirement, in both languages, fit to be printed and framed."""
    retirement = retirement_by_public_id(public_id)
    check_address = public_address(request, "certificate_check", retirement.public_id)
    checkpoint = latest_checkpoint()
    context = {
        "retirement": retirement,
        "batch": retirement.batch,
        "project": retirement.batch.project,
        "serials": [serial_numbers(retirement.batch, run.lower, run.upper - 1) for run in retirement.serials],
        "shows_beneficiary": may_see_beneficiary(retirement, reader_of(request)),
        "check_address": check_address,
        "qr": qr_svg(check_address),
        "place": _place_of(retirement),
        "checkpoint": checkpoint,
        "root": root_text(checkpoint),
    }
    return render(request, "ledger/credits/certificate.html", context)


@require_safe
def certificate_as_pdf(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return the certificate as a file, to be printed, kept and handed on."""
    retirement = retirement_by_public_id(public_id)
    place = _place_of(retirement)
    content = retirement_pdf(
        retirement,
        address=public_address(request, "certificate_check", retirement.public_id),
        shows_beneficiary=may_see_beneficiary(retirement, reader_of(request)),
        log_index=place.log_index if place else None,
        record_id=place.record_id if place else None,
    )
    return pdf_response(content, f"certificate-{retirement.public_id}")


def _place_of(retirement: Retirement) -> Place | None:
    """Return where a retirement is recorded."""
    subject = retirement_subject(retirement.public_id)
    return places_of([subject]).get(("credits_retired", subject))
