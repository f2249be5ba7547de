"""Markets: open, halt, resume."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, link, list_url, moment, money, tonnes, yuan
from ledger.admin.fields import YuanField
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.models import Asset
from ledger.parties.models import Membership
from trading.execution.models import Trade
from trading.marketdata.selectors import tape
from trading.markets.models import Market
from trading.markets.services import BOUNDS, open_market
from trading.orders.models import Instruction, Order
from trading.orders.phases import halt_market, resume_market

SHOWN = 20
# What the log says of a market.
RECORDS = ("market_opened", "market_changed", "market_halt_ordered", "market_resume_ordered")


def _price(label: Any, field: str, **kwargs: Any) -> YuanField:
    return YuanField(label=label, bounds_fen=BOUNDS[field], **kwargs)


def _whole(label: Any, field: str, **kwargs: Any) -> forms.IntegerField:
    least, most = BOUNDS[field]
    return forms.IntegerField(label=label, min_value=least, max_value=most, **kwargs)


class MarketForm(forms.Form):
    asset = forms.ModelChoiceField(
        label=_("Credits"),
        queryset=Asset.objects.filter(kind=Asset.Kind.CREDIT, market__isnull=True).order_by("-id"),
        help_text=_("Those that have no market yet."),
    )
    symbol = forms.CharField(label=_("Symbol"), max_length=40, help_text=_("As it stands in the market's address."))
    reference_price_fen = _price(_("Reference price in yuan per tonne"), "reference_price_fen")
    tick_size_fen = _price(_("Tick in yuan"), "tick_size_fen", initial="0.01")
    lot_size_t = _whole(_("Lot in tonnes"), "lot_size_t", initial=1)
    band_percent = _whole(_("Price band in percent"), "band_percent", initial=10)
    maker_fee_bps = _whole(_("Fee of the maker in basis points"), "maker_fee_bps", initial=0)
    taker_fee_bps = _whole(_("Fee of the taker in basis points"), "taker_fee_bps", initial=0)


def _open(actor: Membership, _target: None, values: dict[str, Any]) -> Market:
    asset: Asset = values.pop("asset")
    return open_market(actor=actor, asset_id=asset.pk, **values)


OPEN = Action(
    name="open",
    label=_("Open a market"),
    explanation=_("Credits of one batch are traded there against yuan, from the moment it is open."),
    done=_("The market %(object)s is open."),
    role=Membership.Role.REGISTRAR,
    perform=_open,
    form=MarketForm,
)
HALT = Action(
    name="halt",
    label=_("Halt the market"),
    explanation=_("Orders are refused until it resumes; cancels are taken. The reason is shown to everyone."),
    done=_("The halt of %(object)s is ordered. It takes effect after the instructions that came before it."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, market, values: halt_market(actor=actor, market_id=market.pk, **values),
    form=ReasonForm,
    is_due=lambda market: market.state == Market.State.OPEN,
    is_grave=True,
)
RESUME = Action(
    name="resume",
    label=_("Resume trading"),
    explanation=_("The market takes orders again. What rested on the book is still there."),
    done=_("%(object)s is to resume. It takes effect after the instructions that came before it."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, market, _values: resume_market(actor=actor, market_id=market.pk),
    is_due=lambda market: market.state == Market.State.HALTED,
)


class MarketAdmin(ViewOnlyAdmin):
    list_display = ("symbol", "state", "reference_figure", "band", "fees", "opened_at")
    list_filter = ("state",)
    search_fields = ("symbol", "asset__code")
    ordering = ("-id",)
    fields = (
        "symbol",
        "asset",
        "state",
        "halt_reason",
        "reference_price",
        "band",
        "tick",
        "lot_figure",
        "fees",
        "shard",
        "last_instruction",
        "opened_at",
    )
    list_actions = (OPEN,)
    object_actions = (HALT, RESUME)

    @admin.display(description=_("reference price in yuan"), ordering="reference_price_fen")
    def reference_figure(self, market: Market) -> str:
        return yuan(market.reference_price_fen)

    @admin.display(description=_("reference price"))
    def reference_price(self, market: Market) -> str:
        return money(market.reference_price_fen)

    @admin.display(description=_("prices allowed"))
    def band(self, market: Market) -> str:
        low, high = market.band_fen
        return f"{money(low)} – {money(high)} (±{market.band_percent} %)"

    @admin.display(description=_("tick"))
    def tick(self, market: Market) -> str:
        return money(market.tick_size_fen)

    @admin.display(description=_("lot in tonnes"))
    def lot_figure(self, market: Market) -> str:
        return tonnes(market.lot_size_t)

    @admin.display(description=_("fees of maker and taker"))
    def fees(self, market: Market) -> str:
        return f"{market.maker_fee_bps / 100:.2f} % / {market.taker_fee_bps / 100:.2f} %"

    @admin.display(description=_("last instruction"))
    def last_instruction(self, market: Market) -> str:
        return str(market.last_sequence)

    def record_ids(self, target: Market) -> RecordIds:
        return ids_naming(Named(RECORDS, {"market": str(target.pk)}))

    def facts(self, target: Market) -> list[Fact]:
        waiting = target.instructions.count()
        return [
            (_("State"), target.get_state_display()),
            (_("Reason of the halt"), target.halt_reason or EMPTY),
            (_("Waiting instructions"), tonnes(waiting)),
        ]

    def tables(self, target: Market) -> list[Table]:
        return [_waiting(target), _trades(target)]


def _waiting(market: Market) -> Table:
    instructions = Instruction.objects.filter(market=market).select_related("order__organisation").order_by("id")
    rows: list[tuple[object, ...]] = [
        (
            each.get_kind_display(),
            link(each.order, _describe(each.order)) if each.order else each.note or EMPTY,
            moment(each.entered_at),
        )
        for each in instructions[:SHOWN]
    ]
    columns = (str(_("Instruction")), str(_("What")), str(_("Entered at")))
    return Table(str(_("Oldest waiting instructions")), columns, rows)


def _describe(order: Order) -> str:
    terms = f"{order.get_side_display()} {tonnes(order.quantity_t)} t × {money(order.price_fen)}"
    return f"{order.organisation} · {terms}"


def _trades(market: Market) -> Table:
    rows: list[tuple[object, ...]] = [
        (link(trade, moment(trade.executed_at)), yuan(trade.price_fen), tonnes(trade.quantity_t), yuan(trade.value_fen))
        for trade in tape(market, SHOWN)
    ]
    columns = (str(_("Executed at")), str(_("Price in yuan")), str(_("Tonnes")), str(_("Value in yuan")))
    all_url = list_url(Trade, market=market.pk)
    return Table(str(_("Newest trades")), columns, rows, all_url, figures=frozenset({1, 2, 3}))
