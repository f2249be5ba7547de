"""Give an order other terms, and have all of one's orders cancelled: each a page that says first what it means."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from ledger.errors import DomainError
from ledger.parties.access import require_approved
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from ledger.web.doors import for_members
from trading.errors import TooLateToReplace
from trading.marketdata import selectors
from trading.orders import cancels
from trading.orders.models import Order
from trading.orders.replaces import replace_order
from trading.orders.selectors import access_order_by_id, open_orders_of
from trading.web.fields import TonnesField, YuanField
from trading.web.phases import standing
from trading.web.sheets import is_sheet, told
from trading.web.words import words_of_refusal

_FIELD_OF = {"price_fen": "price", "quantity_t": "quantity"}

show_or_do = require_http_methods(["GET", "HEAD", "POST"])


class ChangeForm(forms.Form):
    price = YuanField(label=gettext_lazy("New price"), unit=gettext_lazy("yuan/t"))
    quantity = TonnesField(
        label=gettext_lazy("New quantity, in all"),
        help_text=gettext_lazy("What was filled already is a part of it."),
    )

    def __init__(self, order: Order, values: Any = None) -> None:
        super().__init__(values, initial={"price": order.price_fen, "quantity": order.quantity_t})
        # A market order waits for a call auction without a price.
        if order.order_type == Order.Type.MARKET:
            del self.fields["price"]

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field at fault."""
        field = _FIELD_OF.get(error.field or "")
        self.add_error(field if field in self.fields else None, words_of_refusal(error))


@show_or_do
@vary_on_headers("X-Sheet")
@for_members
def change_order(request: HttpRequest, membership: Membership, order_id: int) -> HttpResponse:
    """Show an order with its terms to be changed (GET), and ask its market to change them (POST)."""
    require_right(membership, Right.TRADE)
    require_approved(membership)
    order = access_order_by_id(order_id=order_id, actor=membership)
    if not order.is_open:
        too_late = str(TooLateToReplace(state=order.get_status_display()))
        return told(request, too_late, level="warning") or HttpResponseRedirect(way_back(request))
    form = ChangeForm(order, request.POST if request.method == "POST" else None)
    if form.is_valid() and _change(form, membership, order):
        done = _("The market is asked to give the order its new terms.")
        return told(request, done, level="info") or HttpResponseRedirect(way_back(request))
    context = {"order": order, "form": form, "back": way_back(request), "standing": standing(order.market)}
    template = "trading/pieces/order_change.html" if is_sheet(request) else "trading/order_change.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _change(form: ChangeForm, membership: Membership, order: Order) -> bool:
    """Return whether the market was asked; where it was not, the form says why."""
    values = form.cleaned_data
    try:
        replace_order(actor=membership, order_id=order.pk, quantity_t=values["quantity"], price_fen=values.get("price"))
    except DomainError as error:
        form.refuse(error)
        return False
    return True


@show_or_do
@vary_on_headers("X-Sheet")
@for_members
def cancel_orders(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask whether all open orders, or those in one market, shall be cancelled (GET), and ask the markets to (POST)."""
    require_right(membership, Right.TRADE)
    symbol = (request.POST if request.method == "POST" else request.GET).get("market")
    market = selectors.market_by_symbol(symbol) if symbol else None
    if request.method == "POST":
        count = cancels.cancel_orders(actor=membership, market_id=None if market is None else market.pk)
        return told(request, _asked_for(count), level="info") or HttpResponseRedirect(way_back(request))
    count = open_orders_of(membership.organisation, market).count()
    context = {"market": market, "count": count, "back": way_back(request)}
    template = "trading/pieces/orders_cancel.html" if is_sheet(request) else "trading/orders_cancel.html"
    return render(request, template, context)


def _asked_for(count: int) -> str:
    if not count:
        return _("There was nothing to cancel: no order is open that is not being cancelled already.")
    words = ngettext(
        "The market is asked to cancel what remains of %(count)s order.",
        "The markets are asked to cancel what remains of %(count)s orders.",
        count,
    )
    return words % {"count": count}


def way_back(request: HttpRequest) -> str:
    """Return the page that somebody came from, as the form or the address says; one's orders where that is not ours."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse("orders")
