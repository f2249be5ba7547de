"""What becomes of credits after they are issued: transfers, cancellations and reversals, and what registrars do about them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.actions import Action, ReasonForm, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, at_moment, link, moment, money, serial_runs, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.models import Batch
from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.selectors import replenished_t
from ledger.credits.reversals.services import Loss, confirm_reversal, refuse_reversal, report_reversal
from ledger.credits.transfers.models import CreditTransfer
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import Project

SHOWN = 20
TRANSFER_RECORDS = tuple(f"credit_transfer_{state}" for state in CreditTransfer.State.values)
ORDER_RECORDS = tuple(f"cancellation_{status}" for status in CancellationOrder.Status.values)
REVERSAL_RECORDS = tuple(f"reversal_{state}" for state in Reversal.State.values)
OFFERED_AT = at_moment("offered_at", _("offered at"))
EXPIRES_AT = at_moment("expires_at", _("expires at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))
CANCELLED_AT = at_moment("cancelled_at", _("cancelled at"))
REQUESTED_AT = at_moment("requested_at", _("entered at"))
REPORTED_AT = at_moment("reported_at", _("reported at"))


class CreditTransferAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "batch",
        "quantity_figure",
        "sender",
        "recipient",
        "ground",
        "outcome_text",
        OFFERED_AT,
        DECIDED_AT,
    )
    list_filter = ("state", "ground")
    list_select_related = ("batch__asset", "sender", "recipient")
    search_fields = ("batch__asset__code", "sender__name", "recipient__name", "public_id__exact")
    ordering = ("-id",)
    fields = (
        "public_id",
        "batch",
        "quantity_figure",
        "sender",
        "recipient",
        "ground",
        "price",
        "note",
        "outcome_text",
        "serial_numbers",
        "transaction",
        "hold",
        "offered_by",
        OFFERED_AT,
        EXPIRES_AT,
        "decided_by",
        DECIDED_AT,
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, transfer: CreditTransfer) -> str:
        return str(transfer.pk)

    @admin.display(description=_("tonnes"), ordering="quantity_t")
    def quantity_figure(self, transfer: CreditTransfer) -> str:
        return tonnes(transfer.quantity_t)

    @admin.display(description=_("price a tonne, for information"))
    def price(self, transfer: CreditTransfer) -> str:
        return EMPTY if transfer.price_fen is None else money(transfer.price_fen)

    @admin.display(description=_("state"), ordering="state")
    def outcome_text(self, transfer: CreditTransfer) -> str:
        return transfer.get_outcome_display()

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, transfer: CreditTransfer) -> str:
        return serial_runs(transfer.serials)

    def record_ids(self, target: CreditTransfer) -> RecordIds:
        named = Named(TRANSFER_RECORDS, {"credit_transfer": str(target.public_id)})
        posted = [target.transaction.record_id] if target.transaction else []
        return [*posted, *ids_naming(named, near=(target.offered_at, target.decided_at))]


class CancellationAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "batch",
        "quantity_figure",
        "kind",
        "reason",
        "organisation",
        "reversal",
        CANCELLED_AT,
    )
    list_filter = ("kind", "reason")
    list_select_related = ("batch__asset", "organisation", "reversal__project")
    search_fields = ("batch__asset__code", "organisation__name", "public_id__exact")
    date_hierarchy = "cancelled_at"
    ordering = ("-id",)
    fields = (
        "public_id",
        "batch",
        "quantity_figure",
        "serial_numbers",
        "kind",
        "reason",
        "note",
        "organisation",
        "reversal",
        "transaction",
        "idempotency_key",
        "cancelled_by",
        CANCELLED_AT,
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, cancellation: Cancellation) -> str:
        return str(cancellation.pk)

    @admin.display(description=_("tonnes"), ordering="quantity_t")
    def quantity_figure(self, cancellation: Cancellation) -> str:
        return tonnes(cancellation.quantity_t)

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, cancellation: Cancellation) -> str:
        return serial_runs(cancellation.serials)

    def record_ids(self, target: Cancellation) -> RecordIds:
        return [target.transaction.record_id, target.record_id]


class CancellationOrderForm(forms.Form):
    batch = forms.ModelChoiceField(
        label=_("Batch of credits"), queryset=Batch.objects.select_related("asset").order_by("-id")
    )
    organisation = forms.ModelChoiceField(
        label=_("Whose credits"),
        queryset=Organisation.objects.filter(kind__in=Organisation.HOLDERS).order_by("name"),
        required=False,
        empty_label=_("the buffer pool's"),
    )
    quantity_t = forms.IntegerField(label=_("Tonnes"), min_value=1)
    first_serial = forms.IntegerField(
        label=_("From which serial number on"),
        required=False,
        min_value=1,
        help_text=_("Where it must be certain numbers; the oldest ones otherwise."),
    )
    reason = forms.ChoiceField(
        label=_("Reason"), choices=[(reason.value, reason.label) for reason in Cancellation.OF_THE_OPERATOR]
    )
    note = forms.CharField(
        label=_("What is wrong with them"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("It is public."),
    )


def _order(actor: Membership, _target: Any, values: dict[str, Any]) -> CancellationOrder:
    return request_cancellation(actor=actor, batch_id=values.pop("batch").pk, **values)


ORDER = Action(
    name="request",
    label=_("Have credits cancelled"),
    explanation=_(
        "For credits that were wrongly issued. They are held at once, so that they are not sold meanwhile; a second registrar "
        "decides. What orders of the exchange hold has to be free first."
    ),
    done=_("%(object)s is entered. A second registrar confirms it."),
    role=Membership.Role.REGISTRAR,
    perform=_order,
    form=CancellationOrderForm,
    is_grave=True,
)
CONFIRM_ORDER = Action(
    name="confirm",
    label=_("Confirm the cancellation"),
    explanation=_(
        "The credits are gone for good at once. Their holder sees it in its statement; the page of it is public."
    ),
    done=_("%(object)s is confirmed: the credits are cancelled."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, order, _values: confirm_cancellation(actor=actor, order_id=order.pk),
    makers=("requested_by_id",),
    is_due=is_requested,
    is_grave=True,
)
REFUSE_ORDER = Action(
    name="refuse",
    label=_("Refuse the cancellation"),
    explanation=_("The credits stay where they are, and are free again."),
    done=_("%(object)s is refused."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, order, _values: refuse_cancellation(actor=actor, order_id=order.pk),
    makers=("requested_by_id",),
    is_due=is_requested,
)


class CancellationOrderAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "batch",
        "owner",
        "quantity_figure",
        "reason",
        "status",
        "requested_by",
        REQUESTED_AT,
        "decided_by",
        DECIDED_AT,
    )
    list_filter = ("status",)
    list_select_related = ("batch__asset", "organisation", "requested_by", "decided_by")
    search_fields = ("batch__asset__code", "organisation__name", "note")
    ordering = ("-id",)
    fields = (*list_display, "first_serial", "note", "hold", "cancellation")
    list_actions = (ORDER,)
    object_actions = (CONFIRM_ORDER, REFUSE_ORDER)

    @admin.display(description=_("number"), ordering="id")
    def number(self, order: CancellationOrder) -> str:
        return str(order.pk)

    @admin.display(description=_("whose credits"))
    def owner(self, order: CancellationOrder) -> str:
        return str(order.organisation or _("the buffer pool's"))

    @admin.display(description=_("tonnes"), ordering="quantity_t")
    def quantity_figure(self, order: CancellationOrder) -> str:
        return tonnes(order.quantity_t)

    def record_ids(self, target: CancellationOrder) -> RecordIds:
        named = Named(ORDER_RECORDS, {"cancellation_order": str(target.pk)})
        done = [target.cancellation.record_id] if target.cancellation else []
        return [*done, *ids_naming(named, near=(target.requested_at, target.decided_at))]

    def facts(self, target: CancellationOrder) -> list[Fact]:
        return [
            (_("Batch of credits"), link(target.batch)),
            (_("Whose credits"), self.owner(target)),
            (_("Tonnes"), tonnes(target.quantity_t)),
            (_("From which serial number on"), target.first_serial or EMPTY),
            (_("Reason"), target.get_reason_display()),
            (_("What is wrong with them"), target.note),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]


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
