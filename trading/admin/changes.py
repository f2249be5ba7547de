"""Other rules of markets that wait for a second person, and those that were decided."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import link, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership
from trading.admin.rules import rule_written
from trading.markets.models import MarketChange, rule_named
from trading.markets.rules import rules_in
from trading.orders.changes import confirm_market_change, refuse_market_change


def _waits(change: MarketChange) -> bool:
    return change.state == MarketChange.State.PROPOSED


CONFIRM = Action(
    name="confirm",
    label=_("Confirm the new rules"),
    explanation=_("The market takes them after the instructions that came before. New fees end all orders that rest."),
    done=_("%(object)s: ordered."),
    role=Membership.Role.REGISTRAR,
    also=(Membership.Role.OWNER,),
    perform=lambda actor, change, _values: confirm_market_change(actor=actor, change_id=change.pk),
    makers=("proposed_by_id",),
    is_due=_waits,
    is_grave=True,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the new rules"),
    explanation=_("The market keeps its rules. Whoever proposed them takes them back in the same way."),
    done=_("%(object)s: refused."),
    role=Membership.Role.REGISTRAR,
    also=(Membership.Role.OWNER,),
    perform=lambda actor, change, _values: refuse_market_change(actor=actor, change_id=change.pk),
    is_due=_waits,
)


def _changes(change: MarketChange) -> list[Fact]:
    """Return each rule that becomes another, in words: how it is now where it waits, and how it is to be."""
    now = rules_in(change.market) if _waits(change) else {}
    return [
        (
            capfirst(rule_named(name)),
            f"{rule_written(name, now[name])} → {rule_written(name, value)}"
            if name in now
            else rule_written(name, value),
        )
        for name, value in sorted(change.rules.items())
    ]


class MarketChangeAdmin(ViewOnlyAdmin):
    list_display = ("market", "state", "new_rules", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_filter = ("state",)
    list_select_related = ("market", "proposed_by", "decided_by")
    search_fields = ("market__symbol", "reason")
    ordering = ("-id",)
    fields = (
        *("market", "state", "new_rules", "reason"),
        *("proposed_by", "proposed_at", "decided_by", "decided_at"),
    )
    object_actions = (CONFIRM, REFUSE)

    @admin.display(description=_("new rules"))
    def new_rules(self, change: MarketChange) -> SafeString:
        """What becomes another: from what, as long as it waits; what it was before is in the log."""
        return format_html_join("", "<div>{}: <strong>{}</strong></div>", _changes(change))

    def record_ids(self, target: MarketChange) -> RecordIds:
        kinds = ("market_change_proposed", "market_change_confirmed", "market_change_refused")
        return ids_naming(Named(kinds, {"market_change": str(target.pk)}), near=(target.proposed_at, target.decided_at))

    def facts(self, target: MarketChange) -> list[Fact]:
        return [
            (_("Market"), link(target.market)),
            *_changes(target),
            (_("Reason"), target.reason),
            (_("Proposed by"), link(target.proposed_by)),
            (_("Proposed at"), moment(target.proposed_at)),
        ]
