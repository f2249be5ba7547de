"""What is declared, asked and decided about a project: conflicts of interest, renewals, debundling."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Organisation, User
from ledger.projects.models import Project


class DeclaredConflict(models.Model):
    """Why a verifier may not judge a project, as it has declared itself or the operator has found."""

    class Nature(models.TextChoices):
        ADVISED = "advised", _("advised the project")
        FINANCIAL = "financial", _("has a financial interest in the project")
        PERSONAL = "personal", _("has people who are close to the project's")
        OTHER = "other", _("another conflict")

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="conflicts")
    verifier = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("verifier"), related_name="conflicts")
    nature = models.CharField(_("nature of the conflict"), max_length=16, choices=Nature)
    note = models.TextField(_("note"), blank=True)
    declared_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("declared by"), related_name="+")
    declared_at = models.DateTimeField(_("declared at"))
    # A declaration that was a mistake is lifted by the operator; it is never taken away.
    lifted_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("lifted by"), null=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted at"), null=True)
    lifting_reason = models.TextField(_("reason of the lifting"), blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "verifier", "nature"],
                condition=Q(lifted_at__isnull=True),
                name="conflict_declared_once",
            ),
            models.CheckConstraint(
                name="conflict_lifted_by_another",
                condition=Q(lifted_by__isnull=True) | ~Q(lifted_by=F("declared_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verifier} · {self.project.code}"
