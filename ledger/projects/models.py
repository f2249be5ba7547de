"""Projects, their fields, and what is reported of them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Household, Organisation, User


class Project(models.Model):
    class Ndc(models.TextChoices):
        """Whether the country's own target (NDC) covers what the project does."""

        INSIDE = "inside", pgettext_lazy("NDC", "inside the national target")
        OUTSIDE = "outside", pgettext_lazy("NDC", "outside the national target")
        UNKNOWN = "unknown", pgettext_lazy("NDC", "not known")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        IN_VALIDATION = "in_validation", _("in validation")
        VALIDATED = "validated", _("validated")
        REGISTERED = "registered", _("registered")
        SUSPENDED = "suspended", pgettext_lazy("project", "suspended")
        COMPLETED = "completed", _("completed")
        WITHDRAWN = "withdrawn", pgettext_lazy("project", "withdrawn")
        REJECTED = "rejected", _("rejected")

    number = models.PositiveIntegerField(_("number"), unique=True)
    province_code = models.CharField(_("province code"), max_length=2)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    # The county's code of six digits (GB/T 2260), such as 350627 for Nanjing county; empty where it is not given.
    county_code = models.CharField(_("county code"), max_length=6, blank=True)
    place = models.CharField(_("place"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    description_en = models.TextField(_("description in English"), blank=True)
    # When its practices began on the fields, which may be before the crediting period.
    starts_on = models.DateField(_("practices began on"), null=True)
    project_link = models.CharField(_("address of its own page"), max_length=200, blank=True, default="", db_default="")
    covered_by_ndc = models.CharField(
        _("covered by the national target"), max_length=8, choices=Ndc, default=Ndc.UNKNOWN, db_default=Ndc.UNKNOWN
    )
    ndc_information = models.TextField(_("about the national target"), blank=True, default="", db_default="")
    # Keys of ledger.projects.cadtrust.CO_BENEFITS.
    co_benefits = models.JSONField(_("co-benefits"), default=list, db_default=[])
    # Lists of objects, as ledger.projects.descriptions takes them.
    labels = models.JSONField(_("labels"), default=list, db_default=[])
    related_projects = models.JSONField(_("related projects"), default=list, db_default=[])
    estimations = models.JSONField(_("estimations"), default=list, db_default=[])
    # Whether the same fields are listed in another registry: null until the proponent says.
    is_listed_elsewhere = models.BooleanField(_("listed in another registry"), null=True)
    other_listings = models.JSONField(_("listings in other registries"), default=list, db_default=[])
    # What of these data is not public and therefore made up; shown on the page.
    illustrative = models.TextField(_("what is illustrative"), blank=True)
    proponent = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("proponent"), related_name="projects")
    methodology = models.CharField(_("methodology"), max_length=32)
    # The methodology's settings that hold for the whole project: region, gwp, risk_percent.
    settings = models.JSONField(_("settings of the methodology"), default=dict)
    crediting_starts_on = models.DateField(_("crediting period starts on"))
    crediting_ends_on = models.DateField(_("crediting period ends on"))
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.DRAFT)
    forecast = models.JSONField(_("forecast"), null=True)
    # The body that validates: who has taken the project on, and afterwards who has stated that it meets its methodology.
    validator = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("validation body"), null=True, related_name="validated_projects"
    )
    created_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("created by"), related_name="+")
    validated_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("validated by"), null=True, related_name="+")
    validation_statement = models.TextField(_("validation statement"), blank=True)
    # What a verifier said when it last declined the project or sent it back.
    verifier_remark = models.TextField(_("remark of the verifier"), blank=True, default="", db_default="")
    rejection_reason = models.TextField(_("reason of the rejection"), blank=True)
    registered_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("registered by"), null=True, related_name="+"
    )
    suspended_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("suspended by"), null=True, related_name="+")
    suspension_reason = models.TextField(_("reason of the suspension"), blank=True, default="", db_default="")
    withdrawal_reason = models.TextField(_("reason of the withdrawal"), blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True)
    accepted_at = models.DateTimeField(_("accepted for validation at"), null=True)
    validated_at = models.DateTimeField(_("validated at"), null=True)
    registered_at = models.DateTimeField(_("registered at"), null=True)
    suspended_at = models.DateTimeField(_("suspended at"), null=True)
    # Set while the proponent of a registered project waits for the operator's answer.
    withdrawal_asked_at = models.DateTimeField(_("withdrawal asked for at"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    completed_at = models.DateTimeField(_("completed at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-number"]
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(
                name="project_crediting_period_in_order",
                condition=Q(crediting_ends_on__gt=F("crediting_starts_on")),
            ),
            models.CheckConstraint(
                name="project_validated_and_registered_by_two",
                condition=Q(registered_by__isnull=True)
                | (~Q(registered_by=F("validated_by")) & ~Q(registered_by=F("created_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def code(self) -> str:
        """The permanent public name, such as TH-35-000001."""
        return f"TH-{self.province_code}-{self.number:06d}"


class Parcel(models.Model):
    """A field, its practices before (baseline) and in the project, in the terms of the methodology."""

    project = models.ForeignKey(Project, models.CASCADE, verbose_name=_("project"), related_name="parcels")
    code = models.CharField(_("parcel"), max_length=32)
    name = models.CharField(_("name"), max_length=80, blank=True)
    geometry = models.JSONField(_("geometry"), help_text="GeoJSON Polygon, WGS 84 / CGCS2000")
    area_ha = models.DecimalField(_("area in hectares"), max_digits=12, decimal_places=4)
    # What the contract or the land register says, where the cooperative gives it; the computed area is what counts.
    declared_area_ha = models.DecimalField(_("declared area in hectares"), max_digits=12, decimal_places=4, null=True)
    # Why the declared area is far from the computed one, where it is.
    area_reason = models.TextField(_("reason of the difference"), blank=True, default="", db_default="")
    # The datum that the shape was in when it was handed in, GCJ-02 or BD-09, where it was converted.
    converted_from = models.CharField(_("converted from"), max_length=16, blank=True, default="", db_default="")
    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name=_("member household"), null=True, related_name="parcels"
    )
    # How one can know what was done on it before the project: records, photos, who was asked.
    baseline_evidence = models.TextField(_("evidence of the baseline"), blank=True, default="", db_default="")
    # The rest of the parcel in a case file of ledger.quantification: seasons, or climate, soil and land use.
    practices = models.JSONField(_("practices"), default=dict)

    class Meta:
        app_label = "ledger"
        ordering = ["id"]
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        constraints = [
            models.UniqueConstraint(fields=["project", "code"], name="parcel_code_once_a_project"),
            models.CheckConstraint(name="parcel_has_an_area", condition=Q(area_ha__gt=0)),
        ]

    def __str__(self) -> str:
        return self.code


class MonitoringReport(models.Model):
    """What happened on the fields in one vintage, and what it comes to."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        IN_VERIFICATION = "in_verification", _("in verification")
        FINDINGS_OPEN = "findings_open", _("findings open")
        FINDINGS_ANSWERED = "findings_answered", _("findings answered")
        VERIFIED = "verified", _("verified")
        APPROVED = "approved", _("approved")
        ISSUED = "issued", _("issued")
        REJECTED = "rejected", _("rejected")

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="reports")
    vintage = models.PositiveSmallIntegerField(_("vintage"))
    period_starts_on = models.DateField(_("period starts on"))
    period_ends_on = models.DateField(_("period ends on"))
    status = models.CharField(_("status"), max_length=24, choices=Status, default=Status.SUBMITTED)
    case = models.JSONField(_("case"))
    sheet = models.JSONField(_("calculation sheet"))
    sheet_sha256 = models.CharField(_("SHA-256 of the sheet"), max_length=64)
    net_t = models.BigIntegerField(_("net tonnes"))
    buffer_t = models.BigIntegerField(_("tonnes to the buffer pool"))
    issuable_t = models.BigIntegerField(_("issuable tonnes"))
    prepared_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("prepared by"), related_name="+")
    verifier = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("verifier"), null=True, related_name="verified_reports"
    )
    verified_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("verified by"), null=True, related_name="+")
    verification_statement = models.TextField(_("verification statement"), blank=True)
    rejection_reason = models.TextField(_("reason of the rejection"), blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("approved by"), null=True, related_name="+")
    submitted_at = models.DateTimeField(_("submitted at"))
    verified_at = models.DateTimeField(_("verified at"), null=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-vintage"]
        verbose_name = _("monitoring report")
        verbose_name_plural = _("monitoring reports")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "vintage"],
                condition=~Q(status="rejected"),
                name="report_once_a_vintage",
            ),
            models.CheckConstraint(
                name="report_verified_by_another",
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="report_approved_by_another",
                condition=Q(approved_by__isnull=True)
                | (~Q(approved_by=F("verified_by")) & ~Q(approved_by=F("prepared_by"))),
            ),
            models.CheckConstraint(
                name="report_approved_only_when_verified",
                condition=Q(approved_by__isnull=True) | Q(verified_by__isnull=False),
            ),
            models.CheckConstraint(
                name="report_parts_make_the_whole",
                condition=Q(net_t=F("buffer_t") + F("issuable_t"), buffer_t__gte=0, issuable_t__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} {self.vintage}"
