"""Markets: open, halt, resume, and other rules."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, at_moment, link, list_url, moment, money, tonnes, yuan
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.models import Asset
from ledger.parties.models import Membership
from trading.admin.fields import sessions_as_text
from trading.admin.rules import ChangeForm, MarketForm, ResumeForm, rules_as_written
from trading.admin.shards import MOVE, shards_table
from trading.execution.models import Trade
from trading.marketdata.selectors import tape
from trading.markets.models import Market
from trading.markets.selectors import next_step
from trading.markets.services import open_market
from trading.markets.sessions import Step, Timed
from trading.orders.changes import propose_market_change
from trading.orders.models import Instruction, Order
from trading.orders.phases import halt_market, resume_market

SHOWN = 20
# What the log says of a market.
RECORDS = (
    "market_opened",
    "market_change_proposed",
    "market_change_confirmed",
    "market_change_refused",
    "market_change_ordered",
    "market_changed",
    "market_halt_ordered",
    "market_resume_ordered",
    "market_moved",
)
AUCTION_ENDS_AT = at_moment("auction_ends_at", _("call auction ends at"))
STEPS = {
    Step.BEGIN_AUCTION: _("a call auction begins"),
    Step.OPEN: _("trading begins"),
    Step.CLOSE: _("the market closes"),
    Step.END_DAY: _("the day ends"),
}


def _open(actor: Membership, _target: None, values: dict[str, Any]) -> Market:
    asset: Asset = values.pop("asset")
    return open_market(actor=actor, asset_id=asset.pk, **values)


def _resume(actor: Membership, market: Market, values: dict[str, Any]) -> Market:
    return resume_market(actor=actor, market_id=market.pk, auction_minutes=values["auction_minutes"] or 0)


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
    is_due=lambda market: market.state != Market.State.HALTED,
    is_grave=True,
)
RESUME = Action(
    name="resume",
    label=_("Resume trading"),
    explanation=_(
        "The market goes on where its day has come to. What rested on the book is still there; a call auction lets orders come "
        "together before they trade."
    ),
    done=_("%(object)s is to resume. It takes effect after the instructions that came before it."),
    role=Membership.Role.REGISTRAR,
    perform=_resume,
    form=ResumeForm,
    is_due=lambda market: market.state == Market.State.HALTED,
)
CHANGE = Action(
    name="change-rules",
    label=_("Propose other rules"),
    explanation=_(
        "A second person confirms them. Orders on the book that the new rules do not allow expire when they take effect; new fees "
        "end all orders that rest. The reason is kept in the log."
    ),
    done=_("%(object)s: proposed. A second person confirms it."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, market, values: propose_market_change(actor=actor, market_id=market.pk, **values),
    form=ChangeForm,
    initial=rules_as_written,
    is_grave=True,
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
        "phase",
        AUCTION_ENDS_AT,
        "halt_reason",
        "reference_price",
        "band",
        "tick",
        "lot_figure",
        "fees",
        "trading_hours",
        "interruption",
        "largest_figure",
        "block_band",
        "block_minimum_figure",
        "shard",
        "last_instruction",
        "opened_at",
    )
    list_actions = (OPEN,)
    object_actions = (HALT, RESUME, CHANGE, MOVE)

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

    @admin.display(description=_("sessions"))
    def trading_hours(self, market: Market) -> str:
        if not market.sessions:
            return str(_("always open"))
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in _lines(market)))

    @admin.display(description=_("volatility interruption"))
    def interruption(self, market: Market) -> str:
        if not market.volatility_percent:
            return EMPTY
        rule = {"percent": market.volatility_percent, "minutes": market.volatility_minutes}
        return str(_("±%(percent)s %%, call auction of %(minutes)s minutes") % rule)

    @admin.display(description=_("largest order in tonnes"))
    def largest_figure(self, market: Market) -> str:
        return tonnes(market.largest_order_t)

    @admin.display(description=_("prices allowed of block trades"))
    def block_band(self, market: Market) -> str:
        low, high = market.block_band_fen
        return f"{money(low)} – {money(high)} (±{market.block_band_percent} %)"

    @admin.display(description=_("smallest block trade in tonnes"))
    def block_minimum_figure(self, market: Market) -> str:
        return tonnes(market.block_minimum_t)

    @admin.display(description=_("last instruction"))
    def last_instruction(self, market: Market) -> str:
        return str(market.last_sequence)

    def record_ids(self, target: Market) -> RecordIds:
        return ids_naming(Named(RECORDS, {"market": str(target.pk)}))

    def facts(self, target: Market) -> list[Fact]:
        waiting = target.instructions.count()
        return [
            (_("State"), target.get_state_display()),
            (_("Phase of the day"), target.get_phase_display()),
            (_("Call auction ends at"), moment(target.auction_ends_at)),
            (_("Next by its sessions"), _in_words(next_step(target))),
            (_("Reason of the halt"), target.halt_reason or EMPTY),
            (_("Waiting instructions"), tonnes(waiting)),
        ]

    def tables(self, target: Market) -> list[Table]:
        found = [_waiting(target), _trades(target)]
        return [*found, shards_table()] if settings.MATCHING_SHARDS > 1 else found


def _lines(market: Market) -> list[str]:
    return sessions_as_text(market.sessions).splitlines()


def _in_words(timed: Timed | None) -> str:
    return EMPTY if timed is None else f"{moment(timed.at)} {STEPS[timed.step]}"


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
