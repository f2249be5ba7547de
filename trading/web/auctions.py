"""One-way auctions: all of them, one with its bids and the form for one's own, and the form for a new lot."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.web.doors import for_members, reader_of, show
from trading.auctions import services
from trading.auctions.award import Won
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import (
    access_bid_by_id,
    auction_by_id,
    auctions,
    awarded_t,
    filter_auctions,
    own_bids,
    shown_bids,
    would_win,
)
from trading.auctions.terms import BidTerms, LotTerms
from trading.markets.fees import worst_cost_fen
from trading.web.fields import TonnesField, YuanField
from trading.web.proposals import MomentField, ProposalForm, market_choice, may_trade, propose
from trading.web.words import words_of_refusal

PAGE_ROWS = 30
MOST_BIDS = 100
USUAL = dt.timedelta(days=1)
SEALED = [
    ("sealed", gettext_lazy("sealed: nobody sees a bid before the close")),
    ("open", gettext_lazy("open: everyone sees the prices, nobody whose they are")),
]


class LotForm(ProposalForm):
    market = market_choice()
    quantity_t = TonnesField(label=gettext_lazy("Quantity"))
    reserve_price_fen = YuanField(
        label=gettext_lazy("Reserve price"),
        unit=gettext_lazy("yuan/t"),
        help_text=gettext_lazy("Nothing is sold below it."),
    )
    least_bid_t = TonnesField(
        label=gettext_lazy("Smallest bid"), required=False, help_text=gettext_lazy("Empty: one lot of the market.")
    )
    bids = forms.ChoiceField(label=gettext_lazy("Bids"), choices=SEALED)
    pricing = forms.ChoiceField(label=gettext_lazy("Price to be paid"), choices=OneWayAuction.Pricing)
    opens_at = MomentField(label=gettext_lazy("Opens at"), required=False, help_text=gettext_lazy("Empty: at once."))
    closes_at = MomentField(label=gettext_lazy("Closes at"))

    def terms(self) -> LotTerms:
        """Return what a valid form puts up."""
        given = self.cleaned_data
        return LotTerms(
            given["key"],
            given["quantity_t"],
            given["reserve_price_fen"],
            given["closes_at"],
            given["opens_at"],
            given["least_bid_t"],
            given["bids"] == "sealed",
            given["pricing"],
        )


class BidForm(ProposalForm):
    price_fen = YuanField(label=gettext_lazy("Price"), unit=gettext_lazy("yuan/t"))
    quantity_t = TonnesField(label=gettext_lazy("Quantity"))

    def terms(self) -> BidTerms:
        """Return what a valid form bids."""
        given = self.cleaned_data
        return BidTerms(given["key"], given["price_fen"], given["quantity_t"])


@require_safe
def auction_list(request: HttpRequest) -> HttpResponse:
    """Show all one-way auctions, or those of one market."""
    symbol = request.GET.get("market") or None
    found = auctions() if symbol is None or "\x00" in symbol else filter_auctions(auctions(), symbol=symbol, stage=None)
    reader = reader_of(request)
    context = {
        "page": Paginator(found, PAGE_ROWS).get_page(request.GET.get("page")),
        "shown": "auctions",
        "symbol": symbol,
        "has_orders": reader is not None and reader.organisation.holds_assets,
        "may_trade": may_trade(reader),
    }
    return render(request, "trading/auctions/list.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def new_auction(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask for a lot, and put it up; a refused one is shown again with what is wrong."""
    closes_at = (timezone.now() + USUAL).replace(second=0, microsecond=0)
    form = LotForm(request.POST or None, initial={"market": request.GET.get("market"), "closes_at": closes_at})
    if form.is_valid():
        symbol = form.cleaned_data["market"].symbol
        made = propose(form, services.announce_auction, actor=membership, market=symbol, terms=form.terms())
        if made is not None:
            messages.success(request, _("The lot is up, and its tonnes are held until it is sold or goes back."))
            return redirect("auction", auction_id=made.auction.pk)
    return show(request, "trading/auctions/new.html", {"form": form, "may_trade": may_trade(membership)})


@require_http_methods(["GET", "POST"])
def auction(request: HttpRequest, auction_id: int) -> HttpResponse:
    """Show an auction, what may be seen of its bids, and one's own; bid (POST)."""
    found = auction_by_id(auction_id)
    reader = reader_of(request)
    form = BidForm(request.POST or None)
    if request.method == "POST" and reader is None:
        return redirect("login")
    asked = None
    if form.is_valid() and "check" in request.POST:
        asked = _asked(found, form.terms())
    elif form.is_valid():
        made = propose(form, services.place_bid, actor=reader, auction_id=found.pk, terms=form.terms())
        if made is not None:
            messages.success(request, _("The bid stands, and its deposit is held until the award."))
            return redirect("auction", auction_id=found.pk)
    return show(request, "trading/auctions/page.html", _of_auction(found, reader) | {"form": form, "asked": asked})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bid would hold, and what it would get if the auction closed now; None while nobody can know. Units: fen."""

    deposit_fen: int
    won: Won | None


def _asked(found: OneWayAuction, terms: BidTerms) -> Asked:
    deposit = worst_cost_fen(terms.price_fen, terms.quantity_t, found.fee_bps)
    return Asked(deposit, would_win(found, terms.price_fen, terms.quantity_t))


def _of_auction(found: OneWayAuction, reader: Membership | None) -> dict[str, Any]:
    is_seller = reader is not None and reader.organisation_id == found.seller_id
    stage = found.stage
    return {
        "auction": found,
        "bids": list(shown_bids(found)[:MOST_BIDS]),
        "mine": [] if reader is None else list(own_bids(reader.organisation).filter(auction=found)),
        "awarded_t": awarded_t(found) if found.state == OneWayAuction.State.AWARDED else 0,
        "is_seller": is_seller,
        "may_bid": stage == OneWayAuction.Stage.OPEN and not is_seller and may_trade(reader),
        "may_withdraw": stage == OneWayAuction.Stage.OPEN and found.is_sealed and may_trade(reader),
        "may_cancel": stage == OneWayAuction.Stage.ANNOUNCED and is_seller and may_trade(reader),
        "standing": Bid.State.STANDING,
        "until": _until(found),
    }


def _until(found: OneWayAuction) -> dt.datetime | None:
    """Return what everybody waits for: that bids are taken, or that they are not any more."""
    if found.stage == OneWayAuction.Stage.ANNOUNCED:
        return found.opens_at
    return found.closes_at if found.stage == OneWayAuction.Stage.OPEN else None


@require_POST
@for_members
def cancel_auction(request: HttpRequest, membership: Membership, auction_id: int) -> HttpResponse:
    """Take one's lot back before bids are taken."""
    auction_by_id(auction_id)
    try:
        services.cancel_auction(actor=membership, auction_id=auction_id, reason=request.POST.get("reason", ""))
    except DomainError as error:
        messages.warning(request, words_of_refusal(error))
    else:
        messages.success(request, _("The auction is called off, and all that was held is available again."))
    return redirect("auction", auction_id=auction_id)


@require_POST
@for_members
def withdraw_bid(request: HttpRequest, membership: Membership, bid_id: int) -> HttpResponse:
    """Take a sealed bid back."""
    bid = access_bid_by_id(bid_id=bid_id, actor=membership)
    try:
        services.withdraw_bid(actor=membership, bid_id=bid_id)
    except DomainError as error:
        messages.warning(request, words_of_refusal(error))
    else:
        messages.success(request, _("The bid is withdrawn, and its deposit is available again."))
    return redirect("auction", auction_id=bid.auction_id)
