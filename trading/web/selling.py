"""Sell in plain words: how much, at no less than which price, until when; looked at, then placed; and followed in words."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError
from ledger.journal.models import Account, Asset
from ledger.journal.selectors import holdings
from ledger.parties.models import Membership
from ledger.texts import is_storable
from ledger.web.doors import for_members
from trading.execution.models import Trade
from trading.marketdata.sales import LEVELS, ExpectedSale, expected_sale, sale_so_far
from trading.marketdata.selectors import Level, Quote, depth, quote, quotes_of_assets
from trading.markets.models import Market
from trading.orders import services
from trading.orders.models import Order
from trading.orders.replaces import replace_order
from trading.orders.selectors import access_order_by_id, open_orders_of, orders_of
from trading.web.phases import standing
from trading.web.proposals import may_trade
from trading.web.sale_forms import HOW_NOW, PriceForm, SellForm
from trading.web.tickets import new_client_order_id
from trading.web.words import words_of_refusal

OPEN_SALES = 5
TRADES_SHOWN = 20
BLOCK_SHARE = 2
"""Who sells more than so many times what the whole book asks for is shown the ways for large quantities."""


@dataclass(frozen=True, slots=True)
class Sellable:
    """Tonnes of one batch that can be sold, and the market for them."""

    account: Account
    quote: Quote

    @property
    def market(self) -> Market:
        return self.quote.market

    @property
    def available_t(self) -> int:
        return self.account.available

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Which to offer first: what buyers want now, then what they pay most for, then what there is most of."""
        return (self.quote.best_bid_fen is not None, self.quote.best_bid_fen or 0, self.available_t)


def sellable_of(membership: Membership) -> list[Sellable]:
    """Return what an organisation can sell on a market, the best guess first."""
    accounts = [
        account
        for account in holdings(membership.organisation)
        if account.asset.kind == Asset.Kind.CREDIT and account.available > 0
    ]
    quotes = quotes_of_assets(account.asset_id for account in accounts)
    found = [Sellable(account, quotes[account.asset_id]) for account in accounts if account.asset_id in quotes]
    return sorted(found, key=lambda each: each.rank, reverse=True)


