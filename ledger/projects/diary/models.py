"""What was done on the fields, day by day."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import User
from ledger.projects.models import Project


class DiaryEntry(models.Model):
    """One thing that was done on one or several fields. An entry is never changed: it is withdrawn, or replaced by another."""

    class Kind(models.TextChoices):
        FLOODING = "flooding", _("flooding")
        DRAINAGE = "drainage", _("drainage")
        PLANTING = "planting", _("sowing or transplanting")
        STRAW = "straw", _("straw")
        MANURE = "manure", _("manure")
        FERTILISER = "fertiliser", _("fertiliser")
        HARVEST = "harvest", _("harvest")
        SOIL_SAMPLING = "soil_sampling", _("soil sampling")
        OTHER = "other", pgettext_lazy("practice", "other")

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="diary_entries")
    # Made by the phone when the entry is written, so that what is sent twice is kept once.
    client_uuid = models.UUIDField(_("identifier given by the sender"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # By their codes, which the log has: a field that is taken out of a draft takes nothing of the diary with it.
    parcels = ArrayField(models.CharField(max_length=32), verbose_name=_("parcels"))
    # The name of a registered season; empty where the dates alone say it.
    season = models.CharField(_("season"), max_length=64, blank=True)
    happened_on = models.DateField(_("day"))
    happened_time = models.TimeField(_("time"), null=True)
    # What belongs to the kind, each name with its unit and each number in a string (content.py).
    content = models.JSONField(_("content"), default=dict)
    note = models.TextField(_("note"), blank=True)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True)
    accuracy_m = models.PositiveIntegerField(_("accuracy in metres"), null=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, verbose_name=_("replaces"), null=True, related_name="replaced_by"
    )
    created_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("written by"), related_name="+")
    created_at = models.DateTimeField(_("received at"))
    withdrawn_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("withdrawn by"), null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    withdrawal_reason = models.TextField(_("reason of the withdrawal"), blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-happened_on", "-id"]
        verbose_name = _("diary entry")
        verbose_name_plural = _("diary entries")
        constraints = [
            models.UniqueConstraint(fields=["project", "client_uuid"], name="diary_entry_sent_once"),
            models.CheckConstraint(name="diary_entry_has_a_parcel", condition=Q(parcels__len__gt=0)),
            models.CheckConstraint(
                name="diary_entry_place_is_whole",
                condition=Q(latitude__isnull=True, longitude__isnull=True, accuracy_m__isnull=True)
                | Q(
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__gte=-180,
                    longitude__lte=180,
                    accuracy_m__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="diary_entry_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-happened_on", "-id"], name="diary_of_project"),
            GinIndex(fields=["parcels"], name="diary_by_parcel"),
        ]

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_kind_display()}"
