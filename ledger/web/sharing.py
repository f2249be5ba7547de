"""How a cooperative shares what it sells: its plan, what was shared, what is paid out, and the notice for the village."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.sharing.basis import contributions_of
from ledger.credits.sharing.models import Distribution, SharingPlan
from ledger.credits.sharing.notice import Notice, notice_csv, read_notice
from ledger.credits.sharing.notice_pdf import notice_pdf
from ledger.credits.sharing.plans import PROJECTS, PlanTerms, preview_plan, state_plan
from ledger.credits.sharing.selectors import (
    access_distribution,
    access_payout,
    distributed_between,
    distributions_seen_by,
    lines_of,
    payable_fen,
    payouts_seen_by,
    plans_now,
    plans_of,
    public_plan_of,
    shares_in,
    waiting_of,
    wholes_of,
)
from ledger.errors import DomainError, InvalidValue, NotFound
from ledger.journal.payouts import request_payout
from ledger.journal.statement_csv import exact
from ledger.parties.models import Household, Membership
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.transparency.selectors import record_index
from ledger.web.addresses import qr_svg
from ledger.web.doors import for_members, reader_of, show
from ledger.web.forms.sharing import NoticeForm, PlanForm, contribution_lines
from ledger.web.households import require_cooperative
from ledger.web.rights import may_share, may_withdraw
from ledger.web.security.doors import for_fresh_sessions

DISTRIBUTIONS_A_PAGE = 20
SHARES_A_PAGE = 100
SHOWN = 10


@require_safe
@for_members
def sharing(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show a cooperative's plan, what was shared by it, what waits, and what is paid out."""
    cooperative = require_cooperative(membership)
    payable, payees = payable_fen(cooperative)
    found = distributions_seen_by(membership)
    context = {
        "plans": plans_now(cooperative),
        "versions": plans_of(cooperative)[:SHOWN],
        "waiting": waiting_of(cooperative),
        "payable_fen": payable,
        "payees": payees,
        "payouts": payouts_seen_by(membership)[:SHOWN],
        "page": Paginator(found, DISTRIBUTIONS_A_PAGE).get_page(request.GET.get("page")),
        "households": Household.objects.filter(cooperative=cooperative, left_at=None).count(),
        "may_decide": may_share(membership),
        "may_pay_out": may_withdraw(membership),
        "notice_form": NoticeForm(),
    }
    return show(request, "ledger/sharing/overview.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def plan_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """State a plan: the form, what each household would get of 10,000 yuan, then it holds."""
    cooperative = require_cooperative(membership)
    if not may_share(membership):
        raise Http404
    projects = list(Project.objects.filter(proponent=cooperative, status__in=PROJECTS).order_by("number"))
    form = PlanForm(request.POST or None, projects=projects, initial=_initial(membership))
    context: dict[str, Any] = {"form": form}
    if not form.is_valid() or "change" in request.POST:
        return show(request, "ledger/sharing/plan.html", context)
    try:
        terms = form.terms()
        if "confirmed" in request.POST:
            state_plan(actor=membership, terms=terms)
            messages.success(request, _("The plan is stated. It holds for what is sold from its day on."))
            return redirect("sharing")
        context |= {"preview": preview_plan(actor=membership, terms=terms), "terms": terms, "plan": _as_plan(terms)}
    except DomainError as error:
        form.refuse(error.field, str(error))
        return show(request, "ledger/sharing/plan.html", context)
    return render(request, "ledger/sharing/plan_confirm.html", context)


def _initial(membership: Membership) -> dict[str, object]:
    """Return what the form begins with: the plan that was stated last, with all members among the contributions."""
    last = plans_of(membership.organisation).first()
    members = Household.objects.filter(cooperative=membership.organisation, left_at=None).order_by("code", "id")
    known = contributions_of(last.pk) if last else {}
    lines = contribution_lines(list(members), known)
    if last is None:
        return {"contributions": lines}
    parts = {"area": last.area_bps, "equal": last.equal_bps, "contribution": last.contribution_bps}
    whole = [name for name, bps in parts.items() if bps == sum(parts.values())]
    return {
        "project": last.project.code if last.project else "",
        "retained": f"{last.retained_bps / 100:g}",
        "retained_for": last.retained_for,
        "rule": whole[0] if whole else "mixed",
        "contributions": lines,
        "is_public": last.is_public,
        **({} if whole else {name: f"{bps / 100:g}" for name, bps in parts.items()}),
    }


def _as_plan(terms: PlanTerms) -> SharingPlan:
    """Return a plan that is not stated yet, to be shown like one."""
    return SharingPlan(
        retained_bps=terms.retained_bps,
        area_bps=terms.area_bps,
        equal_bps=terms.equal_bps,
        contribution_bps=terms.contribution_bps,
    )


@require_safe
@for_members
def distribution_page(request: HttpRequest, membership: Membership, distribution_id: int) -> HttpResponse:
    """Show a distribution: its sales, what is kept, and each household's share."""
    found = access_distribution(distribution_id=distribution_id, membership=membership)
    context = {
        "distribution": found,
        "whole": wholes_of([found.pk]).get(found.pk),
        "page": Paginator(shares_in(found), SHARES_A_PAGE).get_page(request.GET.get("page")),
        "sales": found.sales.order_by("transaction_id")[:SHOWN],
        "record_index": record_index(found.record_id),
    }
    return show(request, "ledger/sharing/distribution.html", context)


@require_safe
@for_members
def notice_page(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the notice of a distribution or a period, to be printed on A4 and hung up."""
    found = _notice(request, membership)
    address = _address(request, found)
    context = {"notice": found, "address": address, "qr": qr_svg(address)}
    return show(request, "ledger/sharing/notice.html", context)


@require_safe
@for_members
def notice_as_pdf(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Return the notice as PDF."""
    found = _notice(request, membership)
    return HttpResponse(
        notice_pdf(found, _address(request, found)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{found.file_name}.pdf"'},
    )


@require_safe
@for_members
def notice_as_csv(request: HttpRequest, membership: Membership) -> StreamingHttpResponse:
    """Return the notice as CSV."""
    found = _notice(request, membership)
    return StreamingHttpResponse(
        notice_csv(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found.file_name}.csv"'},
    )


@require_POST
@for_fresh_sessions("sharing")
@for_members
def payout_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Order that all households be paid what they have."""
    require_cooperative(membership)
    request_payout(actor=membership)
    messages.success(request, _("The payout is ordered. A treasurer pays it next, and confirms it."))
    return redirect("sharing")


@require_safe
@for_members
def payout_as_csv(request: HttpRequest, membership: Membership, payout_id: int) -> StreamingHttpResponse:
    """Return whom a payout pays how much, as a list for the bank and for whoever hands it out."""
    payout = access_payout(payout_id=payout_id, membership=membership)
    lines = [
        (line.account.household.code, line.account.household.name, exact(line.amount_fen, is_credit=False))  # type: ignore[union-attr]
        for line in lines_of(payout)
    ]
    rows = [BYTE_ORDER_MARK, csv_row(("code", "name", "yuan")), *map(csv_row, lines)]
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="tianhui-payout-{payout.pk}.csv"'},
    )


@require_safe
def project_sharing(request: HttpRequest, code: str) -> HttpResponse:
    """Show to everybody how a project's proceeds are shared, where its cooperative says so publicly."""
    project = access_project_by_code(code=code, membership=reader_of(request))
    context = {"project": project, "plan": public_plan_of(project.pk, project.proponent_id)}
    return render(request, "ledger/sharing/public.html", context)


def _notice(request: HttpRequest, membership: Membership) -> Notice:
    form = NoticeForm(request.GET)
    if not form.is_valid():
        field, messages_ = next(iter(form.errors.items()))
        raise InvalidValue(field=field, reason=str(messages_[0]))
    if request.GET.get("distribution", "").isdecimal():
        found: Sequence[Distribution] = [
            access_distribution(distribution_id=int(request.GET["distribution"][:18]), membership=membership)
        ]
    else:
        cooperative = require_cooperative(membership)
        found = list(distributed_between(cooperative, *_days(form)))
    with_names = form.cleaned_data["names"] != "codes"
    notice = read_notice(found[0].cooperative if found else membership.organisation, found, with_names=with_names)
    if notice is None:
        raise NotFound()
    return notice


def _days(form: NoticeForm) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return when the period of a form begins, and when it is over."""
    start, end = form.cleaned_data["starts_on"], form.cleaned_data["ends_on"]
    after = None if end is None or end == dt.date.max else end + dt.timedelta(days=1)
    return _midnight(start), _midnight(after)


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time(), timezone.get_default_timezone())


def _address(request: HttpRequest, notice: Notice) -> str:
    """Return where the record of the notice's newest distribution is checked."""
    return request.build_absolute_uri(reverse("record_check", args=[notice.record_ids[-1]]))
