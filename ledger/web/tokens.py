"""Keep one's API tokens: make one, see what each may do and when it was used, and revoke one, or all."""

import datetime as dt

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ledger.parties import services
from ledger.parties.models import ApiToken, Membership
from ledger.parties.scopes import labels_of
from ledger.parties.security.origins import origin_of
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.people import TokenForm

TOKENS_A_PAGE = 20
SOON = services.WARNED_BEFORE


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def tokens(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List one's API tokens and make new ones.

    The answer to a form is otherwise a redirect; here it is the page itself, so that the secret, which is shown this once,
    rests nowhere on the way.
    """
    form = TokenForm(request.POST or None)
    made = None
    if form.is_valid():
        made = _make(request, form, membership)
        form = form if made is None else TokenForm()
    token, secret = made or (None, None)
    page = Paginator(ApiToken.objects.filter(user=membership.user).order_by("-id"), TOKENS_A_PAGE)
    found = page.get_page(request.GET.get("page"))
    context = {
        "form": form,
        "secret": secret,
        "made": token,
        "page": found,
        "rows": [(each, labels_of(each.scopes), _ends_soon(each)) for each in found.object_list],
        "has_good": any(each.is_good for each in found.object_list),
    }
    return show(request, "ledger/accounts/tokens.html", context)


def _make(request: HttpRequest, form: TokenForm, membership: Membership) -> tuple[ApiToken, str] | None:
    wanted = dict(form.cleaned_data)
    last_day = wanted.pop("expires_on")
    try:
        expires_at = timezone.make_aware(dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time.min))
    except OverflowError:
        form.add_error("expires_on", _("A token is good for one year at most."))
        return None
    return carry_out(
        form,
        services.issue_token,
        user=membership.user,
        expires_at=expires_at,
        origin=origin_of(request),
        **wanted,
    )


def _ends_soon(token: ApiToken) -> bool:
    return token.is_good and token.expires_at is not None and token.expires_at <= timezone.now() + SOON


@require_POST
@for_members
def revoke_token(request: HttpRequest, membership: Membership, token_id: int) -> HttpResponse:
    """Make one's token worthless."""
    token = services.revoke_token(user=membership.user, token_id=token_id, origin=origin_of(request))
    messages.success(request, _("The token %(name)s is worthless now.") % {"name": token.name})
    return redirect("tokens")


@require_POST
@for_members
def revoke_tokens(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Make all of one's tokens worthless."""
    count = services.revoke_tokens(user=membership.user, origin=origin_of(request))
    message = ngettext("%(count)s token is worthless now.", "%(count)s tokens are worthless now.", count)
    messages.success(request, message % {"count": count})
    return redirect("tokens")
