"""What is declared, asked and decided about a project: conflicts of interest, renewals, debundling."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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


class DebundlingDecision(models.Model):
    """What the operator has decided of a project beside others that may be parts of one."""

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="debundling_decisions")
    # The codes of the projects that were looked at together with it.
    others = models.JSONField(_("other projects"))
    is_one_with_them = models.BooleanField(_("is one with them"))
    reason = models.TextField(_("reason"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), related_name="+")
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("decision on debundling")
        verbose_name_plural = _("decisions on debundling")

    def __str__(self) -> str:
        return self.project.code


class Renewal(models.Model):
    """More years for a project: asked for by its proponent, assessed by a verifier, decided by the operator."""

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("renewal", "requested")
        ASSESSED = "assessed", pgettext_lazy("renewal", "assessed")
        GRANTED = "granted", pgettext_lazy("renewal", "granted")
        REFUSED = "refused", pgettext_lazy("renewal", "refused")

    OPEN = (Status.REQUESTED, Status.ASSESSED)

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="renewals")
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.REQUESTED)
    # When the crediting period ends now, and when it shall end.
    ended_on = models.DateField(_("ends now on"))
    ends_on = models.DateField(_("shall end on"))
    note = models.TextField(_("what has changed since"), blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("requested by"), related_name="+")
    requested_at = models.DateTimeField(_("requested at"))
    verifier = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("verifier"), null=True, related_name="assessed_renewals"
    )
    assessed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("assessed by"), null=True, related_name="+")
    assessed_at = models.DateTimeField(_("assessed at"), null=True)
    assessment = models.TextField(_("assessment"), blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision_reason = models.TextField(_("reason of the decision"), blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(status__in=("requested", "assessed")),
                name="renewal_one_open_a_project",
            ),
            models.CheckConstraint(name="renewal_adds_years", condition=Q(ends_on__gt=F("ended_on"))),
            models.CheckConstraint(
                name="renewal_assessed_by_another",
                condition=Q(assessed_by__isnull=True) | ~Q(assessed_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="renewal_decided_by_another",
                condition=Q(decided_by__isnull=True)
                | (~Q(decided_by=F("requested_by")) & (Q(assessed_by__isnull=True) | ~Q(decided_by=F("assessed_by")))),
            ),
            models.CheckConstraint(
                name="renewal_granted_only_when_assessed", condition=~Q(status="granted") | Q(assessed_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} → {self.ends_on}"
