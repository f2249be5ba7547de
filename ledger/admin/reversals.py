"""Credited carbon that is lost again: reported by one registrar, confirmed by another."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, at_moment, link, moment, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.selectors import replenished_t
from ledger.credits.reversals.services import Loss, confirm_reversal, refuse_reversal, report_reversal
from ledger.parties.models import Membership
from ledger.projects.models import Project

SHOWN = 20
REVERSAL_RECORDS = tuple(f"reversal_{state}" for state in Reversal.State.values)
REPORTED_AT = at_moment("reported_at", _("reported at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))


class ReversalReportForm(forms.Form):
    project = forms.ModelChoiceField(
        label=_("Project"), queryset=Project.objects.filter(batches__isnull=False).distinct().order_by("-number")
    )
    cause = forms.ChoiceField(label=_("Cause"), choices=Reversal.Cause.choices)
    is_intentional = forms.BooleanField(label=_("The proponent brought it about on purpose"), required=False)
    happened_on = forms.DateField(label=_("Happened on"), widget=forms.DateInput({"type": "date"}))
    discovered_on = forms.DateField(label=_("Discovered on"), widget=forms.DateInput({"type": "date"}))
    loss_t = forms.IntegerField(label=pgettext_lazy("reversal", "Tonnes lost"), min_value=1)
    description = forms.CharField(label=_("What has happened"), max_length=2_000, widget=forms.Textarea({"rows": 5}))


class DueForm(forms.Form):
    due_on = forms.DateField(
        label=_("To be made up for by"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=_("In 180 days where it is left empty."),
    )


def _report(actor: Membership, _target: Any, values: dict[str, Any]) -> Reversal:
    return report_reversal(actor=actor, project_code=values.pop("project").code, loss=Loss(**values))


def _is_reported(reversal: Reversal) -> bool:
    return reversal.state == Reversal.State.REPORTED


REPORT = Action(
    name="report",
    label=_("Report a loss"),
    explanation=_("A second registrar confirms it; nothing is cancelled before."),
    done=_("%(object)s is reported. A second registrar confirms it."),
    role=Membership.Role.REGISTRAR,
    perform=_report,
    form=ReversalReportForm,
)
CONFIRM_REVERSAL = Action(
    name="confirm",
    label=_("Confirm the loss"),
    explanation=_(
        "Credits of the buffer pool are cancelled for good: the project's own first, then everybody's, the oldest vintage "
        "first. What it does not cover, and all that the proponent brought about or was issued in excess, is owed by the proponent."
    ),
    done=_("%(object)s is confirmed."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, reversal, values: confirm_reversal(actor=actor, public_id=reversal.public_id, **values),
    form=DueForm,
    makers=("reported_by_id",),
    is_due=_is_reported,
    is_grave=True,
)
REFUSE_REVERSAL = Action(
    name="refuse",
    label=_("Refuse the report"),
    explanation=_("Nothing is cancelled. The reason goes into the log."),
    done=_("%(object)s is refused."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, reversal, values: refuse_reversal(actor=actor, public_id=reversal.public_id, **values),
    form=ReasonForm,
    makers=("reported_by_id",),
    is_due=_is_reported,
)


class ReversalAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "project",
        "cause",
        "happened_on",
        "loss_figure",
        "buffer_figure",
        "owed_figure",
        "due_on",
        "state",
    )
    list_filter = ("state", "cause")
    list_select_related = ("project",)
    search_fields = ("project__name", "project__name_en", "public_id__exact")
    ordering = ("-id",)
    fields = (
        "public_id",
        "project",
        "cause",
        "is_intentional",
        "happened_on",
        "discovered_on",
        "description",
        "loss_figure",
        "state",
        "buffer_figure",
        "owed_figure",
        "due_on",
        "refusal_reason",
        "reporter",
        "reported_by",
        REPORTED_AT,
        "decided_by",
        DECIDED_AT,
        "compensated_at",
    )
    list_actions = (REPORT,)
    object_actions = (CONFIRM_REVERSAL, REFUSE_REVERSAL)

    @admin.display(description=_("number"), ordering="id")
    def number(self, reversal: Reversal) -> str:
        return str(reversal.pk)

    @admin.display(description=_("tonnes lost"), ordering="loss_t")
    def loss_figure(self, reversal: Reversal) -> str:
        return tonnes(reversal.loss_t)

    @admin.display(description=_("from the buffer pool"), ordering="from_buffer_t")
    def buffer_figure(self, reversal: Reversal) -> str:
        return EMPTY if reversal.from_buffer_t is None else tonnes(reversal.from_buffer_t)

    @admin.display(description=_("owed"), ordering="owed_t")
    def owed_figure(self, reversal: Reversal) -> str:
        return EMPTY if reversal.owed_t is None else tonnes(reversal.owed_t)

    def record_ids(self, target: Reversal) -> RecordIds:
        named = Named(REVERSAL_RECORDS, {"reversal": str(target.public_id)})
        return ids_naming(named, near=(target.reported_at, target.decided_at, target.compensated_at))

    def facts(self, target: Reversal) -> list[Fact]:
        return [
            (_("Project"), link(target.project)),
            (_("Cause"), target.get_cause_display()),
            (_("Brought about on purpose"), _("yes") if target.is_intentional else _("no")),
            (_("Happened on"), str(target.happened_on)),
            (_("Discovered on"), str(target.discovered_on)),
            (pgettext_lazy("reversal", "Tonnes lost"), tonnes(target.loss_t)),
            (
                _("Paid for by"),
                _("the buffer pool, as far as it goes") if target.is_covered_by_the_pool else _("the proponent"),
            ),
            (_("What has happened"), target.description),
            (_("Reported by"), f"{target.reporter} · {target.reported_by}"),
        ]

    def tables(self, target: Reversal) -> list[Table]:
        rows: list[tuple[object, ...]] = [
            (link(each, moment(each.cancelled_at)), each.get_kind_display(), tonnes(each.quantity_t), str(each.batch))
            for each in target.cancellations.select_related("batch__asset").order_by("-id")[:SHOWN]
        ]
        columns = (str(_("Cancelled at")), str(_("Kind")), str(_("Tonnes")), str(_("Batch of credits")))
        made_up = tonnes(replenished_t([target])[target.pk])
        title = str(_("Credits cancelled for it; made up for by the proponent: %(tonnes)s t") % {"tonnes": made_up})
        return [Table(title, columns, rows, figures=frozenset({2}))] if rows else []
