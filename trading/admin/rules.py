"""The forms for the rules of markets."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import ReasonForm
from ledger.admin.display import money, yuan
from ledger.admin.fields import YuanField
from ledger.journal.models import Asset
from trading.admin.fields import SessionsField, sessions_as_text
from trading.markets.models import Market
from trading.markets.rules import RULES, rules_in
from trading.markets.services import BOUNDS, LARGEST_T
from trading.orders.phases import LONGEST_AUCTION

# What a market has by itself where nothing is said.
FURTHER_RULES = (
    "volatility_percent",
    "volatility_minutes",
    "largest_order_t",
    "block_band_percent",
    "block_minimum_t",
)
YUAN_RULES = ("reference_price_fen", "tick_size_fen")


def rule_written(name: str, value: Any) -> str:
    """Return how a rule is, as the form takes it: money in yuan, sessions in one line."""
    if name in YUAN_RULES:
        return money(value)
    if name == "sessions":
        return sessions_as_text(value).replace("\n", ", ") or gettext("always open")
    return str(value)


def _price(label: Any, field: str, **kwargs: Any) -> YuanField:
    return YuanField(label=label, bounds_fen=BOUNDS[field], **kwargs)


def _whole(label: Any, field: str, **kwargs: Any) -> forms.IntegerField:
    least, most = BOUNDS[field]
    return forms.IntegerField(label=label, min_value=least, max_value=most, **kwargs)


class RulesForm(forms.Form):
    """The rules of a market."""

    reference_price_fen = _price(_("Reference price in yuan per tonne"), "reference_price_fen")
    tick_size_fen = _price(_("Tick in yuan"), "tick_size_fen", initial="0.01")
    lot_size_t = _whole(_("Lot in tonnes"), "lot_size_t", initial=1)
    band_percent = _whole(_("Price band in percent"), "band_percent", initial=10)
    maker_fee_bps = _whole(_("Fee of the maker in basis points"), "maker_fee_bps", initial=0)
    taker_fee_bps = _whole(_("Fee of the taker in basis points"), "taker_fee_bps", initial=0)
    sessions = SessionsField(
        label=_("Sessions"),
        help_text=_(
            "A session a line, in China's time: 09:15 09:30-11:30 begins with a call auction at 09:15, "
            "13:00-14:57 15:00 ends with one from 14:57 on. Empty: always open."
        ),
    )
    volatility_percent = _whole(
        _("Volatility limit in percent"),
        "volatility_percent",
        initial=0,
        help_text=_("A price as far away interrupts trading by a call auction. 0: nothing does."),
    )
    volatility_minutes = _whole(_("Volatility interruption in minutes"), "volatility_minutes", initial=5)
    largest_order_t = _whole(_("Largest order in tonnes"), "largest_order_t", initial=LARGEST_T)
    block_band_percent = _whole(_("Price band of block trades in percent"), "block_band_percent", initial=30)
    block_minimum_t = _whole(_("Smallest block trade in tonnes"), "block_minimum_t", initial=1)


class MarketForm(RulesForm):
    asset = forms.ModelChoiceField(
        label=_("Credits"),
        queryset=Asset.objects.filter(kind=Asset.Kind.CREDIT, market__isnull=True).order_by("-id"),
        help_text=_("Those that have no market yet."),
    )
    symbol = forms.CharField(label=_("Symbol"), max_length=40, help_text=_("As it stands in the market's address."))
    field_order = ("asset", "symbol", *RULES)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in FURTHER_RULES:
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        """Leave to the market what nothing is said of."""
        values = super().clean() or {}
        return {name: value for name, value in values.items() if value is not None}


class ChangeForm(RulesForm, ReasonForm):
    """The rules as they are, to be changed: only what somebody changes is, whatever others have changed meanwhile."""

    field_order = (*RULES, "reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in RULES:
            self.fields[name].show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        return {name: value for name, value in values.items() if name in self.changed_data or name == "reason"}


class ResumeForm(forms.Form):
    auction_minutes = forms.IntegerField(
        label=_("Minutes of call auction"),
        min_value=0,
        max_value=LONGEST_AUCTION,
        initial=0,
        required=False,
        help_text=_("Orders are collected for so long, and trade at one price then. 0: trading goes on at once."),
    )


def rules_as_written(market: Market) -> dict[str, Any]:
    """Return a market's rules as the form takes them."""
    rules = rules_in(market)
    written: dict[str, Any] = {name: yuan(rules[name]) for name in YUAN_RULES}
    return rules | written
