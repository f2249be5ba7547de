"""Credits given up for good: the form, the public list and each cancellation's own page."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.cancellations.selectors import cancellation_by_public_id, cancellations, may_see_holder
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.certificate_pdf import cancellation_pdf
from ledger.credits.selectors import batch_by_code, serial_numbers
from ledger.journal.selectors import holding_in
from ledger.parties.models import Membership
from ledger.templatetags.tianhui import tonnes
from ledger.transparency.selectors import record_index
from ledger.web.addresses import public_address, qr_svg
from ledger.web.doors import carry_out, for_members, reader_of, show
from ledger.web.forms.credits import CancelForm
from ledger.web.rights import may_hand_on

CANCELLATIONS_A_PAGE = 20


@require_http_methods(["GET", "POST"])
@for_members
def cancel(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Give credits up: the form, what it says shown once more, then the cancellation's page."""
    batch = batch_by_code(code)
    holding = holding_in(membership.organisation, batch.asset)
    if holding is None or not may_hand_on(membership):
        raise Http404
    form = CancelForm(request.POST or None, holding=holding)
    context = {"batch": batch, "project": batch.project, "form": form}
    if form.is_valid() and "confirmed" in request.POST:
        done = carry_out(form, cancel_credits, actor=membership, batch_id=batch.pk, **form.arguments())
        if done is not None:
            messages.success(request, _("The credits are cancelled."))
            return redirect("cancellation", public_id=done.public_id)
    elif form.is_valid() and "change" not in request.POST:
        form.check_available()
        if form.is_valid():
            return render(request, "ledger/credits/confirm.html", context | _asked_again(form, code))
    return show(request, "ledger/cancellations/new.html", context)


def _asked_again(form: CancelForm, code: str) -> dict[str, object]:
    given = form.cleaned_data
    facts = [
        (_("Credits"), code),
        (_("Tonnes"), tonnes(given["quantity_t"])),
        (_("Reason"), str(Cancellation.Reason(given["reason"]).label)),
        (_("Left to you"), f"{tonnes(form.holding.available - given['quantity_t'])} t"),
    ]
    if given["first_serial"]:
        facts.insert(2, (_("Serial numbers"), numbers_from(given["first_serial"], given["quantity_t"])))
    if given["note"]:
        facts.append((_("Note"), given["note"]))
    return {
        "question": _("Cancel %(quantity)s t for good?") % {"quantity": tonnes(given["quantity_t"])},
        "lead": _("This cannot be undone. Cancelled credits are used by nobody, and nobody gets a claim from them."),
        "facts": facts,
        "symbol": "ban",
        "action": _("Cancel them for good"),
    }


def numbers_from(first: int, quantity_t: int) -> str:
    """Return the run of serial numbers that somebody has chosen."""
    return f"{first}–{first + quantity_t - 1}"


@require_safe
def cancellation_list(request: HttpRequest) -> HttpResponse:
    """List what was cancelled, and why."""
    page = Paginator(cancellations(), CANCELLATIONS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "ledger/cancellations/list.html", {"page": page})


@require_safe
def cancellation_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a cancellation at its permanent address, in both languages."""
    cancellation = cancellation_by_public_id(public_id)
    address = public_address(request, "cancellation", public_id)
    context = {
        "cancellation": cancellation,
        "batch": cancellation.batch,
        "project": cancellation.batch.project,
        "serials": [serial_numbers(cancellation.batch, run.lower, run.upper - 1) for run in cancellation.serials],
        "shows_holder": may_see_holder(cancellation, reader_of(request)),
        "address": address,
        "qr": qr_svg(address),
        "record_id": cancellation.record_id,
        "record_index": record_index(cancellation.record_id),
    }
    return render(request, "ledger/cancellations/page.html", context)


@require_safe
def cancellation_as_pdf(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return the statement of a cancellation, to be printed and kept."""
    cancellation = cancellation_by_public_id(public_id)
    content = cancellation_pdf(
        cancellation,
        address=public_address(request, "cancellation", public_id),
        shows_holder=may_see_holder(cancellation, reader_of(request)),
        log_index=record_index(cancellation.record_id),
    )
    return pdf_response(content, f"cancellation-{public_id}")


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """Return a PDF under a file name."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )
