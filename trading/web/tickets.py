"""The order ticket: who gets one, what it asks, and what it says of an order before it is sent."""

import secrets
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.parties.rights import Right, has_right
from trading.markets.fees import fee_fen, worst_cost_fen
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.terms import MAX_CLIENT_ORDER_ID, NewOrder
from trading.web.fields import TonnesField, YuanField
from trading.web.words import words_of_refusal

# The service names inputs by its own units.
_FIELD_OF = {
    "price_fen": "price",
    "quantity_t": "quantity",
    "side": "side",
    "display_t": "display",
    "expires_at": "expires_at",
    "order_type": "kind",
    "time_in_force": "kind",
    "post_only": "kind",
    "self_trade_mode": "self_trade_mode",
}


class Kind(models.TextChoices):
    """How people choose an order's terms: one choice instead of three that exclude each other."""

    LIMIT = "limit", _("Limit: stands until it is filled or cancelled")
    DAY = "day", _("Limit, for today: what does not trade by the end of the trading day expires")
    GTD = "gtd", _("Limit, until a time: what does not trade by then expires")
    MARKET = "market", _("Market: at the best prices there are, at once")
    IOC = "ioc", _("Limit, at once: what does not trade is cancelled")
    FOK = "fok", _("Limit, at once and whole, or not at all")
    POST_ONLY = "post_only", _("Limit, only as maker: never trades on entry")


_TERMS: dict[str, dict[str, Any]] = {
    Kind.LIMIT: {},
    Kind.DAY: {"time_in_force": Order.TimeInForce.DAY},
    Kind.GTD: {"time_in_force": Order.TimeInForce.GTD},
    Kind.MARKET: {"order_type": Order.Type.MARKET},
    Kind.IOC: {"time_in_force": Order.TimeInForce.IOC},
    Kind.FOK: {"time_in_force": Order.TimeInForce.FOK},
    Kind.POST_ONLY: {"post_only": True},
}


class OwnOrder(models.TextChoices):
    """What happens where an order would trade with another one of its own organisation, which none ever does."""

    CANCEL_NEWEST = Order.SelfTradeMode.CANCEL_NEWEST, _("This order ends there, the other one stays (usual)")
    CANCEL_OLDEST = Order.SelfTradeMode.CANCEL_OLDEST, _("The other one is cancelled, this order goes on")
    CANCEL_BOTH = Order.SelfTradeMode.CANCEL_BOTH, _("Both are cancelled")
    DECREMENT = Order.SelfTradeMode.DECREMENT, _("Both are reduced by what they would have traded")


# What trades at once, or only makes, has no place where orders are collected.
NOT_IN_AUCTION = (Kind.IOC, Kind.FOK, Kind.POST_ONLY)


class KindSelect(forms.Select):
    """The kinds of order; those that the market does not take now cannot be chosen."""

    is_in_auction = False

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **options)
        if value in NOT_IN_AUCTION:
            option["attrs"] |= {"data-not-in-auction": True, "disabled": self.is_in_auction}
        return option


class OrderForm(forms.Form):
    side = forms.ChoiceField(label=_("Side"), choices=Order.Side)
    kind = forms.ChoiceField(label=_("Kind of order"), choices=Kind, required=False, widget=KindSelect)
    expires_at = forms.DateTimeField(
        label=_("Good until"),
        required=False,
        help_text=_("Date and time in China (Asia/Shanghai)."),
        error_messages={"invalid": _("Write a date and a time, such as 2026-11-30 15:00.")},
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    price = YuanField(label=_("Price"), unit=_("yuan/t"))
    quantity = TonnesField(label=_("Quantity"))
    display = TonnesField(
        label=_("Show only"),
        required=False,
        help_text=_("The book shows so much of the order at a time. Empty: all of it."),
    )
    self_trade_mode = forms.ChoiceField(
        label=_("If it meets an order of your own"),
        choices=OwnOrder,
        required=False,
        help_text=_("Nobody trades with themselves. The review says what would become of both."),
    )
    # Made for each form that is shown: a form that is sent twice is one order.
    client_order_id = forms.CharField(widget=forms.HiddenInput, max_length=MAX_CLIENT_ORDER_ID)

    def __init__(self, market: Market, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.market = market
        self.fields["kind"].widget.is_in_auction = market.in_auction
        self.fields["price"].required = self["kind"].value() != Kind.MARKET
        # It is shown where it is asked for alone, and must not say there that it may be left out.
        self.fields["expires_at"].required = not self.is_bound or self["kind"].value() == Kind.GTD

    def new_order(self) -> NewOrder:
        """Return what a valid form asks for."""
        values = self.cleaned_data
        return NewOrder(
            values["client_order_id"],
            values["side"],
            values["price"],
            values["quantity"],
            display_t=values["display"],
            self_trade_mode=values["self_trade_mode"] or OwnOrder.CANCEL_NEWEST,
            expires_at=values["expires_at"] if values["kind"] == Kind.GTD else None,
            **_TERMS[values["kind"] or Kind.LIMIT],
        )

    def anew(self) -> "OrderForm":
        """Return a ticket with what was written, of which nothing has been asked yet."""
        written = {name: value for name in self.fields if (value := self.data.get(name)) is not None}
        return OrderForm(self.market, initial=written)

    @property
    def has_options(self) -> bool:
        """Whether the form says, or was refused for, something beyond a plain limit order."""
        return (
            self["kind"].value() not in (None, "", Kind.LIMIT)
            or self["self_trade_mode"].value() not in (None, "", OwnOrder.CANCEL_NEWEST)
            or bool(self["display"].value() or self["display"].errors)
        )

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field at fault; the form then gets a new id, for it may be sent again."""
        self.add_error(_FIELD_OF.get(error.field or ""), words_of_refusal(error))
        self.data = dict(self.data.items()) | {"client_order_id": new_client_order_id()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order sets aside, and what it costs or brings at worst. Units: fen."""

    value_fen: int
    highest_fee_fen: int
    worst_cost_fen: int
    least_proceeds_fen: int


def estimate(order: NewOrder, market: Market) -> Estimate:
    """Return what an order comes to if all of it trades at its limit, at the higher fee."""
    limit_fen = order.limit_fen(market)
    value = limit_fen * order.quantity_t
    fee = fee_fen(value, market.taker_fee_bps)
    return Estimate(value, fee, worst_cost_fen(limit_fen, order.quantity_t, market.taker_fee_bps), value - fee)


def new_client_order_id() -> str:
    """Return an id that no other form has."""
    return f"web-{secrets.token_urlsafe(16)}"


def empty_ticket(market: Market, side: str = Order.Side.BUY, price_fen: int | None = None) -> OrderForm:
    """Return a ticket to fill in."""
    initial: dict[str, Any] = {"side": side, "client_order_id": new_client_order_id()}
    if price_fen is not None:
        initial["price"] = price_fen
    return OrderForm(market, initial=initial)


def may_ever_trade(membership: Membership) -> bool:
    """Return whether somebody is one who trades, be the organisation approved yet or not."""
    return has_right(membership, Right.TRADE)
