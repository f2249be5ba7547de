"""Use credits up in three steps: choose them, say in whose name and for what, look it over; and one's certificates."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import batch_by_code, retirements, serial_numbers
from ledger.credits.services import look_over_retirement, retire_credits
from ledger.journal.models import Account, Asset
from ledger.journal.selectors import holding_in, holdings, runs_to_give
from ledger.parties.models import Membership
from ledger.web.cancellations import numbers_from
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.credits import RetireForm
from ledger.web.rights import may_retire

CHOICES_A_PAGE = 20
CERTIFICATES_A_PAGE = 20
RUNS_SHOWN = 10


@require_safe
@for_members
def choose(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show which credits one can retire: the first step."""
    if not membership.organisation.holds_assets:
        raise Http404
    held = holdings(membership.organisation).filter(asset__kind=Asset.Kind.CREDIT, balance__gt=0)
    context = {
        "page": Paginator(held, CHOICES_A_PAGE).get_page(request.GET.get("page")),
        "may_retire": may_retire(membership),
    }
    return render(request, "ledger/credits/retire_choose.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def retire(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Use credits up: the form, what it says shown once more, then the certificate."""
    batch = batch_by_code(code)
    holding = holding_in(membership.organisation, batch.asset)
    if holding is None or not may_retire(membership):
        raise Http404
    form = RetireForm(request.POST or None, holding=holding)
    context = {"batch": batch, "project": batch.project, "form": form, "holding": holding}
    if not form.is_valid():
        return show(request, "ledger/credits/retire.html", context)
    if "confirmed" in request.POST:
        retirement = carry_out(form, retire_credits, actor=membership, batch_id=batch.pk, **form.arguments())
        if retirement is not None:
            messages.success(request, _("The credits are retired. This certificate is their proof."))
            return redirect("certificate", public_id=retirement.public_id)
    elif form.cleaned_data["quantity_t"] > holding.available:
        form.add_error("quantity_t", _("You have not so many: choose fewer."))
    elif "change" not in request.POST and _can_stand(form, membership, batch):
        context |= _looked_over(form, batch, holding)
        return render(request, "ledger/credits/retire_confirm.html", context)
    return show(request, "ledger/credits/retire.html", context)


def _can_stand(form: RetireForm, membership: Membership, batch: Batch) -> bool:
    """Return whether what a form says would be taken, before it is shown as a certificate; else the form says why not."""
    said = form.arguments()
    del said["first_serial"]
    return carry_out(form, look_over_retirement, actor=membership, batch=batch, **said) is not None


def _looked_over(form: RetireForm, batch: Batch, holding: Account) -> dict[str, Any]:
    """Return what the last step shows beside what was entered: the numbers that would go, and what is left."""
    quantity_t, chosen = form.cleaned_data["quantity_t"], form.cleaned_data["first_serial"]
    shown: dict[str, Any] = {
        "purpose": Retirement.Purpose(form.cleaned_data["purpose"]).label,
        "left": holding.available - quantity_t,
    }
    if chosen:
        return shown | {"numbers": numbers_from(chosen, quantity_t), "serials": [], "more_t": 0}
    runs, more_t = runs_to_give(holding, quantity_t, RUNS_SHOWN)
    return shown | {"serials": [serial_numbers(batch, *run) for run in runs], "more_t": more_t}


@require_safe
@for_members
def certificates(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List the retirements of one's organisation, each with its certificate."""
    if not membership.organisation.holds_assets:
        raise Http404
    own = retirements().filter(organisation=membership.organisation)
    context = {"page": Paginator(own, CERTIFICATES_A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "ledger/credits/certificates.html", context)
