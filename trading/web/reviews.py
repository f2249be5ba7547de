"""An order before it is sent: what it would do as the book stands, what it holds, and whether somebody wants to be asked at all."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.web.doors import for_members
from trading.marketdata import selectors
from trading.marketdata.preview import Fill, Preview, preview_order
from trading.markets.fees import fee_fen
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.services import require_trader
from trading.web import skipping
from trading.web.changes import way_back
from trading.web.markets import render_market
from trading.web.orders import place_order
from trading.web.sheets import is_sheet, told
from trading.web.tickets import Kind, OrderForm

SHOWN_LEVELS = 6
FAR_PERCENT = 5
"""A price so far from the last one is pointed out: it is mostly a slip."""


@dataclass(frozen=True, slots=True)
class Review:
    """A preview, and how a page shows it."""

    preview: Preview
    kind_words: str

    @property
    def levels(self) -> list[Fill]:
        return self.preview.fills[:SHOWN_LEVELS]

    @property
    def more_levels(self) -> int:
        return max(len(self.preview.fills) - SHOWN_LEVELS, 0)

    @property
    def limit_fen(self) -> int:
        return self.preview.order.limit_fen(self.preview.market)

    @property
    def highest_fee_fen(self) -> int:
        return fee_fen(self.limit_fen * self.preview.order.quantity_t, self.preview.market.taker_fee_bps)

    @property
    def is_buy(self) -> bool:
        return self.preview.order.side == Order.Side.BUY

    @property
    def needs_care(self) -> bool:
        """Whether the order would do something else than to trade or rest as it says."""
        preview = self.preview
        return bool(preview.reason or preview.own_t or not preview.is_whole)


@for_members
def review_order(request: HttpRequest, membership: Membership, symbol: str) -> HttpResponseBase:
    """Say what an order would do and ask whether it shall be sent; a small one is sent at once where its owner wants that."""
    market = selectors.market_by_symbol(symbol)
    if request.method != "POST":
        # Where a review was shown, and somebody asks for the address anew.
        return redirect("market", symbol=symbol)
    require_trader(membership)
    ticket = OrderForm(market, request.POST)
    if "back" in request.POST:
        return render_market(request, market, membership, ticket.anew())
    review = _review(ticket, market, membership) if ticket.is_valid() else None
    if review is None:
        return _refused(request, market, membership, ticket)
    if _is_sent_at_once(request, review):
        # The form is posted on as it came: the door of orders has the last word.
        return place_order(request, symbol=symbol)
    return _show(request, market, ticket, review)


def _review(ticket: OrderForm, market: Market, membership: Membership) -> Review | None:
    """Return what the order would do, or None where entry would refuse it; the ticket then says why."""
    try:
        preview = preview_order(actor=membership, market=market, order=ticket.new_order())
    except DomainError as error:
        ticket.refuse(error)
        return None
    return Review(preview, str(Kind(ticket.cleaned_data["kind"] or Kind.LIMIT).label))


def _show(request: HttpRequest, market: Market, ticket: OrderForm, review: Review) -> HttpResponse:
    quote = selectors.quote(market)
    context: dict[str, Any] = {
        "market": market,
        "review": review,
        "preview": review.preview,
        "written": [(name, ticket.data.get(name, "")) for name in ticket.fields],
        "away_percent": _away_percent(review, quote.ticker.last_price_fen),
        "now": timezone.now(),
        "small_fen": skipping.SMALL_FEN,
        "may_skip": _value_fen(review) <= skipping.SMALL_FEN and not review.needs_care,
    }
    template = "trading/pieces/review.html" if is_sheet(request) else "trading/review.html"
    return render(request, template, context)


def _refused(request: HttpRequest, market: Market, membership: Membership, ticket: OrderForm) -> HttpResponse:
    return render_market(request, market, membership, ticket, only_ticket=is_sheet(request))


def _away_percent(review: Review, last_fen: int | None) -> str | None:
    """Return how far a price is on its bad side of the last one, where that is far. Rounding: half even, to a tenth."""
    if last_fen is None or review.preview.order.price_fen is None:
        return None
    away = Decimal(review.limit_fen - last_fen) * 100 / last_fen
    worse = away if review.is_buy else -away
    return f"{number_format(worse, decimal_pos=1)}%" if worse >= FAR_PERCENT else None


def _is_sent_at_once(request: HttpRequest, review: Review) -> bool:
    return skipping.is_on(request) and not review.needs_care and _value_fen(review) <= skipping.SMALL_FEN


def _value_fen(review: Review) -> int:
    return review.limit_fen * review.preview.order.quantity_t


@require_POST
@for_members
def review_all(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Have small orders reviewed again."""
    answer = told(request, _("Every order is reviewed again.")) or HttpResponseRedirect(way_back(request))
    skipping.turn_off(answer)
    return answer
