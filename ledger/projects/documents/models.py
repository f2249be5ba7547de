"""Files that prove what is said of a project."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Organisation, User
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.models import MonitoringReport, Project


class Document(models.Model):
    """A file of a project, kept outside the web root by its hash (store.py). It is withdrawn, never changed or deleted."""

    class Kind(models.TextChoices):
        CONTRACT = "contract", _("contract")
        LAND_RIGHT = "land_right", _("land right")
        BASELINE_EVIDENCE = "baseline_evidence", _("evidence of the baseline")
        PHOTO = "photo", _("photo")
        SOIL_REPORT = "soil_report", _("soil laboratory report")
        VALIDATION_REPORT = "validation_report", _("validation report")
        VERIFICATION_REPORT = "verification_report", _("verification report")
        SHARING_MINUTES = "sharing_minutes", _("minutes of the benefit sharing")
        OTHER = "other", pgettext_lazy("document", "other")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="documents")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="documents"
    )
    report = models.ForeignKey(
        MonitoringReport, models.PROTECT, verbose_name=_("monitoring report"), null=True, related_name="documents"
    )
    # The code of the field that it is about: codes stay when a field is taken out of a draft.
    parcel_code = models.CharField(_("parcel"), max_length=32, blank=True)
    diary_entry = models.ForeignKey(
        DiaryEntry, models.PROTECT, verbose_name=_("diary entry"), null=True, related_name="documents"
    )
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    title = models.CharField(_("title"), max_length=120)
    file_name = models.CharField(_("file name"), max_length=120)
    content_type = models.CharField(_("type of the content"), max_length=100)
    size_bytes = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    # What the public is shown instead: of an image the same without its metadata, which can tell where somebody lives.
    public_sha256 = models.CharField(_("SHA-256 of the public copy"), max_length=64, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("uploaded by"), related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"))
    published_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("published by"), null=True, related_name="+")
    published_at = models.DateTimeField(_("published at"), null=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("withdrawn by"), null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    withdrawal_reason = models.TextField(_("reason of the withdrawal"), blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["diary_entry", "sha256"],
                condition=Q(withdrawn_at__isnull=True),
                name="document_once_a_diary_entry",
            ),
            models.CheckConstraint(name="document_is_not_empty", condition=Q(size_bytes__gt=0)),
            models.CheckConstraint(
                name="document_published_by_somebody",
                condition=Q(published_at__isnull=True, published_by__isnull=True, public_sha256="")
                | Q(published_at__isnull=False, published_by__isnull=False),
            ),
            models.CheckConstraint(
                name="document_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="document_by_hash"),
            models.Index(fields=["project", "-id"], name="documents_of_project"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it who may see its project."""
        return self.published_at is not None and self.withdrawn_at is None

    @property
    def is_image(self) -> bool:
        """Whether a browser shows it, and nothing in it runs."""
        return self.content_type.startswith("image/")
