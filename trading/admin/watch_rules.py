"""The rules of surveillance as they stand, and how their thresholds were changed."""

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.access import desk_membership
from ledger.admin.actions import Action
from ledger.admin.base import ViewOnlyAdmin
from ledger.admin.display import Table, at_moment, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership
from trading.admin.surveillance import REGISTRAR, amount, unit_of
from trading.surveillance.models import Rule, RuleChange
from trading.surveillance.rules import RULES
from trading.surveillance.selectors import (
    RuleNow,
    rules_now,
    thresholds_now,
)
from trading.surveillance.services import (
    MAX_REASON,
    change_thresholds,
)
from trading.surveillance.terms import WatchRule


class ThresholdsForm(forms.Form):
    """All thresholds of one rule, as they are now where nothing else is given."""

    rule: ClassVar[WatchRule]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = thresholds_now(self.rule) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        for threshold in self.rule.thresholds:
            bounds = {"least": tonnes(threshold.least), "most": tonnes(threshold.most)}
            self.fields[threshold.name] = forms.IntegerField(
                label=f"{threshold.label} ({unit_of(threshold.unit)})" if threshold.unit else threshold.label,
                min_value=threshold.least,
                max_value=threshold.most,
                help_text=_("From %(least)s to %(most)s.") % bounds,
            )
        self.fields["reason"] = forms.CharField(
            label=_("Reason"), max_length=MAX_REASON, widget=forms.Textarea({"rows": 4})
        )


def _change(rule: Rule, actor: Membership, _target: None, values: dict[str, Any]) -> RuleChange:
    reason = values.pop("reason")
    return change_thresholds(actor=actor, rule=rule, thresholds=values, reason=reason)


def _action_for(rule: WatchRule) -> Action:
    return Action(
        name=f"change-{rule.name.value.replace('_', '-')}",
        label=format_lazy("{} · {}", _("Change thresholds"), rule.name.label),
        explanation=format_lazy(
            "{} {}",
            lazy(lambda: rule.said(thresholds_now(rule)), str)(),
            _("New thresholds hold for what is judged from now on. They are kept in the log."),
        ),
        done=_("Changed: %(object)s"),
        role=REGISTRAR,
        perform=partial(_change, rule.name),
        form=type("RuleThresholdsForm", (ThresholdsForm,), {"rule": rule}),
    )


CHANGES = {name: _action_for(rule) for name, rule in RULES.items()}


class RuleChangeAdmin(ViewOnlyAdmin):
    """The changes as a list, below the rules as they stand."""

    change_list_template = "admin/rules.html"
    list_display = (
        "number",
        "rule",
        "thresholds_text",
        "reason",
        "changed_by",
        at_moment("changed_at", _("changed at")),
    )
    list_filter = ("rule",)
    list_select_related = ("changed_by",)
    ordering = ("-id",)
    fields = (
        "number",
        "rule",
        "sentence",
        "thresholds_text",
        "reason",
        "changed_by",
        at_moment("changed_at", _("changed at")),
    )
    list_actions = tuple(CHANGES.values())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        actor = desk_membership(request)
        # Each rule has its step beside it.
        context = {"offered": [], "rules": _rules(rules_now(), CHANGES.values(), actor)}
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=_("number"), ordering="id")
    def number(self, change: RuleChange) -> str:
        return str(change.pk)

    @admin.display(description=_("what the rule says"))
    def sentence(self, change: RuleChange) -> str:
        return RULES[Rule(change.rule)].said(change.thresholds)

    @admin.display(description=_("thresholds"))
    def thresholds_text(self, change: RuleChange) -> str:
        known = RULES[Rule(change.rule)].thresholds
        return "; ".join(
            f"{threshold.label}: {amount(change.thresholds[threshold.name], threshold.unit)}"
            for threshold in known
            if threshold.name in change.thresholds
        )

    def record_ids(self, target: RuleChange) -> RecordIds:
        return ids_naming(Named(("alert_rule_changed",), {"change": str(target.pk)}), near=(target.changed_at,))


def _rules(rules: Iterable[RuleNow], actions: Iterable[Action], actor: Membership | None) -> Table:
    rows: list[tuple[object, ...]] = []
    for rule, action in zip(rules, actions, strict=True):
        name: object = rule.name.label
        if action.is_for(actor):
            address = reverse(f"admin:trading_rulechange_{action.name}")
            name = format_html('{} <a href="{}">{}</a>', name, address, gettext("Change"))
        rows.append((name, rule.sentence))
    columns = (gettext("Rule"), gettext("What it says"))
    return Table(gettext("The rules as they stand"), columns, rows, is_text=True)
