"""Freeze trading, withdrawals or everything: one person, one page, one press; two people lift it again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.freezes import Scope
from ledger.incidents import services as incidents
from ledger.incidents.models import Incident
from ledger.incidents.services import LONGEST_AUCTION, MAX_REASON, ROLES
from ledger.parties.models import Membership
from trading.incidents.services import confirm_lift, freeze, halts_markets


class FreezeForm(ReasonForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text=_(
            "Shown to everyone, on every page: say what people should know, and nothing that helps who attacks."
        ),
    )
    scope = forms.ChoiceField(label=_("What to freeze"), choices=Scope.choices, widget=forms.RadioSelect)
    field_order = ("scope", "reason")


class LiftForm(ReasonForm):
    reason = forms.CharField(
        label=_("What was found, and why it is safe to go on"), max_length=200, widget=forms.Textarea({"rows": 3})
    )
    auction_minutes = forms.IntegerField(
        label=_("Call auction before trading, in minutes"),
        min_value=0,
        max_value=LONGEST_AUCTION,
        initial=5,
        help_text=_(
            "Orders come together before they trade. 0: trading goes on at once. Of withdrawals it means nothing."
        ),
    )
    field_order = ("reason", "auction_minutes")


def _ask(actor: Membership, incident: Incident, values: dict[str, Any]) -> Incident:
    return incidents.ask_for_lift(actor=actor, incident_id=incident.pk, **values)


FREEZE = Action(
    name="freeze",
    label=_("Freeze"),
    explanation=_(
        "It holds from this moment, for everybody. Trading: new orders, offers and bids are refused, every market is halted ahead of "
        "all that waits, cancels are carried out. Withdrawals: no money and no credits leave. Everything: all can be read, nothing "
        "can be changed, by anybody. You need nobody to freeze; two people lift it."
    ),
    done=_("%(object)s is frozen from now on."),
    role=Membership.Role.REGISTRAR,
    also=ROLES,
    perform=lambda actor, _target, values: freeze(actor=actor, **values),
    form=FreezeForm,
    is_grave=True,
)
ASK = Action(
    name="ask-for-lift",
    label=_("Ask to lift it"),
    explanation=_("Nothing changes before a second person confirms it."),
    done=_("%(object)s: a second person confirms that it is lifted."),
    role=Membership.Role.REGISTRAR,
    also=ROLES,
    perform=_ask,
    form=LiftForm,
    is_due=lambda incident: incident.stands and not incident.waits_to_be_lifted,
)
CONFIRM = Action(
    name="confirm-lift",
    label=_("Lift the freeze"),
    explanation=_(
        "It is over at once. Markets that it halted go on, after the call auction that was asked for; those that were halted for "
        "another reason stay halted."
    ),
    done=_("%(object)s is lifted."),
    role=Membership.Role.REGISTRAR,
    also=ROLES,
    perform=lambda actor, incident, _values: confirm_lift(actor=actor, incident_id=incident.pk),
    makers=("lift_requested_by_id",),
    is_due=lambda incident: incident.waits_to_be_lifted,
    is_grave=True,
)
REFUSE = Action(
    name="refuse-lift",
    label=_("Let it stand"),
    explanation=_("The freeze goes on. Whoever asked for the lift may take it back in the same way."),
    done=_("%(object)s stays."),
    role=Membership.Role.REGISTRAR,
    also=ROLES,
    perform=lambda actor, incident, _values: incidents.refuse_lift(actor=actor, incident_id=incident.pk),
    is_due=lambda incident: incident.waits_to_be_lifted,
)


class IncidentAdmin(ViewOnlyAdmin):
    list_display = ("__str__", "reason", "begun_by", "begun_at", "lift_requested_by", "lifted_by", "lifted_at")
    list_filter = ("scope",)
    list_select_related = ("begun_by", "lift_requested_by", "lifted_by")
    search_fields = ("reason", "lift_reason")
    ordering = ("-id",)
    fields = (
        *("scope", "reason", "begun_by", "begun_at"),
        *("lift_requested_by", "lift_requested_at", "lift_reason", "auction_minutes", "lifted_by", "lifted_at"),
    )
    list_actions = (FREEZE,)
    object_actions = (ASK, CONFIRM, REFUSE)

    def record_ids(self, target: Incident) -> RecordIds:
        kinds = ("incident_begun", "incident_lift_requested", "incident_lift_refused", "incident_lifted")
        times = (target.begun_at, target.lift_requested_at, target.lifted_at)
        return ids_naming(Named(kinds, {"incident": str(target.pk)}), near=times)

    def facts(self, target: Incident) -> list[Fact]:
        found: list[Fact] = [
            (_("Frozen"), target.get_scope_display()),
            (_("Reason"), target.reason),
            (_("Frozen by"), target.begun_by or _("the command line of the server")),
            (_("Frozen at"), moment(target.begun_at)),
            (_("Lift asked for by"), target.lift_requested_by or EMPTY),
            (_("Why it may be lifted"), target.lift_reason or EMPTY),
        ]
        if halts_markets(target):
            found.append((_("Call auction before trading, in minutes"), target.auction_minutes))
        return found
