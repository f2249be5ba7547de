"""Webhooks: the addresses of one's organisation, what they are told, and how deliveries went."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.webhooks import WebhookForm
from ledger.webhooks import services
from ledger.webhooks.delivering import is_resting
from ledger.webhooks.events import event_types
from ledger.webhooks.models import WebhookDelivery, WebhookEndpoint
from ledger.webhooks.selectors import (
    access_delivery_by_id,
    access_endpoint_by_public_id,
    attempts_at,
    deliveries_to,
    endpoints_of,
    last_attempts,
)

DELIVERIES_A_PAGE = 30
ERRORS = {
    "timeout": gettext_lazy("no answer in time"),
    "tls": gettext_lazy("the certificate is not good"),
    "no_connection": gettext_lazy("no connection"),
    "unknown_host": gettext_lazy("there is no such host"),
    "address": gettext_lazy("the address is in a private network: not called"),
    "port": gettext_lazy("another port than 443 or 8443: not called"),
    "not_https": gettext_lazy("not https: not called"),
    "malformed": gettext_lazy("the address is malformed: not called"),
    "credentials": gettext_lazy("the address holds a password: not called"),
}
PAUSES = {
    "failing": pgettext_lazy("webhook", "It has answered nothing well for five days."),
    "gone": pgettext_lazy("webhook", "It has answered 410: gone."),
}


def _may_change(membership: Membership) -> bool:
    return membership.role == Membership.Role.OWNER


@require_safe
@for_members
def webhook_list(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the addresses of one's organisation."""
    context = {"endpoints": list(endpoints_of(membership.organisation)), "may_change": _may_change(membership)}
    return render(request, "ledger/webhooks/list.html", context)


@require_safe
@for_members
def event_catalogue(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what there is to be told of, and what a delivery looks like."""
    return render(request, "ledger/webhooks/events.html", {"types": event_types()})


@never_cache
@require_http_methods(["GET", "POST"])
@for_members
def webhook_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Add an address. The answer to the form is the page itself, so that the secret, shown this once, rests nowhere."""
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        made = carry_out(form, services.add_endpoint, actor=membership, **form.cleaned_data)
        if made is not None:
            return _page(request, membership, made[0].public_id, secret=made[1])
    context = {"form": form, "may_change": _may_change(membership)}
    return show(request, "ledger/webhooks/edit.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def webhook_edit(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Change an address, or what it is told of."""
    endpoint = access_endpoint_by_public_id(public_id=public_id, membership=membership)
    initial = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    form = WebhookForm(request.POST or None, initial=initial)
    if form.is_valid() and _changed(form, membership, public_id) is not None:
        messages.success(request, _("The webhook is changed."))
        return redirect("webhook", public_id=public_id)
    context = {"form": form, "endpoint": endpoint, "may_change": _may_change(membership)}
    return show(request, "ledger/webhooks/edit.html", context)


def _changed(form: WebhookForm, membership: Membership, public_id: UUID) -> WebhookEndpoint | None:
    return carry_out(form, services.change_endpoint, actor=membership, public_id=public_id, **form.cleaned_data)


@require_safe
@for_members
def webhook_page(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Show an address, and how deliveries to it went."""
    return _page(request, membership, public_id)


def _page(request: HttpRequest, membership: Membership, public_id: UUID, secret: str = "") -> HttpResponse:
    endpoint = access_endpoint_by_public_id(public_id=public_id, membership=membership)
    state = request.GET.get("state", "")
    state = state if state in WebhookDelivery.State.values else ""
    page = Paginator(deliveries_to(endpoint, state), DELIVERIES_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    last = last_attempts(shown)
    context = {
        "endpoint": endpoint,
        "pause": PAUSES.get(endpoint.pause_reason, ""),
        "resting_until": endpoint.resting_until if is_resting(endpoint, timezone.now()) else None,
        "secret": secret,
        "page": page,
        "deliveries": [(each, last.get(each.pk), _error(last.get(each.pk))) for each in shown],
        "state": state,
        "states": WebhookDelivery.State,
        "may_change": _may_change(membership),
    }
    return render(request, "ledger/webhooks/page.html", context)


def _error(attempt: Any) -> Any:
    return "" if attempt is None else ERRORS.get(attempt.error, attempt.error)


@never_cache
@require_POST
@for_members
def webhook_rotate(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Make a new secret, and show it this once."""
    access_endpoint_by_public_id(public_id=public_id, membership=membership)
    _endpoint, secret = services.rotate_secret(actor=membership, public_id=public_id)
    return _page(request, membership, public_id, secret=secret)


STEPS = {
    "pause": (services.pause_endpoint, gettext_lazy("The webhook is paused: events wait.")),
    "resume": (services.resume_endpoint, gettext_lazy("The webhook is going again: what has waited is delivered.")),
    "test": (services.send_test, gettext_lazy("A test event is on its way. It is in the list within seconds.")),
    "remove": (services.remove_endpoint, gettext_lazy("The webhook is removed.")),
}


@require_POST
@for_members
def webhook_step(request: HttpRequest, membership: Membership, public_id: UUID, step: str) -> HttpResponse:
    """Pause, resume, test or remove."""
    if step not in STEPS:
        raise Http404
    service, done = STEPS[step]
    access_endpoint_by_public_id(public_id=public_id, membership=membership)
    try:
        service(actor=membership, public_id=public_id)
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, str(done))
        if step == "remove":
            return redirect("webhooks")
    return redirect("webhook", public_id=public_id)


@require_safe
@for_members
def delivery_page(request: HttpRequest, membership: Membership, delivery_id: int) -> HttpResponse:
    """Show what was sent, and each answer."""
    delivery = access_delivery_by_id(delivery_id=delivery_id, membership=membership)
    context = {
        "delivery": delivery,
        "payload": bytes(delivery.event.payload).decode(),
        "attempts": [(each, _error(each)) for each in attempts_at(delivery)],
        "may_change": _may_change(membership) and delivery.endpoint.state == "active",
    }
    return render(request, "ledger/webhooks/delivery.html", context)


@require_POST
@for_members
def delivery_again(request: HttpRequest, membership: Membership, delivery_id: int) -> HttpResponse:
    """Deliver once more."""
    access_delivery_by_id(delivery_id=delivery_id, membership=membership)
    try:
        services.redeliver(actor=membership, delivery_id=delivery_id)
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("It is delivered once more, within seconds."))
    return redirect("webhook_delivery", delivery_id=delivery_id)
