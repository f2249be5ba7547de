"""Offers of block trades, of all organisations."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import at_moment, money, tonnes, yuan
from ledger.admin.filters import with_number
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Organisation
from trading.blocks.models import BlockOffer

EXPIRES_AT = at_moment("expires_at", _("expires at"))
OFFERED_AT = at_moment("offered_at", _("offered at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))
# What the log says of an offer.
RECORDS = ("block_offered", *(f"block_{state}" for state in BlockOffer.State.values if state != BlockOffer.State.OPEN))


class BlockOfferAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "market",
        "proposer",
        "counterparty",
        "side",
        "price_figure",
        "quantity_figure",
        "outcome_text",
        EXPIRES_AT,
    )
    list_filter = ("state", "market")
    list_select_related = ("market", "proposer", "counterparty", "sell_order")
    search_fields = ("id", "proposer__name")
    search_help_text = _("The number of an offer, or a part of a party's name.")
    fields = (
        "number",
        "market",
        "proposer",
        "counterparty",
        "side",
        "price",
        "quantity_figure",
        "fee",
        "outcome_text",
        "replaces",
        "buy_order",
        "sell_order",
        "hold",
        "proposed_by",
        OFFERED_AT,
        EXPIRES_AT,
        "decided_by",
        DECIDED_AT,
    )

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        if term.isdecimal():
            return with_number(queryset, term)
        named = Organisation.objects.filter(Q(name__icontains=term) | Q(name_en__icontains=term))
        return queryset.filter(Q(proposer__in=named) | Q(counterparty__in=named))

    def record_ids(self, target: BlockOffer) -> RecordIds:
        near = (target.offered_at, *((target.decided_at,) if target.decided_at else ()))
        return ids_naming(Named(RECORDS, {"offer": str(target.pk)}), near=near)

    @admin.display(description=_("number"))
    def number(self, offer: BlockOffer) -> str:
        return str(offer.pk)

    @admin.display(description=_("price in yuan"))
    def price_figure(self, offer: BlockOffer) -> str:
        return yuan(offer.price_fen)

    @admin.display(description=_("price"))
    def price(self, offer: BlockOffer) -> str:
        return money(offer.price_fen)

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, offer: BlockOffer) -> str:
        return tonnes(offer.quantity_t)

    @admin.display(description=_("fee of each party"))
    def fee(self, offer: BlockOffer) -> str:
        return f"{offer.fee_bps / 100:.2f} %"

    @admin.display(description=_("state"))
    def outcome_text(self, offer: BlockOffer) -> str:
        return offer.get_outcome_display()
