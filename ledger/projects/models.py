"""Projects, their fields, and what is reported of them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
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

    # Where the verifier that is assigned has the report in hand.
    EXAMINED = (Status.IN_VERIFICATION, Status.FINDINGS_OPEN, Status.FINDINGS_ANSWERED)
    # Where the cooperative may change what was done on the fields.
    CHANGEABLE = (Status.DRAFT, Status.FINDINGS_OPEN)

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="reports")
    vintage = models.PositiveSmallIntegerField(_("vintage"))
    period_starts_on = models.DateField(_("period starts on"))
    period_ends_on = models.DateField(_("period ends on"))
    status = models.CharField(_("status"), max_length=24, choices=Status, default=Status.SUBMITTED)
    # Since when the status is what it is: the time that the next step takes is counted from here.
    status_since = models.DateTimeField(_("status since"), null=True)
    # What the cooperative has entered, by the field's code; fields that are not there are as registered. What counts is
    # the case that is made of it when the report is handed in or corrected.
    practices = models.JSONField(_("practices"), default=dict)
    case = models.JSONField(_("case"), null=True)
    sheet = models.JSONField(_("calculation sheet"), null=True)
    sheet_sha256 = models.CharField(_("SHA-256 of the sheet"), max_length=64, blank=True)
    net_t = models.BigIntegerField(_("net tonnes"), default=0)
    buffer_t = models.BigIntegerField(_("tonnes to the buffer pool"), default=0)
    issuable_t = models.BigIntegerField(_("issuable tonnes"), default=0)
    # Counted by the database itself as batches are issued (migrations/sql/report_guards.sql).
    issued_t = models.BigIntegerField(_("issued tonnes"), default=0)
    prepared_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("prepared by"), related_name="+")
    # Who is to verify it, and afterwards who has.
    verifier = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("verifier"), null=True, related_name="verified_reports"
    )
    accepted_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("accepted by"), null=True, related_name="+")
    verified_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("verified by"), null=True, related_name="+")
    verification_statement = models.TextField(_("verification statement"), blank=True)
    rejection_reason = models.TextField(_("reason of the rejection"), blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("approved by"), null=True, related_name="+")
    saved_at = models.DateTimeField(_("saved at"), null=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True)
    assigned_at = models.DateTimeField(_("assigned at"), null=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
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
            # A project's number as a range of one, so that the index needs no extension.
            ExclusionConstraint(
                name="report_periods_do_not_overlap",
                expressions=[
                    (
                        Func(
                            F("project"),
                            F("project"),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("period_starts_on"),
                            F("period_ends_on"),
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(status="rejected"),
            ),
            models.CheckConstraint(
                name="report_period_in_its_vintage",
                condition=Q(
                    period_ends_on__gte=F("period_starts_on"),
                    period_starts_on__year=F("vintage"),
                    period_ends_on__year=F("vintage"),
                ),
            ),
            models.CheckConstraint(
                name="report_is_calculated_unless_a_draft",
                condition=Q(status="draft")
                | Q(case__isnull=False, sheet__isnull=False, submitted_at__isnull=False) & ~Q(sheet_sha256=""),
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
            models.CheckConstraint(
                name="report_issues_no_more_than_it_has",
                condition=Q(issued_t__gte=0, issued_t__lte=F("net_t")),
            ),
            models.CheckConstraint(
                name="report_issued_when_all_is",
                condition=~Q(status="issued") | Q(issued_t=F("net_t")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} {self.vintage}"

    @property
    def left_t(self) -> int:
        """The tonnes that have not been issued yet."""
        return self.net_t - self.issued_t


class ReportVersion(models.Model):
    """What a report came to before it was corrected: kept as it was, so that everybody sees what changed."""

    report = models.ForeignKey(
        MonitoringReport, models.PROTECT, verbose_name=_("monitoring report"), related_name="versions"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    case = models.JSONField(_("case"))
    sheet = models.JSONField(_("calculation sheet"))
    sheet_sha256 = models.CharField(_("SHA-256 of the sheet"), max_length=64)
    net_t = models.BigIntegerField(_("net tonnes"))
    buffer_t = models.BigIntegerField(_("tonnes to the buffer pool"))
    replaced_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("replaced by"), related_name="+")
    replaced_at = models.DateTimeField(_("replaced at"))

    class Meta:
        app_label = "ledger"
        ordering = ["report", "number"]
        verbose_name = _("version of a report")
        verbose_name_plural = _("versions of reports")
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="report_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.number}"


class Finding(models.Model):
    """What a verifier wants to have mended or explained before it verifies, or looked after until the next report."""

    class Kind(models.TextChoices):
        CORRECTIVE_ACTION = "corrective_action", _("corrective action")
        CLARIFICATION = "clarification", _("clarification")
        FORWARD_ACTION = "forward_action", _("forward action")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("finding", "open")
        ANSWERED = "answered", pgettext_lazy("finding", "answered")
        CLOSED = "closed", pgettext_lazy("finding", "closed")

    # Those that must be closed before the report is verified.
    BLOCKING = (Kind.CORRECTIVE_ACTION, Kind.CLARIFICATION)

    report = models.ForeignKey(
        MonitoringReport, models.PROTECT, verbose_name=_("monitoring report"), related_name="findings"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    text = models.TextField(_("finding"))
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.OPEN)
    opened_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("opened by"), related_name="+")
    opened_at = models.DateTimeField(_("opened at"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("answered by"), null=True, related_name="+")
    answered_at = models.DateTimeField(_("answered at"), null=True)
    closing_note = models.TextField(_("closing note"), blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("closed by"), null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed at"), null=True)
    # Why the answer did not do: it is to be answered again.
    reopening_reason = models.TextField(_("reason of the reopening"), blank=True)
    reopened_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("reopened by"), null=True, related_name="+")
    reopened_at = models.DateTimeField(_("reopened at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["report", "number"]
        verbose_name = pgettext_lazy("verification", "finding")
        verbose_name_plural = pgettext_lazy("verification", "findings")
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="finding_number_once_a_report"),
            models.CheckConstraint(
                name="finding_closed_by_another",
                condition=Q(closed_by__isnull=True) | Q(answered_by__isnull=True) | ~Q(closed_by=F("answered_by")),
            ),
            models.CheckConstraint(
                name="finding_is_as_its_times_say",
                condition=Q(status="open", closed_at__isnull=True)
                | Q(status="answered", answered_at__isnull=False, closed_at__isnull=True)
                | Q(status="closed", closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} #{self.number}"

    @property
    def is_blocking(self) -> bool:
        """Whether the report cannot be verified before it is closed."""
        return self.kind in self.BLOCKING and self.status != self.Status.CLOSED


class RiskAssessment(models.Model):
    """How likely it is that what the soil has taken up is lost again, which says what share goes to the buffer pool."""

    class Status(models.TextChoices):
        STATED = "stated", pgettext_lazy("risk", "stated")
        CONFIRMED = "confirmed", pgettext_lazy("risk", "confirmed")
        REFUSED = "refused", pgettext_lazy("risk", "refused")

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="risk_assessments")
    number = models.PositiveSmallIntegerField(_("number"))
    # The option that was chosen of each factor (risk_factors.csv).
    answers = models.JSONField(_("answers"))
    internal = models.DecimalField(_("internal risks"), max_digits=6, decimal_places=2)
    external = models.DecimalField(_("external risks"), max_digits=6, decimal_places=2)
    natural = models.DecimalField(_("natural risks"), max_digits=6, decimal_places=2)
    risk_percent = models.PositiveSmallIntegerField(_("share for the buffer pool in percent"))
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.STATED)
    stated_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("stated by"), related_name="+")
    stated_at = models.DateTimeField(_("stated at"))
    verifier = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("verifier"), null=True, related_name="risk_assessments"
    )
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    refusal_reason = models.TextField(_("reason of the refusal"), blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("risk assessment")
        verbose_name_plural = _("risk assessments")
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="risk_number_once_a_project"),
            models.UniqueConstraint(fields=["project"], condition=Q(status="stated"), name="risk_one_waits_a_project"),
            models.CheckConstraint(
                name="risk_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("stated_by")),
            ),
            models.CheckConstraint(
                name="risk_share_within_bounds", condition=Q(risk_percent__gte=10, risk_percent__lte=60)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} {self.risk_percent} %"
