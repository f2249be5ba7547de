"""A cooperative's member households: the list, one of them, and the sheet of their links to be handed out."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.sharing.links import MadeLink, make_links, make_missing_links, revoke_link
from ledger.credits.sharing.selectors import (
    funds_of,
    households_of,
    payouts_to,
    shares_of_household,
)
from ledger.parties.households import (
    access_household,
    add_household,
    households_csv,
    import_households,
    leave_household,
    rename_household,
)
from ledger.parties.models import Household, Membership, Organisation
from ledger.projects.models import Parcel
from ledger.web.addresses import qr_svg
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.sharing import HouseholdFileForm, HouseholdForm, HouseholdSearch
from ledger.web.rights import may_prepare

HOUSEHOLDS_A_PAGE = 50
SHARES_A_PAGE = 20


@require_http_methods(["GET", "POST"])
@for_members
def household_list(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List a cooperative's households, add one, or a whole list."""
    cooperative = require_cooperative(membership)
    is_file = "file" in request.FILES or "import" in request.POST
    posted = request.POST if request.method == "POST" else None
    form = HouseholdForm(None if is_file else posted)
    file_form = HouseholdFileForm(posted if is_file else None, request.FILES if is_file else None)
    if form.is_valid() and carry_out(form, add_household, actor=membership, **form.cleaned_data) is not None:
        messages.success(request, _("The household is added."))
        return redirect("households")
    if file_form.is_valid():
        added = carry_out(file_form, import_households, actor=membership, content=file_form.cleaned_data["file"])
        if added is not None:
            text = ngettext("%(count)s household is added.", "%(count)s households are added.", len(added))
            messages.success(request, text % {"count": len(added)})
            return redirect("households")
    search = HouseholdSearch(request.GET)
    text = search.cleaned_data["q"] if search.is_valid() else ""
    page = Paginator(households_of(cooperative, text), HOUSEHOLDS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "file_form": file_form,
        "search": search,
        "text": text,
        "page": page,
        "may_keep": may_prepare(membership),
    }
    return show(request, "ledger/sharing/households.html", context)


@require_safe
@for_members
def household_export(request: HttpRequest, membership: Membership) -> StreamingHttpResponse:
    """Return the households as CSV."""
    cooperative = require_cooperative(membership)
    households = Household.objects.filter(cooperative=cooperative).order_by("code", "id")
    return StreamingHttpResponse(
        households_csv(list(households)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tianhui-households.csv"'},
    )


@require_http_methods(["GET", "POST"])
@for_members
def household_page(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Show a household with its fields, shares and payments, and change its name or code."""
    household = access_household(public_id=public_id, membership=membership)
    initial = {"code": household.code, "name": household.name}
    form = HouseholdForm(request.POST or None, initial=initial)
    if form.is_valid():
        changed = carry_out(form, rename_household, actor=membership, public_id=public_id, **form.cleaned_data)
        if changed is not None:
            messages.success(request, _("The household is changed."))
            return redirect("household", public_id=public_id)
    shares = Paginator(shares_of_household(household), SHARES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "household": household,
        "form": form,
        "is_own": household.cooperative_id == membership.organisation_id,
        "may_keep": may_prepare(membership) and household.cooperative_id == membership.organisation_id,
        "link": getattr(household, "link", None),
        "funds": funds_of(household),
        "fields": fields_of(household),
        "page": shares,
        "payouts": payouts_to(household)[:SHARES_A_PAGE],
    }
    return show(request, "ledger/sharing/household.html", context)


@require_POST
@for_members
def household_leave(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Note that a household is no member any more."""
    leave_household(actor=membership, public_id=public_id)
    messages.success(
        request, _("The household has left. It keeps what it has, and shares in vintages that began before.")
    )
    return redirect("household", public_id=public_id)


@never_cache
@require_POST
@for_members
def household_links(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Make the links of households that have none, and show them this once, to be printed and handed out.

    The answer to a form is otherwise a redirect; here it is the sheet itself, so that the links, which are shown this
    once, rest nowhere on the way.
    """
    return _sheet(request, membership, make_missing_links(actor=membership))


@never_cache
@require_POST
@for_members
def household_link(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Make one household's link anew, and show it this once."""
    return _sheet(request, membership, make_links(actor=membership, public_ids=[public_id]))


@require_POST
@for_members
def household_unlink(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Make a household's link worthless."""
    revoke_link(actor=membership, public_id=public_id)
    messages.success(request, _("The link is revoked: whoever opens it finds nothing."))
    return redirect("household", public_id=public_id)


def require_cooperative(membership: Membership) -> Organisation:
    """Return the reader's cooperative; there is no such page for others."""
    if membership.organisation.kind != Organisation.Kind.COOPERATIVE:
        raise Http404
    return membership.organisation


def fields_of(household: Household) -> Sequence[Parcel]:
    """Return a household's fields, by project and code."""
    return list(household.parcels.select_related("project").order_by("project_id", "code"))


def _sheet(request: HttpRequest, membership: Membership, made: Sequence[MadeLink]) -> HttpResponse:
    if not made:
        messages.info(
            request, _("Every member household has a link already: make one anew on the household's own page.")
        )
        return redirect("households")
    rows = [(each.household, address := _address(request, each.token), qr_svg(address)) for each in made]
    response = render(request, "ledger/sharing/links.html", {"rows": rows, "cooperative": membership.organisation})
    response["Referrer-Policy"] = "no-referrer"
    return response


def _address(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("household_link_page", args=[token]))