# Not "no-store": a browser could not show the confirmation again to who goes back to it. Pressed there again, it is one sale.
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_cache=True)
@for_members
def sell(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask what to sell (GET); show what it would bring, or place it once that was confirmed (POST)."""
    if not membership.organisation.holds_assets:
        raise Http404
    sellable = sellable_of(membership)
    # Asked after what there is to sell was read: who presses twice has perhaps nothing left by the second time, but this order.
    if (sent_before := _sent_before(request, membership)) is not None:
        messages.info(request, _("This form had been sent already: it is one sale, not two."))
        return redirect("sale", order_id=sent_before.pk)
    if request.method != "POST" or not sellable:
        return _ask(request, membership, sellable, SellForm(sellable, initial=_initial(request, sellable)))
    form = SellForm(sellable, request.POST)
    if "change" in request.POST or not form.is_valid():
        return _ask(request, membership, sellable, form)
    market = form.chosen.market
    bids = depth(market, LEVELS).bids
    coming = expected_sale(market, bids, quantity_t=form.cleaned_data["quantity"], lowest_fen=form.lowest_fen(bids))
    if form.has_no_buyer(coming):
        return _ask(request, membership, sellable, form)
    if "confirmed" in request.POST:
        order_id = _place(request, membership, form)
        return redirect("sale", order_id=order_id) if order_id else _ask(request, membership, sellable, form)
    return _show_what_comes(request, form, coming, bids)


def _sent_before(request: HttpRequest, membership: Membership) -> Order | None:
    """Return the order that a confirmation has placed already."""
    client_order_id = request.POST.get("client_order_id", "") if "confirmed" in request.POST else ""
    if not client_order_id or not is_storable(client_order_id):
        return None
    return orders_of(membership.organisation).filter(client_order_id=client_order_id, side=Order.Side.SELL).first()


def _initial(request: HttpRequest, sellable: list[Sellable]) -> dict[str, Any]:
    """Return what the form begins with: what the address says, else the best guess."""
    wanted = request.GET.get("market", "")
    chosen = next((each for each in sellable if each.market.symbol == wanted), sellable[0] if sellable else None)
    if chosen is None:
        return {}
    price_fen = chosen.quote.best_bid_fen or chosen.quote.ticker.last_price_fen or chosen.market.reference_price_fen
    return {
        "market": chosen.market.symbol,
        "quantity": request.GET.get("quantity", "")[:12] or chosen.available_t,
        "price": price_fen,
    }


def _ask(request: HttpRequest, membership: Membership, sellable: list[Sellable], form: SellForm) -> HttpResponse:
    found = open_orders_of(membership.organisation).filter(side=Order.Side.SELL)
    open_sales = list(found.select_related("market__asset__batch__project")[:OPEN_SALES])
    context = {
        "form": form,
        "sellable": sellable,
        "open_sales": open_sales,
        "open_count": found.count() if len(open_sales) == OPEN_SALES else len(open_sales),
        "may_sell": may_trade(membership),
    }
    is_refused = form.is_bound and bool(form.errors)
    return render(request, "trading/sell.html", context, status=422 if is_refused else 200)


def _place(request: HttpRequest, membership: Membership, form: SellForm) -> int | None:
    """Enter the order as the ticket does, and return its id; None where it was refused, which the form says."""
    orders = [form.new_order()]
    result = services.place_orders(actor=membership, market_id=form.chosen.market.pk, orders=orders)[0]
    if result.error is not None:
        form.refuse(result.error)
        return None
    assert result.order is not None
    if result.replayed:
        messages.info(request, _("This form had been sent already: it is one sale, not two."))
    return result.order.pk


def _show_what_comes(request: HttpRequest, form: SellForm, coming: ExpectedSale, bids: list[Level]) -> HttpResponse:
    """Show what the sale would bring, with a form that places it: made for this page, so that it places it once."""
    market, quantity_t = form.chosen.market, form.cleaned_data["quantity"]
    wanted_t = sum(level.quantity_t for level in bids)
    context = {
        "form": form,
        "chosen": form.chosen,
        "quantity_t": quantity_t,
        "lowest_fen": form.lowest_fen(bids),
        "kept": form.as_sent(bids),
        "client_order_id": new_client_order_id(),
        "coming": coming,
        "is_now": form.cleaned_data["how"] == HOW_NOW,
        "until": form.until_in_words(),
        "standing": standing(market),
        "is_large": quantity_t > max(BLOCK_SHARE * wanted_t, market.block_minimum_t),
    }
    return render(request, "trading/sell_confirm.html", context)


def own_sale(membership: Membership, order_id: int) -> Order:
    """Return a sell order of one's own.

    Raises: NotFound, Http404.
    """
    order = access_order_by_id(order_id=order_id, actor=membership)
    if order.side != Order.Side.SELL:
        raise Http404
    return order


@require_safe
@never_cache
@for_members
def sale(request: HttpRequest, membership: Membership, order_id: int) -> HttpResponse:
    """Follow a sale in words: what is sold, what it brought, what waits for buyers."""
    order = own_sale(membership, order_id)
    response = _show_sale(request, membership, order)
    if not order.is_open and request.headers.get("HX-Request"):
        # It has ended while it was looked at: what can be done with it is gone, and the whole page is read anew.
        response["HX-Refresh"] = "true"
    return response


def _show_sale(
    request: HttpRequest, membership: Membership, order: Order, form: PriceForm | None = None
) -> HttpResponse:
    found = quote(Market.objects.select_related("asset__batch__project").get(pk=order.market_id))
    context = {
        "order": order,
        "quote": found,
        "batch": getattr(found.market.asset, "batch", None),
        "so_far": sale_so_far(order),
        "trades": Trade.objects.filter(sell_order=order).order_by("-id")[:TRADES_SHOWN],
        "form": form or PriceForm(initial={"price": order.price_fen}),
        "may_sell": may_trade(membership),
        "may_reprice": order.is_open and order.order_type == Order.Type.LIMIT,
        "standing": standing(found.market),
        "here": reverse("sale", args=[order.pk]),
    }
    is_refused = form is not None and bool(form.errors)
    return render(request, "trading/sell_follow.html", context, status=422 if is_refused else 200)


@require_POST
@for_members
def sale_price(request: HttpRequest, membership: Membership, order_id: int) -> HttpResponse:
    """Give what is not sold yet another lowest price."""
    order = own_sale(membership, order_id)
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            replace_order(actor=membership, order_id=order.pk, price_fen=form.cleaned_data["price"])
        except DomainError as error:
            form.add_error("price" if error.field == "price_fen" else None, words_of_refusal(error))
        else:
            messages.info(request, _("The market is asked to take the new price: it holds in a moment."))
            return HttpResponseRedirect(reverse("sale", args=[order.pk]))
    return _show_sale(request, membership, order, form)
