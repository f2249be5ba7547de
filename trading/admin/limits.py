"""What organisations may order at most."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, list_url, money, tonnes
from ledger.admin.fields import YuanField
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.posting import MAX_AMOUNT
from ledger.parties.models import Membership, Organisation
from trading.markets.limits import lift_limit, set_limit
from trading.markets.models import Market, TradingLimit

BOUNDS = (1, MAX_AMOUNT)


class LimitForm(ReasonForm):
    organisation = forms.ModelChoiceField(
        label=_("Organisation"), queryset=Organisation.objects.filter(kind__in=Organisation.HOLDERS).order_by("name")
    )
    market = forms.ModelChoiceField(
        label=_("Market"),
        queryset=Market.objects.order_by("symbol"),
        required=False,
        empty_label=_("all markets"),
        help_text=_("Of a limit for all markets and one for this market the narrower one counts."),
    )
    largest_order_t = forms.IntegerField(
        label=_("Largest order in tonnes"), min_value=1, max_value=MAX_AMOUNT, required=False
    )
    largest_order_fen = YuanField(label=_("Largest order in yuan"), bounds_fen=BOUNDS, required=False)
    most_held_fen = YuanField(
        label=_("Most held for its orders in yuan"),
        bounds_fen=BOUNDS,
        required=False,
        help_text=_("What is left empty is not limited."),
    )
    field_order = ("organisation", "market", "largest_order_t", "largest_order_fen", "most_held_fen", "reason")


def _set(actor: Membership, _target: None, values: dict[str, Any]) -> TradingLimit:
    organisation: Organisation = values.pop("organisation")
    market: Market | None = values.pop("market")
    return set_limit(
        actor=actor, organisation_id=organisation.pk, market_id=None if market is None else market.pk, **values
    )


def _lift(actor: Membership, limit: TradingLimit, values: dict[str, Any]) -> TradingLimit:
    lift_limit(actor=actor, limit_id=limit.pk, **values)
    return limit


SET = Action(
    name="set",
    label=_("Set a limit"),
    explanation=_(
        "Orders beyond it are refused from now on; those that rest stay. A limit that was set before is replaced."
    ),
    done=_("The limit is set: %(object)s."),
    role=Membership.Role.REGISTRAR,
    perform=_set,
    form=LimitForm,
)
LIFT = Action(
    name="lift",
    label=_("Lift the limit"),
    explanation=_("The organisation may order as much as everybody."),
    done=_("The limit is lifted: %(object)s."),
    role=Membership.Role.REGISTRAR,
    perform=_lift,
    form=ReasonForm,
    is_grave=True,
)


def _tonnes(value: int | None) -> str:
    return EMPTY if value is None else f"{tonnes(value)} t"


def _money(value: int | None) -> str:
    return EMPTY if value is None else money(value)


class TradingLimitAdmin(ViewOnlyAdmin):
    list_display = ("organisation", "market_name", "order_t_figure", "order_fen_figure", "held_fen_figure", "reason")
    list_select_related = ("organisation", "market")
    search_fields = ("organisation__name", "organisation__name_en", "market__symbol")
    ordering = ("-id",)
    fields = ("organisation", "market_name", "order_t_figure", "order_fen_figure", "held_fen_figure", "reason")
    list_actions = (SET,)
    object_actions = (LIFT,)

    @admin.display(description=_("market"), ordering="market__symbol")
    def market_name(self, limit: TradingLimit) -> str:
        return str(limit.market or _("all markets"))

    @admin.display(description=_("largest order in tonnes"))
    def order_t_figure(self, limit: TradingLimit) -> str:
        return _tonnes(limit.largest_order_t)

    @admin.display(description=_("largest order in yuan"))
    def order_fen_figure(self, limit: TradingLimit) -> str:
        return _money(limit.largest_order_fen)

    @admin.display(description=_("most held for its orders in yuan"))
    def held_fen_figure(self, limit: TradingLimit) -> str:
        return _money(limit.most_held_fen)

    def record_ids(self, target: TradingLimit) -> RecordIds:
        market = None if target.market_id is None else str(target.market_id)
        named = {"organisation": str(target.organisation.public_id), "market": market}
        return ids_naming(Named(("organisation_limit_set", "organisation_limit_lifted"), named))

    def facts(self, target: TradingLimit) -> list[Fact]:
        return [
            (_("Largest order in tonnes"), _tonnes(target.largest_order_t)),
            (_("Largest order in yuan"), _money(target.largest_order_fen)),
            (_("Most held for its orders in yuan"), _money(target.most_held_fen)),
            (_("Reason"), target.reason),
        ]

    def answer(self, request: HttpRequest, action: Action, target: Any, result: Any) -> HttpResponse:
        answer = super().answer(request, action, target, result)
        # Who lifts a limit is led to the list: the limit is no more.
        return HttpResponseRedirect(list_url(TradingLimit)) if action is LIFT else answer
