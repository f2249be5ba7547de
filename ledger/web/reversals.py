"""Reversals: report one, see what becomes of it, and make up for it."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.credits.cancellations.selectors import cancellations
from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.pool import pool_t
from ledger.credits.reversals.selectors import (
    access_reversal_by_public_id,
    losable_t,
    replenished_t,
    reversals_seen_by,
    stores_carbon,
)
from ledger.credits.reversals.services import may_report, replenish, report_reversal
from ledger.credits.selectors import batch_by_code
from ledger.journal.models import Account
from ledger.journal.selectors import holdings
from ledger.parties.models import Membership
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.web.doors import carry_out, for_members, reader_of, show
from ledger.web.forms.credits import ReplenishForm
from ledger.web.forms.reversals import ReversalForm
from ledger.web.rights import may_hand_on

REVERSALS_A_PAGE = 20
CANCELLATIONS_SHOWN = 50
# A project that is no further has had no credits.
BEFORE_CREDITS = (
    Project.Status.DRAFT,
    Project.Status.SUBMITTED,
    Project.Status.IN_VALIDATION,
    Project.Status.VALIDATED,
    Project.Status.REJECTED,
)


@require_safe
def reversal_list(request: HttpRequest) -> HttpResponse:
    """List the reversals, with what is still owed for them, and how much is in the pool."""
    found = reversals_seen_by(reader_of(request))
    page = Paginator(found, REVERSALS_A_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    made_up = replenished_t(rows)
    context = {
        "page": page,
        "rows": [(each, (each.owed_t or 0) - made_up[each.pk]) for each in rows],
        "pool_t": pool_t(),
    }
    return render(request, "ledger/reversals/list.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def reversal_new(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Report a loss of a project."""
    project = access_project_by_code(code=code, membership=membership)
    if not may_report(membership, project):
        raise Http404
    form = ReversalForm(request.POST or None, losable_t=losable_t(project), stores_carbon=stores_carbon(project))
    if form.is_valid():
        reported = carry_out(form, report_reversal, actor=membership, project_code=project.code, loss=form.loss())
        if reported is not None:
            messages.success(request, _("The loss is reported. One of the operator's registrars looks at it next."))
            return redirect("reversal", public_id=reported.public_id)
    return show(request, "ledger/reversals/new.html", {"project": project, "form": form})


@require_http_methods(["GET", "POST"])
def reversal_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a reversal and what was cancelled for it; its project's proponent makes up for it here (POST)."""
    reader = reader_of(request)
    reversal = access_reversal_by_public_id(public_id=public_id, membership=reader)
    owed = (reversal.owed_t or 0) - replenished_t([reversal])[reversal.pk]
    form = _replenish_form(request, reversal, reader, owed)
    if request.method == "POST":
        if form is None or reader is None:
            raise Http404
        if form.is_valid() and _is_replenished(form, reader, reversal):
            messages.success(request, _("The credits are cancelled, and make up for the reversal."))
            return redirect("reversal", public_id=public_id)
    context = {
        "reversal": reversal,
        "project": reversal.project,
        "owed": owed,
        "cancellations": cancellations().filter(reversal=reversal)[:CANCELLATIONS_SHOWN],
        "form": form,
    }
    return show(request, "ledger/reversals/page.html", context)


def of_project(project: Project, reader: Membership | None) -> dict[str, Any]:
    """Return what a project's page says of its reversals: each with what is still owed, and whether one may report."""
    found = list(reversals_seen_by(reader).filter(project=project)[:REVERSALS_A_PAGE])
    made_up = replenished_t(found) if found else {}
    is_reporter = project.status not in BEFORE_CREDITS and may_report(reader, project)
    return {
        "reversals": [
            (each, (each.owed_t or 0) - made_up[each.pk] if each.state == Reversal.State.CONFIRMED else 0)
            for each in found
        ],
        "may_report_loss": is_reporter and losable_t(project) > 0,
    }


def _is_replenished(form: ReplenishForm, reader: Membership, reversal: Reversal) -> bool:
    given = form.cleaned_data
    done = carry_out(
        form,
        replenish,
        actor=reader,
        public_id=reversal.public_id,
        batch_id=batch_by_code(given["batch"]).pk,
        quantity_t=given["quantity_t"],
        idempotency_key=form.idempotency_key,
    )
    return done is not None


def _replenish_form(
    request: HttpRequest, reversal: Reversal, reader: Membership | None, owed: int
) -> ReplenishForm | None:
    """Return the form for who may make up for a reversal, None for everybody else."""
    is_proponent = reader is not None and reader.organisation_id == reversal.project.proponent_id
    if reader is None or not is_proponent or not may_hand_on(reader) or reversal.state != Reversal.State.CONFIRMED:
        return None
    own = [each for each in holdings(reader.organisation) if _is_credit(each) and each.available > 0]
    return ReplenishForm(request.POST or None, holdings=own, owed_t=owed)


def _is_credit(account: Account) -> bool:
    return account.asset.kind == account.asset.Kind.CREDIT
