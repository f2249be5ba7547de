"""Where programs of an organisation are told of events, and what became of each telling."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Organisation, User
from ledger.webhooks.calling import host_of


class WebhookEndpoint(models.Model):
    """An address of an organisation's own, that is told of the events which it has chosen."""

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("webhook", "active")
        PAUSED = "paused", pgettext_lazy("webhook", "paused")
        REMOVED = "removed", pgettext_lazy("webhook", "removed")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="webhook_endpoints"
    )
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("what it is for"), max_length=120, blank=True, default="")
    events = ArrayField(models.CharField(max_length=64), verbose_name=_("events"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    # Why we have paused it ourselves; empty where its organisation did.
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True, default="")
    # Sealed (sealing.py), the newest one first; the one before signs as well until its time is over.
    secret = models.BinaryField()
    previous_secret = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("made by"), related_name="+")
    created_at = models.DateTimeField(_("made at"))
    # Until when a worker delivers to it: one at a time, so that events come in their order.
    claimed_until = models.DateTimeField(null=True)
    # Since when every attempt has failed.
    failing_since = models.DateTimeField(_("fails since"), null=True)
    delivered_at = models.DateTimeField(_("answered last at"), null=True)
    # Until when it has asked not to be called (Retry-After).
    resting_until = models.DateTimeField(_("asks for no call until"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [models.Index(fields=["organisation"], condition=Q(state="active"), name="webhooks_active")]

    def __str__(self) -> str:
        # The rest of the address may hold a key of its own.
        return host_of(self.url)


class WebhookEvent(models.Model):
    """One event as it is told to an organisation: the exact bytes that are signed."""

    # The webhook-id of every delivery of it: who gets it twice can tell.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(_("event"), max_length=64)
    payload = models.BinaryField()
    created_at = models.DateTimeField(_("at"))
    # What happens once, though it follows from several records, such as an order that is filled.
    key = models.CharField(max_length=160, null=True)  # noqa: DJ001 (null: each by itself)

    class Meta:
        app_label = "ledger"
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="webhook_event_once_a_key")]
        indexes = [models.Index(fields=["created_at"], name="webhook_events_by_age")]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"

    @property
    def message_id(self) -> str:
        return f"msg_{self.public_id.hex}"


class WebhookDelivery(models.Model):
    """That an event is to be told to an endpoint, and how far that has come."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "waiting")
        DELIVERED = "delivered", pgettext_lazy("delivery", "delivered")
        FAILED = "failed", pgettext_lazy("delivery", "given up")

    event = models.ForeignKey(WebhookEvent, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="deliveries", db_index=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"), null=True)
    created_at = models.DateTimeField(_("at"))
    delivered_at = models.DateTimeField(_("delivered at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="deliveries_of_webhook"),
            models.Index(fields=["endpoint", "id"], condition=Q(state="waiting"), name="deliveries_waiting"),
            # Those that have failed so often that others are not held up by them any more.
            models.Index(
                fields=["endpoint", "next_at"], condition=Q(state="waiting", attempts__gte=3), name="deliveries_aside"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.endpoint_id}"


class WebhookAttempt(models.Model):
    """One call of an endpoint, and what it answered."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField(_("attempt"))
    at = models.DateTimeField(_("at"))
    duration_ms = models.PositiveIntegerField(_("duration in ms"))
    # None where no answer came.
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    # Its first kilobyte.
    answer = models.TextField(_("text of the answer"), blank=True, default="")
    # Why there was no answer, as a stable code.
    error = models.CharField(_("error"), max_length=40, blank=True, default="")

    class Meta:
        app_label = "ledger"

    def __str__(self) -> str:
        return f"{self.delivery_id}/{self.number}"
