"""Place and cancel orders, and show one's own."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ledger.parties.models import Membership
from ledger.spreadsheets import csv_row
from ledger.templatetags.tianhui import tonnes, yuan
from ledger.web.doors import for_members
from trading.errors import TooLateToCancel
from trading.execution.models import Trade
from trading.marketdata import selectors
from trading.markets.models import Market
from trading.orders import cancels, services
from trading.orders.models import Order
from trading.orders.selectors import open_orders_of, orders_of
from trading.orders.services import OrderResult
from trading.web import skipping
from trading.web.changes import way_back
from trading.web.markets import render_market
from trading.web.sheets import is_sheet, told
from trading.web.tickets import OrderForm, estimate

PAGE_ROWS = 50
CSV_CHUNK = 1_000


@for_members
def place_order(request: HttpRequest, membership: Membership, symbol: str) -> HttpResponse:
    """Enter an order and go back to its market; a refused one is shown again with what is wrong."""
    market = selectors.market_by_symbol(symbol)
    if request.method != "POST":
        # Where a refused ticket was shown, and somebody asks for the address anew.
        return redirect("market", symbol=symbol)
    ticket = OrderForm(market, request.POST)
    if ticket.is_valid():
        result = _enter(ticket, market, membership)
        if result is not None:
            words, level = _words_of(result, ticket, market)
            answer = told(request, words, level=level) or redirect("market", symbol=symbol)
            if "skip_review" in request.POST:
                skipping.turn_on(request, answer)
            return answer
    return render_market(request, market, membership, ticket, only_ticket=is_sheet(request))


def _enter(ticket: OrderForm, market: Market, membership: Membership) -> OrderResult | None:
    """Return what became of the order, or None where it was refused for something that the ticket says."""
    result = services.place_orders(actor=membership, market_id=market.pk, orders=[ticket.new_order()])[0]
    if result.error is not None:
        ticket.refuse(result.error)
        return None
    return result


def _words_of(result: OrderResult, ticket: OrderForm, market: Market) -> tuple[str, str]:
    """Return what became of an order, and how glad the news is."""
    assert result.order is not None
    order = result.order
    if result.replayed:
        return _("This form had been sent already: its order stands once."), "info"
    what = {"price": yuan(order.price_fen), "quantity": tonnes(order.quantity_t)}
    if order.side == Order.Side.BUY:
        coming = estimate(ticket.new_order(), market)
        what |= {"held": yuan(coming.worst_cost_fen), "fee": yuan(coming.highest_fee_fen)}
        text = _("Received: buy %(quantity)s t at %(price)s yuan. %(held)s yuan are held, %(fee)s of it for the fee.")
    else:
        text = _("Received: sell %(quantity)s t at %(price)s yuan. The tonnes are held until they are sold.")
    return text % what, "success"


@require_POST
@for_members
def cancel_order(request: HttpRequest, membership: Membership, order_id: int) -> HttpResponse:
    """Ask for an order to be cancelled, and go back to where that was asked."""
    try:
        cancels.cancel_order(actor=membership, order_id=order_id)
    except TooLateToCancel as error:
        answer = told(request, str(error), level="warning")
    else:
        answer = told(request, _("The market is asked to cancel what remains of the order."), level="info")
    return answer or HttpResponseRedirect(way_back(request))


@require_safe
@for_members
def orders(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show one's orders, those that can still trade at first, or one's trades."""
    organisation = membership.organisation
    shown = request.GET.get("show", "open")
    context: dict[str, Any] = {"shown": shown}
    if shown == "trades":
        trades = Paginator(selectors.own_trades(organisation), PAGE_ROWS)
        return render(request, "trading/trades.html", context | {"page": trades.get_page(request.GET.get("page"))})
    found = orders_of(organisation) if shown == "all" else open_orders_of(organisation)
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    context["has_open"] = any(order.is_open for order in page)
    return render(request, "trading/orders.html", context | {"page": page})


@require_safe
@for_members
def trades_csv(request: HttpRequest, membership: Membership) -> StreamingHttpResponse:
    """Return all of one's trades as a file to be kept."""
    return StreamingHttpResponse(
        _csv_lines(selectors.own_trades(membership.organisation)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tianhui-trades.csv"'},
    )


def _csv_lines(trades: QuerySet[Trade]) -> Iterator[str]:
    # The mark at the start lets Excel read Chinese.
    yield "\ufeff"
    yield csv_row(["trade", "executed_at", "market", "side", "price_yuan", "quantity_t", "value_yuan", "fee_yuan"])
    columns = ("pk", "executed_at", "market__symbol", "side", "price_fen", "quantity_t", "fee_fen")
    rows = trades.values_list(*columns).iterator(chunk_size=CSV_CHUNK)
    for trade_id, executed_at, symbol, side, price_fen, quantity_t, fee_fen in rows:
        local = timezone.localtime(executed_at).isoformat(timespec="seconds")
        price, value, fee = (_exact_yuan(fen) for fen in (price_fen, price_fen * quantity_t, fee_fen))
        yield csv_row([trade_id, local, symbol, side, price, quantity_t, value, fee])


def _exact_yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"
