"""What was sent to people, and to the programs of organisations, and how that went.

Never what opens something: no text of a message (a code may be in it), no secret, no whole address of a webhook (which may
hold a key of its own), nothing that a receiver has answered.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.base import LargeTableAdmin, ViewOnlyAdmin
from ledger.admin.display import Table, at_moment, link, list_url, moment
from ledger.admin.filters import is_uuid
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.notices.models import Message
from ledger.notices.words import say
from ledger.webhooks.calling import host_of
from ledger.webhooks.models import WebhookDelivery, WebhookEndpoint
from ledger.webhooks.selectors import attempts_at

SHOWN = 20
RECORDS = tuple(f"webhook_{step}" for step in ("added", "changed", "secret_rotated", "paused", "resumed", "removed"))


CREATED_AT = at_moment("created_at", _("written at"))
DUE_AT = at_moment("due_at", _("due at"))
SENT_AT = at_moment("sent_at", _("sent at"))
FAILED_AT = at_moment("failed_at", _("given up at"))
MADE_AT = at_moment("created_at", _("made at"))
FAILING_SINCE = at_moment("failing_since", _("fails since"))
RESTING_UNTIL = at_moment("resting_until", _("asks for no call until"))
ANSWERED_AT = at_moment("delivered_at", _("answered last at"))
NEXT_AT = at_moment("next_at", _("next attempt at"))
DELIVERED_AT = at_moment("delivered_at", _("delivered at"))


def masked(address: str) -> str:
    """Return enough of an e-mail address or a number to know it by: l…@example.cn, …8000."""
    name, at, host = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{host}"
    return f"…{address[-4:]}" if address else "–"


class SentFilter(admin.SimpleListFilter):
    """Whether messages have gone out."""

    title = _("state")
    parameter_name = "state"
    states: ClassVar[dict[str, dict[str, Any]]] = {
        "waiting": {"sent_at": None, "failed_at": None},
        "sent": {"sent_at__isnull": False},
        "failed": {"failed_at__isnull": False},
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, STATES[name]) for name in self.states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(**self.states.get(self.value() or "", {}))


STATES = {
    "waiting": pgettext_lazy("message", "waiting"),
    "sent": pgettext_lazy("message", "sent"),
    "failed": pgettext_lazy("message", "given up"),
}


class MessageAdmin(LargeTableAdmin):
    """E-mails and text messages. Those with a code are there like any other, without their words."""

    list_display = (CREATED_AT, "person", "channel", "about", "state", "attempts", DUE_AT, SENT_AT, "reason")
    list_filter = ("channel", SentFilter)
    list_select_related = ("person", "notice")
    search_fields = ("person__username", "public_id__exact")
    fields = (
        "public_id",
        "person",
        "channel",
        "about",
        "to",
        "state",
        "attempts",
        "reason",
        CREATED_AT,
        DUE_AT,
        SENT_AT,
        FAILED_AT,
        "bundle",
    )

    def search(self, queryset: QuerySet[Message], term: str) -> QuerySet[Message]:
        """Return the messages to a person of a user name, or the one of an id."""
        return queryset.filter(public_id=term) if is_uuid(term) else queryset.filter(person__username=term)

    @admin.display(description=_("about"))
    def about(self, message: Message) -> Any:
        """What it tells of: its notice, or the subject of a digest; of a code no more than that it is one."""
        if message.notice is not None:
            return say(message.notice).title
        return message.subject or pgettext_lazy("message", "code")

    @admin.display(description=_("address"))
    def to(self, message: Message) -> str:
        return masked(message.address)

    @admin.display(description=_("state"))
    def state(self, message: Message) -> Any:
        if message.sent_at is not None:
            return STATES[SENT_AT]
        return STATES["waiting" if message.failed_at is None else FAILED_AT]

    def tables(self, target: Message) -> list[Table]:
        together = list(target.bundled.select_related("notice").order_by("id")[:SHOWN])
        rows: list[tuple[object, ...]] = [(link(each, self.about(each)), moment(each.created_at)) for each in together]
        columns = (str(pgettext_lazy("notice", "About")), str(_("Written at")))
        return [Table(str(_("Sent in the same e-mail")), columns, rows)] if rows else []


class WebhookEndpointAdmin(ViewOnlyAdmin):
    list_display = (
        "host",
        "organisation",
        "state",
        "pause_reason",
        FAILING_SINCE,
        RESTING_UNTIL,
        ANSWERED_AT,
        MADE_AT,
    )
    list_filter = ("state",)
    list_select_related = ("organisation",)
    search_fields = ("organisation__name", "public_id__exact")
    ordering = ("-id",)
    fields = (
        "public_id",
        "organisation",
        "host",
        "description",
        "events",
        "state",
        "pause_reason",
        FAILING_SINCE,
        RESTING_UNTIL,
        ANSWERED_AT,
        "created_by",
        MADE_AT,
    )

    def record_ids(self, target: WebhookEndpoint) -> RecordIds:
        return ids_naming(Named(RECORDS, {"endpoint": str(target.public_id)}))

    @admin.display(description=_("host"))
    def host(self, endpoint: WebhookEndpoint) -> str:
        return host_of(endpoint.url)

    def tables(self, target: WebhookEndpoint) -> list[Table]:
        deliveries = target.deliveries.select_related("event").order_by("-id")[:SHOWN]
        rows: list[tuple[object, ...]] = [
            (
                link(each, each.event.type),
                each.get_state_display(),
                each.attempts,
                moment(each.created_at),
                moment(each.delivered_at),
            )
            for each in deliveries
        ]
        columns = (
            str(pgettext_lazy("webhook", "Event")),
            str(_("State")),
            str(_("Attempts")),
            str(_("Written at")),
            str(_("Delivered at")),
        )
        every = list_url(WebhookDelivery, endpoint=target.pk)
        return [Table(str(_("Deliveries")), columns, rows, every, figures=frozenset({2}))]


class WebhookDeliveryAdmin(LargeTableAdmin):
    list_display = (
        CREATED_AT,
        "event_type",
        "organisation",
        "host",
        "state",
        "attempts",
        NEXT_AT,
        DELIVERED_AT,
    )
    list_filter = ("state",)
    list_select_related = ("event", "endpoint__organisation")
    search_fields = ("event__public_id__exact",)
    fields = (
        "event_type",
        "message_id",
        "organisation",
        "endpoint",
        "state",
        "attempts",
        CREATED_AT,
        NEXT_AT,
        DELIVERED_AT,
    )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Where the page of an endpoint leads.
        return lookup == "endpoint" or super().lookup_allowed(lookup, value, request)

    def search(self, queryset: QuerySet[WebhookDelivery], term: str) -> QuerySet[WebhookDelivery]:
        """Return the deliveries of a kind of event, or of the event of a webhook-id."""
        public_id = term.removeprefix("msg_")
        return queryset.filter(event__public_id=public_id) if is_uuid(public_id) else queryset.filter(event__type=term)

    @admin.display(description=pgettext_lazy("webhook", "event"))
    def event_type(self, delivery: WebhookDelivery) -> str:
        return delivery.event.type

    @admin.display(description=_("webhook-id"))
    def message_id(self, delivery: WebhookDelivery) -> str:
        return delivery.event.message_id

    @admin.display(description=_("organisation"))
    def organisation(self, delivery: WebhookDelivery) -> str:
        return link(delivery.endpoint.organisation)

    @admin.display(description=_("host"))
    def host(self, delivery: WebhookDelivery) -> str:
        return host_of(delivery.endpoint.url)

    @admin.display(description=_("webhook"))
    def endpoint(self, delivery: WebhookDelivery) -> str:
        return link(delivery.endpoint, host_of(delivery.endpoint.url))

    def tables(self, target: WebhookDelivery) -> list[Table]:
        rows: Sequence[tuple[object, ...]] = [
            (each.number, moment(each.at), each.status or each.error, each.duration_ms) for each in attempts_at(target)
        ]
        columns = (str(_("Attempt")), str(pgettext_lazy("webhook", "When")), str(_("Answer")), str(_("Duration in ms")))
        return [Table(str(_("Calls")), columns, list(rows)[:SHOWN], figures=frozenset({0, 3}))]
