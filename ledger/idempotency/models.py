"""Requests that were answered, so that one sent again gets the same answer and does nothing twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import User


class IdempotentRequest(models.Model):
    """A request that somebody marked with a key of their own, and what it was answered.

    Written in the transaction of what it changed: where one is there, the other is too. Kept for two days, then deleted;
    it proves nothing, the records of what it changed do.
    """

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="+")
    key = models.CharField(_("key"), max_length=64)
    # SHA-256 of method, address and body.
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(_("status"))
    # The very bytes that were sent.
    answer = models.BinaryField()
    created_at = models.DateTimeField(_("answered at"), auto_now_add=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("answered request")
        verbose_name_plural = _("answered requests")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_key_once_a_person"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_age")]

    def __str__(self) -> str:
        return self.key
