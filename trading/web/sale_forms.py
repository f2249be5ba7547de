"""The forms of selling in plain words."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ledger.errors import DomainError
from ledger.templatetags.tianhui import tonnes, yuan
from trading.marketdata.sales import ExpectedSale
from trading.marketdata.selectors import Level
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.terms import MAX_CLIENT_ORDER_ID, NewOrder
from trading.web.fields import TonnesField, YuanField
from trading.web.words import words_of_refusal

if TYPE_CHECKING:
    from trading.web.selling import Sellable

HOW_LIMIT, HOW_NOW = "limit", "now"
TODAY, ON_DAY = "today", "day"
DAYS = {"week": 7, "month": 30}
HOW: list[tuple[str, str | Promise]] = [
    (HOW_LIMIT, gettext_lazy("At no less than my price: what nobody buys waits")),
    (HOW_NOW, gettext_lazy("At once, to those who bid most now")),
]
UNTIL: list[tuple[str, str | Promise]] = [
    (TODAY, gettext_lazy("the end of today's trading")),
    ("week", pgettext_lazy("until", "a week from now")),
    ("month", pgettext_lazy("until", "a month from now")),
    (ON_DAY, gettext_lazy("a day that I name")),
]
MOST_DAYS = 365
_FIELD_OF = {"price_fen": "price", "quantity_t": "quantity", "expires_at": "until_on", "time_in_force": "until"}


class SellForm(forms.Form):
    """How many tonnes of what, at no less than which price, until when."""

    market = forms.ChoiceField(
        label=gettext_lazy("Which credits to sell"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("Choose credits that you have.")},
    )
    quantity = TonnesField(label=gettext_lazy("How many tonnes to sell"))
    how = forms.ChoiceField(
        label=gettext_lazy("How"), choices=HOW, widget=forms.RadioSelect, initial=HOW_LIMIT, required=False
    )
    price = YuanField(label=gettext_lazy("At no less than"), unit=gettext_lazy("yuan/t"), required=False)
    until = forms.ChoiceField(
        label=gettext_lazy("For sale until"), choices=UNTIL, widget=forms.RadioSelect, initial="month", required=False
    )
    until_on = forms.DateField(
        label=gettext_lazy("That day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("Write a day, such as 2026-12-31.")},
    )
    # Made for each page that asks for the confirmation: pressed twice, it is one order.
    client_order_id = forms.CharField(widget=forms.HiddenInput, max_length=MAX_CLIENT_ORDER_ID, required=False)

    def __init__(self, sellable: Sequence["Sellable"], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # It is asked for where it is shown, and must not say there that it may be left out.
        self.fields["price"].required = not self.is_bound
        self.sellable = {each.market.symbol: each for each in sellable}
        self.fields["market"].choices = [(symbol, symbol) for symbol in self.sellable]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> "Sellable":
        """What a valid form sells."""
        return self.sellable[self.cleaned_data["market"]]

    def clean_how(self) -> str:
        return self.cleaned_data["how"] or HOW_LIMIT

    def clean_until(self) -> str:
        return self.cleaned_data["until"] or "month"

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        chosen = self.sellable.get(given.get("market", ""))
        quantity_t = given.get("quantity")
        if chosen and quantity_t and quantity_t > chosen.available_t:
            text = _("You have %(available)s t to sell here.") % {"available": tonnes(chosen.available_t)}
            self.add_error("quantity", text)
        if given.get("how") == HOW_LIMIT:
            self._check_price(chosen)
            self._check_day()
        elif "confirmed" in self.data and given.get("price") is None and "price" not in self.errors:
            # Below what was shown nothing is sold: a confirmation says what that was.
            self.add_error("price", _("Say below which price you do not sell."))
        return given

    def _check_price(self, chosen: "Sellable | None") -> None:
        price_fen = self.cleaned_data.get("price")
        if price_fen is None:
            if "price" not in self.errors:
                self.add_error("price", _("Say below which price you do not sell."))
        elif chosen is not None:
            low, high = chosen.market.band_fen
            if not low <= price_fen <= high:
                text = _("Today a tonne may cost %(low)s to %(high)s yuan: name a price between them.")
                self.add_error("price", text % {"low": yuan(low), "high": yuan(high)})

    def _check_day(self) -> None:
        if self.cleaned_data.get("until") != ON_DAY or "until_on" in self.errors:
            return
        day, today = self.cleaned_data.get("until_on"), timezone.localdate()
        if day is None:
            self.add_error("until_on", _("Say until which day."))
        elif not today <= day < today + dt.timedelta(days=MOST_DAYS):
            self.add_error("until_on", _("Name a day from today on, within a year."))

    @property
    def last_day(self) -> dt.date | None:
        """The last day on which a valid form sells; None for today's trading."""
        until = self.cleaned_data["until"]
        if until == TODAY:
            return None
        return self.cleaned_data["until_on"] if until == ON_DAY else timezone.localdate() + dt.timedelta(DAYS[until])

    def until_in_words(self) -> str:
        """Return until when a valid form sells."""
        day = self.last_day
        return _("the end of today's trading") if day is None else date_format(day, "DATE_FORMAT")

    def lowest_fen(self, bids: Sequence[Level]) -> int:
        """Return below which price nothing is sold: what was named; at once, the lowest bid that the tonnes need."""
        given = self.cleaned_data
        if given["how"] == HOW_LIMIT:
            return int(given["price"])
        if "confirmed" in self.data and given.get("price"):
            return int(given["price"])
        left = given["quantity"]
        for level in bids:
            left -= level.quantity_t
            if left <= 0:
                return level.price_fen
        return bids[-1].price_fen if bids else self.chosen.market.band_fen[0]

    def has_no_buyer(self, coming: ExpectedSale) -> bool:
        """Return whether somebody wants to sell at once what nobody bids for; the form says so then."""
        if self.cleaned_data["how"] != HOW_NOW or coming.now_t or "confirmed" in self.data:
            return False
        if self.chosen.market.state == Market.State.OPEN:
            self.add_error("how", _("Nobody bids for these credits now. Name your price and wait for a buyer."))
        else:
            self.add_error("how", _("Nothing trades at once now. Name your price: it is kept for when trading begins."))
        return True

    def as_sent(self, bids: Sequence[Level]) -> dict[str, str]:
        """Return what the page that asks for the confirmation sends, such that it means the same tomorrow."""
        given, day = self.cleaned_data, self.last_day
        return {
            "market": given["market"],
            "quantity": str(given["quantity"]),
            "how": given["how"],
            "price": f"{Decimal(self.lowest_fen(bids)) / 100:.2f}",
            "until": TODAY if day is None else ON_DAY,
            "until_on": "" if day is None else day.isoformat(),
        }

    def new_order(self) -> NewOrder:
        """Return the order that a valid form asks for."""
        given, day = self.cleaned_data, self.last_day
        entered = (given["client_order_id"], Order.Side.SELL, given["price"], given["quantity"])
        if given["how"] == HOW_NOW:
            return NewOrder(*entered, order_type=Order.Type.MARKET)
        if day is None:
            return NewOrder(*entered, time_in_force=Order.TimeInForce.DAY)
        ends_at = dt.datetime.combine(day, dt.time(23, 59), timezone.get_default_timezone())
        return NewOrder(*entered, time_in_force=Order.TimeInForce.GTD, expires_at=ends_at)

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field at fault."""
        self.add_error(_FIELD_OF.get(error.field or ""), words_of_refusal(error))


class PriceForm(forms.Form):
    """Another lowest price for what is not sold yet."""

    price = YuanField(label=gettext_lazy("New lowest price"), unit=gettext_lazy("yuan/t"))
