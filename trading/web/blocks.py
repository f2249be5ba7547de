"""Block trades: one's offers, one of them with what can be done, and the form for a new one."""

import datetime as dt
from collections.abc import Callable
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
from ledger.parties.rights import Right, has_right
from ledger.web.doors import for_members, show
from trading.blocks import services
from trading.blocks.models import BlockOffer
from trading.blocks.selectors import access_offer_by_id, filter_offers, negotiation, seen_by
from trading.blocks.terms import OfferTerms
from trading.markets.fees import fee_fen
from trading.orders.models import Order
from trading.web.fields import TonnesField, YuanField
from trading.web.proposals import MomentField, ProposalForm, market_choice, may_trade, propose
from trading.web.words import words_of_refusal

PAGE_ROWS = 30
USUAL = dt.timedelta(days=1)


class CounterForm(ProposalForm):
    price_fen = YuanField(label=gettext_lazy("Price"), unit=gettext_lazy("yuan/t"))
    quantity_t = TonnesField(label=gettext_lazy("Quantity"))
    expires_at = MomentField(label=gettext_lazy("Stands until"))

    def terms(self) -> OfferTerms:
        """Return what a valid form offers."""
        given = self.cleaned_data
        return OfferTerms(given["key"], given["price_fen"], given["quantity_t"], given["expires_at"])


class OfferForm(CounterForm):
    market = market_choice()
    side = forms.ChoiceField(label=gettext_lazy("You"), choices=Order.Side)
    counterparty = forms.CharField(
        label=gettext_lazy("Other party"),
        max_length=120,
        help_text=gettext_lazy("Its exact name, or its unified social credit code. Nobody else sees the offer."),
    )
    field_order = ("market", "side", "counterparty", "price_fen", "quantity_t", "expires_at")


@require_safe
@for_members
def offers(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the offers that one has made or got, those that are open at first."""
    wanted = "" if request.GET.get("state") == "all" else BlockOffer.Outcome.OPEN
    found = filter_offers(seen_by(membership.organisation), symbol=None, outcome=wanted or None)
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {"page": page, "shown": "blocks", "is_all": not wanted, "may_trade": may_trade(membership)}
    return render(request, "trading/blocks/list.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def new_offer(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask for an offer, and make it; a refused one is shown again with what is wrong."""
    initial = {
        "market": request.GET.get("market"),
        "side": request.GET.get("side", Order.Side.BUY),
        "expires_at": _usual_end(),
    }
    form = OfferForm(request.POST or None, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        made = propose(
            form,
            services.make_offer,
            actor=membership,
            market=given["market"].symbol,
            counterparty=given["counterparty"],
            side=given["side"],
            terms=form.terms(),
        )
        if made is not None:
            messages.success(request, _("The offer is made, and what it needs is held until it is decided."))
            return redirect("offer", offer_id=made.offer.pk)
    return show(request, "trading/blocks/new.html", {"form": form, "may_trade": may_trade(membership)})


@require_http_methods(["GET", "POST"])
@for_members
def offer(request: HttpRequest, membership: Membership, offer_id: int) -> HttpResponse:
    """Show an offer with what it comes to for the reader, and what can be done; answer it with another (POST)."""
    found = access_offer_by_id(offer_id=offer_id, actor=membership)
    initial = {"price_fen": found.price_fen, "quantity_t": found.quantity_t, "expires_at": _usual_end()}
    form = CounterForm(request.POST or None, initial=initial)
    if form.is_valid():
        made = propose(form, services.counter_offer, actor=membership, offer_id=found.pk, terms=form.terms())
        if made is not None:
            messages.success(request, _("Your answer takes the place of the offer."))
            return redirect("offer", offer_id=made.offer.pk)
    return show(request, "trading/blocks/page.html", _of_offer(found, membership) | {"form": form})


def _of_offer(found: BlockOffer, membership: Membership) -> dict[str, Any]:
    """Return what an offer comes to for the reader's organisation. Units: fen."""
    is_ours = found.proposer_id == membership.organisation_id
    fee = fee_fen(found.value_fen, found.fee_bps)
    side = found.side if is_ours else found.answer_side
    is_open = found.outcome == BlockOffer.Outcome.OPEN
    return {
        "offer": found,
        "is_ours": is_ours,
        "side": side,
        "fee_fen": fee,
        "total_fen": found.value_fen + (fee if side == Order.Side.BUY else -fee),
        "history": negotiation(found),
        "may_decide": is_open and not is_ours and may_trade(membership),
        "may_withdraw": is_open and is_ours and has_right(membership, Right.TRADE),
    }


@require_POST
@for_members
def accept_offer(request: HttpRequest, membership: Membership, offer_id: int) -> HttpResponse:
    """Accept an offer as it stands."""
    done = _("Accepted: the market settles it in its turn, in a moment.")
    return _decided(request, services.accept_offer, membership, offer_id, done)


@require_POST
@for_members
def decline_offer(request: HttpRequest, membership: Membership, offer_id: int) -> HttpResponse:
    """Refuse an offer."""
    return _decided(request, services.decline_offer, membership, offer_id, _("The offer is declined."))


@require_POST
@for_members
def withdraw_offer(request: HttpRequest, membership: Membership, offer_id: int) -> HttpResponse:
    """Take an offer back."""
    done = _("The offer is withdrawn, and what it held is available again.")
    return _decided(request, services.withdraw_offer, membership, offer_id, done)


def _decided(
    request: HttpRequest, decide: Callable[..., BlockOffer], membership: Membership, offer_id: int, done: str
) -> HttpResponse:
    """Decide about an offer one can see, and go back to it, with what was refused where it was."""
    access_offer_by_id(offer_id=offer_id, actor=membership)
    try:
        decide(actor=membership, offer_id=offer_id)
    except DomainError as error:
        messages.warning(request, words_of_refusal(error))
    else:
        messages.success(request, done)
    return redirect("offer", offer_id=offer_id)


def _usual_end() -> dt.datetime:
    return (timezone.now() + USUAL).replace(second=0, microsecond=0)
