"""Pages of the markets: all of them, one of them, and one as it changes."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledger.journal.models import Account
from ledger.parties.models import Membership, Organisation
from ledger.web.doors import reader_of
from trading.execution.models import Trade
from trading.marketdata import selectors
from trading.marketdata.auctions import indicative
from trading.marketdata.candles import INTERVALS, candles
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.selectors import finished_orders_of, open_orders_of
from trading.web import charts, skipping, tickets
from trading.web.phases import sessions_in_words, standing
from trading.web.words import words_of_reason, words_of_terms

TAPE_ROWS = 30
OPEN_ORDERS = 50
FINISHED_ORDERS = 5
CANDLE_INTERVAL = "1h"
CANDLE_ROWS = 24


@require_safe
def markets(request: HttpRequest) -> HttpResponse:
    """Show every market at a glance."""
    return render(request, "trading/markets.html", {"quotes": selectors.quotes(selectors.markets())})


@require_safe
def market(request: HttpRequest, symbol: str) -> HttpResponse:
    """Show a market, and to those who trade a ticket."""
    found = selectors.market_by_symbol(symbol)
    return render_market(request, found, reader_of(request))


def render_market(
    request: HttpRequest,
    found: Market,
    membership: Membership | None,
    ticket: tickets.OrderForm | None = None,
    *,
    only_ticket: bool = False,
) -> HttpResponse:
    """Return the page of a market, with the ticket that was refused where one was; or that ticket alone."""
    if only_ticket:
        assert membership is not None
        context = {"market": found, "standing": standing(found), "ticket": ticket, "membership": membership}
        context |= _mine(found, membership.organisation) | {"skips_review": skipping.is_on(request)}
        return render(request, "trading/pieces/ticket_form.html", context, status=422)
    quote = selectors.quote(found)
    trades = list(selectors.tape(found, charts.CHART_TRADES))
    depth = selectors.depth(found, charts.RUNGS)
    context = {
        "market": found,
        "quote": quote,
        "ladder": charts.ladder(depth),
        "depth": charts.depth_chart(depth),
        "candles": candles(found, CANDLE_INTERVAL, earliest=None, before=None, limit=CANDLE_ROWS)[::-1],
        "intervals": [(name, name == CANDLE_INTERVAL) for name in INTERVALS],
        "showing": _section(request, ticket),
        "tape": trades[:TAPE_ROWS],
        "chart": charts.price_chart(trades),
        "standing": standing(found),
        "indicative": indicative(found),
        "sessions": sessions_in_words(found.sessions),
        # What the live module makes new rows of.
        "blank_trade": Trade(),
        "blank_order": Order(),
    }
    if membership is not None and tickets.may_ever_trade(membership):
        context |= _mine(found, membership.organisation)
        context |= {"ticket": ticket or _empty_ticket(request, quote), "skips_review": skipping.is_on(request)}
    is_refused = ticket is not None and bool(ticket.errors)
    return render(request, "trading/market.html", context, status=422 if is_refused else 200)


def _section(request: HttpRequest, ticket: tickets.OrderForm | None) -> str:
    """Return which part of the page a phone shows first."""
    return "ticket" if ticket is not None or "side" in request.GET else "chart"


def _empty_ticket(request: HttpRequest, quote: selectors.Quote) -> tickets.OrderForm:
    wanted = request.GET.get("side")
    side = Order.Side.SELL if wanted == Order.Side.SELL else Order.Side.BUY
    best = quote.best_ask_fen if side == Order.Side.BUY else quote.best_bid_fen
    price_fen = best or quote.ticker.last_price_fen or quote.market.reference_price_fen
    return tickets.empty_ticket(quote.market, side, price_fen)


def _mine(found: Market, organisation: Organisation) -> dict[str, Any]:
    accounts = Account.objects.filter(organisation=organisation, asset__code__in=["CNY", found.asset.code])
    available = {code: balance - held for code, balance, held in accounts.values_list("asset__code", "balance", "held")}
    return {
        "open_orders": list(open_orders_of(organisation, found)[:OPEN_ORDERS]),
        "finished_orders": list(finished_orders_of(organisation, found)[:FINISHED_ORDERS]),
        "cash_available_fen": available.get("CNY", 0),
        "credits_available_t": available.get(found.asset.code, 0),
    }


@require_safe
@never_cache
def market_live(request: HttpRequest, symbol: str) -> JsonResponse:
    """Return a market as it is now, in the terms of the stream, and what the reader has in it."""
    # The market's row is read first: all else is as new as its sequence, or newer.
    found = selectors.market_by_symbol(symbol)
    depth = selectors.depth(found, charts.RUNGS)
    ticker = selectors.ticker(found)
    membership = reader_of(request)
    cleared = indicative(found)
    now = standing(found)
    return JsonResponse(
        {
            "sequence": found.last_sequence,
            "state": found.state,
            "halt_reason": found.halt_reason,
            "phase_words": now.words,
            "phase_until": now.until,
            "indicative": None if cleared is None else asdict(cleared),
            "bids": _levels(depth.bids),
            "asks": _levels(depth.asks),
            "trades": [_trade(trade) for trade in reversed(selectors.tape(found, charts.CHART_TRADES))],
            "day": {
                "last_price_fen": ticker.last_price_fen,
                "highest_price_fen": ticker.highest_price_fen,
                "lowest_price_fen": ticker.lowest_price_fen,
                "quantity_t": ticker.quantity_t,
            },
            "mine": _mine_as_json(found, membership),
        }
    )


def _levels(levels: list[selectors.Level]) -> list[tuple[int, int, int]]:
    return [(level.price_fen, level.quantity_t, level.orders) for level in levels]


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "id": trade.pk,
        "sequence": trade.sequence,
        "price_fen": trade.price_fen,
        "quantity_t": trade.quantity_t,
        "taker_side": trade.taker_side,
        "trading_mode": trade.trading_mode,
        "executed_at": trade.executed_at,
    }


def _mine_as_json(found: Market, membership: Membership | None) -> dict[str, Any] | None:
    if membership is None or not tickets.may_ever_trade(membership):
        return None
    mine = _mine(found, membership.organisation)
    return {
        "cash_available_fen": mine["cash_available_fen"],
        "credits_available_t": mine["credits_available_t"],
        "orders": [_order(order, found) for order in (*mine["open_orders"], *mine["finished_orders"])],
    }


def _order(order: Order, found: Market) -> dict[str, Any]:
    return {
        "id": order.pk,
        "side": order.side,
        "side_words": order.get_side_display(),
        "terms_words": words_of_terms(order),
        "price_fen": order.price_fen,
        "quantity_t": order.quantity_t,
        "filled_t": order.filled_t,
        "status": order.status,
        "status_words": order.get_status_display(),
        "reason_words": words_of_reason(order.reason),
        "placed_at": timezone.localtime(order.placed_at),
        "change_url": _change_url(order, found) if order.is_open else None,
        "cancel_url": reverse("cancel_order", args=[order.pk]) if order.is_open else None,
    }


def _change_url(order: Order, found: Market) -> str | None:
    if order.order_type != Order.Type.LIMIT:
        return None
    back = urlencode({"next": reverse("market", args=[found.symbol])})
    return f"{reverse('change_order', args=[order.pk])}?{back}"
