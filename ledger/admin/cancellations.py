"""Credits that were cancelled, and those that the operator has cancelled, by two registrars."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, at_moment, link, moment, serial_runs, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.models import Batch
from ledger.parties.models import Membership, Organisation

ORDER_RECORDS = tuple(f"cancellation_{status}" for status in CancellationOrder.Status.values)
CANCELLED_AT = at_moment("cancelled_at", _("cancelled at"))
REQUESTED_AT = at_moment("requested_at", _("entered at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))


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
