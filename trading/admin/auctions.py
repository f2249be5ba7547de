"""One-way auctions and their bids: what is sealed is sealed here, too."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import EMPTY, Table, at_moment, list_url, money, tonnes, yuan
from ledger.admin.filters import with_number
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership, Organisation
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import shown_bids
from trading.auctions.services import cancel_auction

SHOWN = 50
ANNOUNCED_AT = at_moment("announced_at", _("announced at"))
OPENS_AT = at_moment("opens_at", _("opens at"))
CLOSES_AT = at_moment("closes_at", _("closes at"))
PLACED_AT = at_moment("placed_at", _("placed at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))
# What the log says of auctions and bids.
AUCTION_RECORDS = tuple(f"one_way_auction_{step}" for step in ("announced", "awarded", "unsold", "cancelled"))
BID_RECORDS = tuple(f"bid_{step}" for step in ("placed", "withdrawn", "revealed", "voided"))

BID_LOOKUPS = {"pk", "id", "state", "auction", "bidder", "placed_at"}

CANCEL = Action(
    name="cancel",
    label=_("Call the auction off"),
    explanation=_(
        "Its bids are void, sealed ones unread, and all that was held is released. Everyone sees the reason."
    ),
    done=_("The auction %(object)s is called off."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, auction, values: cancel_auction(actor=actor, auction_id=auction.pk, **values),
    form=ReasonForm,
    is_due=lambda auction: auction.state == OneWayAuction.State.OPEN,
    is_grave=True,
)


class OneWayAuctionAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "market",
        "seller",
        "quantity_figure",
        "reserve_figure",
        "is_sealed",
        "stage_text",
        CLOSES_AT,
    )
    list_filter = ("state", "is_sealed", "market")
    list_select_related = ("market", "seller")
    search_fields = ("id", "seller__name")
    search_help_text = _("The number of an auction, or a part of the seller's name.")
    fields = (
        "number",
        "market",
        "seller",
        "quantity_figure",
        "reserve",
        "least_figure",
        "is_sealed",
        "pricing",
        "fee",
        OPENS_AT,
        CLOSES_AT,
        "stage_text",
        "reason",
        "hold",
        "sell_order",
        "announced_by",
        ANNOUNCED_AT,
        "decided_by",
        DECIDED_AT,
    )
    object_actions = (CANCEL,)

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        if term.isdecimal():
            return with_number(queryset, term)
        return queryset.filter(seller__in=_named(term))

    def record_ids(self, target: OneWayAuction) -> RecordIds:
        near = (target.announced_at, *((target.decided_at,) if target.decided_at else ()))
        return ids_naming(Named(AUCTION_RECORDS, {"auction": str(target.pk)}), near=near)

    def tables(self, target: OneWayAuction) -> list[Table]:
        rows: list[tuple[object, ...]] = [
            (yuan(bid.price_fen), tonnes(bid.quantity_t), tonnes(bid.awarded_t)) for bid in shown_bids(target)[:SHOWN]
        ]
        columns = (str(_("Price in yuan")), str(_("Tonnes")), str(_("Awarded tonnes")))
        title = str(_("Best bids: sealed until the award") if target.hides_bids else _("Best bids"))
        return [Table(title, columns, rows, list_url(Bid, auction__id__exact=target.pk), figures=frozenset({0, 1, 2}))]

    @admin.display(description=_("number"))
    def number(self, auction: OneWayAuction) -> str:
        return str(auction.pk)

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, auction: OneWayAuction) -> str:
        return tonnes(auction.quantity_t)

    @admin.display(description=_("smallest bid in tonnes"))
    def least_figure(self, auction: OneWayAuction) -> str:
        return tonnes(auction.least_bid_t)

    @admin.display(description=_("reserve price in yuan"))
    def reserve_figure(self, auction: OneWayAuction) -> str:
        return yuan(auction.reserve_price_fen)

    @admin.display(description=_("reserve price"))
    def reserve(self, auction: OneWayAuction) -> str:
        return money(auction.reserve_price_fen)

    @admin.display(description=_("fee of each party"))
    def fee(self, auction: OneWayAuction) -> str:
        return f"{auction.fee_bps / 100:.2f} %"

    @admin.display(description=_("state"))
    def stage_text(self, auction: OneWayAuction) -> str:
        return auction.get_stage_display()


class BidAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "auction",
        "bidder",
        "price_figure",
        "quantity_figure",
        "state",
        "awarded_figure",
        PLACED_AT,
    )
    list_filter = ("state", "auction__market")
    list_select_related = ("auction", "bidder")
    search_fields = ("id", "bidder__name")
    search_help_text = _("The number of a bid, or a part of the bidder's name.")
    fields = (
        "number",
        "auction",
        "bidder",
        "price_figure",
        "quantity_figure",
        "state",
        "awarded_figure",
        "awarded_price",
        "order",
        "hold",
        "placed_by",
        PLACED_AT,
        "decided_by",
        DECIDED_AT,
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # Whoever may ask for all bids of more than so much finds out how much they are.
        return lookup.split("__")[0] in BID_LOOKUPS and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return with_number(queryset, term) if term.isdecimal() else queryset.filter(bidder__in=_named(term))

    def record_ids(self, target: Bid) -> RecordIds:
        near = (target.placed_at, *((target.decided_at,) if target.decided_at else ()))
        return ids_naming(Named(BID_RECORDS, {"bid": str(target.pk)}), near=near)

    @admin.display(description=_("number"))
    def number(self, bid: Bid) -> str:
        return str(bid.pk)

    @admin.display(description=_("price in yuan"))
    def price_figure(self, bid: Bid) -> str:
        return _unless_sealed(bid, yuan(bid.price_fen))

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, bid: Bid) -> str:
        return _unless_sealed(bid, tonnes(bid.quantity_t))

    @admin.display(description=_("awarded tonnes"))
    def awarded_figure(self, bid: Bid) -> str:
        return tonnes(bid.awarded_t)

    @admin.display(description=_("price to be paid"))
    def awarded_price(self, bid: Bid) -> str:
        return EMPTY if bid.awarded_price_fen is None else money(bid.awarded_price_fen)


def _unless_sealed(bid: Bid, figure: str) -> str:
    """Return a figure of a bid, or that it is sealed: before the award, and for good of one that never came to it."""
    is_unread = bid.auction.is_sealed and bid.state not in (Bid.State.WON, Bid.State.LOST)
    return _now("sealed") if is_unread else figure


def _named(term: str) -> QuerySet[Organisation]:
    return Organisation.objects.filter(Q(name__icontains=term) | Q(name_en__icontains=term))
