"""The days without trading: those that the operator closes, beside weekends and public holidays."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, list_url
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership
from trading.markets.calendar import is_trading_day, public_holidays
from trading.markets.days import close_day, open_day
from trading.markets.models import ClosedDay


class DayForm(ReasonForm):
    day = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    field_order = ("day", "reason")


def _open(actor: Membership, closed: ClosedDay, _values: dict[str, Any]) -> ClosedDay:
    open_day(actor=actor, closed_day_id=closed.pk)
    return closed


CLOSE = Action(
    name="close",
    label=_("Close a day"),
    explanation=_("Markets with sessions stay closed on that day. The reason is shown to everyone."),
    done=_("Markets stay closed: %(object)s."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, _target, values: close_day(actor=actor, **values),
    form=DayForm,
)
OPEN = Action(
    name="open",
    label=_("Trade on this day after all"),
    explanation=_("Markets trade on that day, unless it is a weekend or a public holiday."),
    done=_("Markets trade after all: %(object)s."),
    role=Membership.Role.REGISTRAR,
    perform=_open,
    is_due=lambda closed: closed.day > timezone.localdate(),
)


class ClosedDayAdmin(ViewOnlyAdmin):
    list_display = ("day", "reason")
    search_fields = ("reason",)
    ordering = ("-day",)
    fields = ("day", "reason")
    list_actions = (CLOSE,)
    object_actions = (OPEN,)
    change_list_template = "admin/closed_days.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"holidays": _holidays()} | (extra_context or {}))

    def record_ids(self, target: ClosedDay) -> RecordIds:
        return ids_naming(Named(("market_day_closed", "market_day_opened"), {"day": target.day.isoformat()}))

    def facts(self, target: ClosedDay) -> list[Fact]:
        is_other = is_trading_day(target.day)
        return [
            (_("Reason"), target.reason),
            (_("Otherwise"), _("a trading day") if is_other else _("a weekend or a public holiday")),
        ]

    def answer(self, request: HttpRequest, action: Action, target: Any, result: Any) -> HttpResponse:
        answer = super().answer(request, action, target, result)
        # Who opens a day is led to the list: there is no closed day any more.
        return HttpResponseRedirect(list_url(ClosedDay)) if action is OPEN else answer


def _holidays() -> Table:
    """Return the public holidays of this and the next year that are no weekend."""
    language = "en_US" if (get_language() or "").startswith("en") else "zh_CN"
    year = timezone.localdate().year
    rows: list[tuple[object, ...]] = [
        (f"{day:%Y-%m-%d}", name or EMPTY) for each in (year, year + 1) for day, name in public_holidays(each, language)
    ]
    return Table(str(_("Public holidays")), (str(_("Day")), str(_("Name"))), rows, is_text=True)
