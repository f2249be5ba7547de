"""What is kept for public reading: where projects lie, sums, dumps, and other registries' projects for reference.

Nothing here is a fact of this registry: places, sums and dumps are computed anew from what is, and reference rows are what
a file of another registry said.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import User
from ledger.projects.models import Project


class ProjectPlace(models.Model):
    """Where a public project lies: the middle of the box around its fields. Computed from them by `refresh_places`."""

    project = models.OneToOneField(Project, models.CASCADE, primary_key=True, related_name="map_place")
    longitude = models.FloatField(_("longitude"))
    latitude = models.FloatField(_("latitude"))
    parcel_count = models.PositiveIntegerField(_("fields"))
    area_ha = models.DecimalField(_("area in hectares"), max_digits=16, decimal_places=4)

    class Meta:
        app_label = "ledger"
        verbose_name = _("place of a project")
        verbose_name_plural = _("places of projects")

    def __str__(self) -> str:
        return f"{self.longitude:.4f}, {self.latitude:.4f}"


class CarbonTotal(models.Model):
    """Tonnes of one county, year and methodology, computed from all batches and retirements by `refresh_totals`."""

    class Measure(models.TextChoices):
        # By vintage: the year in which the tonnes were kept out of the air.
        ISSUED = "issued", _("issued, by vintage")
        # By the year of the retirement in Shanghai.
        RETIRED = "retired", _("retired, by year of retirement")

    measure = models.CharField(_("measure"), max_length=8, choices=Measure)
    province_code = models.CharField(_("province code"), max_length=2)
    county_code = models.CharField(_("county code"), max_length=6, blank=True)
    year = models.PositiveSmallIntegerField(_("year"))
    methodology = models.CharField(_("methodology"), max_length=32)
    quantity_t = models.BigIntegerField(_("tonnes"))
    # Of batches or of retirements.
    row_count = models.BigIntegerField(_("entries"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("sum of tonnes")
        verbose_name_plural = _("sums of tonnes")
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "province_code", "county_code", "year", "methodology"], name="carbon_total_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.county_code or self.province_code} {self.year}: {self.quantity_t} t"


class SupplyTotal(models.Model):
    """Where the tonnes of a vintage are, of all projects together, and how many were expected: by `refresh_totals`."""

    class Place(models.TextChoices):
        # What the forecasts of the projects come to whose crediting period has the year.
        EXPECTED = "expected", pgettext_lazy("supply", "expected")
        HELD = "held", pgettext_lazy("supply", "held")
        BUFFER = "buffer", pgettext_lazy("supply", "buffer pool")
        RETIRED = "retired", pgettext_lazy("supply", "retired")
        CANCELLED = "cancelled", pgettext_lazy("supply", "cancelled")

    vintage = models.PositiveSmallIntegerField(_("vintage"))
    place = models.CharField(_("place"), max_length=10, choices=Place)
    quantity_t = models.BigIntegerField(_("tonnes"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("sum of supply")
        verbose_name_plural = _("sums of supply")
        constraints = [models.UniqueConstraint(fields=["vintage", "place"], name="supply_total_once")]

    def __str__(self) -> str:
        return f"{self.vintage} {self.place}: {self.quantity_t} t"


class Refreshed(models.Model):
    """When something that is computed was last computed, and of which size of the log."""

    class What(models.TextChoices):
        TOTALS = "totals", _("sums of tonnes")
        PLACES = "places", _("places of projects")

    what = models.CharField(_("what"), max_length=8, choices=What, primary_key=True)
    at = models.DateTimeField(_("computed at"))
    tree_size = models.BigIntegerField(_("tree size"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("time of computing")
        verbose_name_plural = _("times of computing")

    def __str__(self) -> str:
        return self.what


class RegistryDump(models.Model):
    """A file with all that is public, as it was on a day. The file lies in REGISTRY_FILES/dumps."""

    name = models.CharField(_("file"), max_length=80, unique=True)
    dated_on = models.DateField(_("of the day"))
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField(_("size in bytes"))
    # How many rows each table in it has, by its name.
    row_counts = models.JSONField(_("rows"), default=dict)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("dump of the registry")
        verbose_name_plural = _("dumps of the registry")

    def __str__(self) -> str:
        return self.name


class ReferenceImport(models.Model):
    """A file in OffsetsDB's format that was handed in, and what became of it: all its good rows are kept, or none."""

    class Kind(models.TextChoices):
        PROJECTS = "projects", _("projects")
        CREDITS = "credits", _("credit transactions")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("import", "waiting")
        DONE = "done", pgettext_lazy("import", "done")
        FAILED = "failed", pgettext_lazy("import", "failed")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField(_("size in bytes"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    # Why a file was refused whole: an English message id with its parameters, so that each reader gets their language.
    failure = models.JSONField(_("why it failed"), default=dict)
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    rows_accepted = models.BigIntegerField(_("rows accepted"), default=0)
    rows_refused = models.BigIntegerField(_("rows refused"), default=0)
    # Of those accepted: what was not known before.
    rows_new = models.BigIntegerField(_("rows that were new"), default=0)
    imported_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("imported by"), null=True, related_name="+")
    created_at = models.DateTimeField(_("handed in at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("import of reference data")
        verbose_name_plural = _("imports of reference data")
        constraints = [
            models.UniqueConstraint(fields=["kind", "sha256"], condition=~Q(state="failed"), name="reference_file_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_kind_display()})"


class ReferenceRefusal(models.Model):
    """A row of a file that was not taken: where, and why."""

    source = models.ForeignKey(ReferenceImport, models.CASCADE, verbose_name=_("import"), related_name="refusals")
    line = models.BigIntegerField(_("line"))
    field = models.CharField(_("field"), max_length=40, blank=True)
    # An English message id.
    reason = models.CharField(_("reason"), max_length=200)
    given = models.CharField(_("what was given"), max_length=80, blank=True)

    class Meta:
        app_label = "ledger"
        ordering = ["id"]
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ReferenceProject(models.Model):
    """A project of another registry, as OffsetsDB writes it. Only read here."""

    project_id = models.CharField(_("project id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=500, blank=True)
    registry = models.CharField(_("registry"), max_length=80)
    proponent = models.CharField(_("proponent"), max_length=500, blank=True)
    protocol = models.CharField(_("protocol"), max_length=300, blank=True)
    category = models.CharField(_("category"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=120, blank=True)
    status = models.CharField(_("status"), max_length=80, blank=True)
    listed_on = models.DateField(_("listed on"), null=True)
    issued_t = models.BigIntegerField(_("issued tonnes"), null=True)
    retired_t = models.BigIntegerField(_("retired tonnes"), null=True)
    is_compliance = models.BooleanField(_("of a compliance programme"), null=True)
    project_url = models.CharField(_("address"), max_length=500, blank=True)
    source = models.ForeignKey(ReferenceImport, models.PROTECT, verbose_name=_("import"), related_name="projects")

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("reference project")
        verbose_name_plural = _("reference projects")

    def __str__(self) -> str:
        return f"{self.project_id} {self.name}"


class ReferenceCredit(models.Model):
    """A transaction of another registry's credits, as OffsetsDB writes it. Only read here."""

    class Type(models.TextChoices):
        ISSUANCE = "issuance", _("issuance")
        RETIREMENT = "retirement", _("retirement")
        CANCELLATION = "cancellation", _("cancellation")

    project = models.ForeignKey(
        ReferenceProject, models.PROTECT, verbose_name=_("reference project"), related_name="credits"
    )
    quantity_t = models.BigIntegerField(_("tonnes"))
    vintage = models.PositiveSmallIntegerField(_("vintage"), null=True)
    transaction_on = models.DateField(_("date"), null=True)
    transaction_type = models.CharField(pgettext_lazy("credits", "type"), max_length=12, choices=Type)
    # OffsetsDB's transactions have no name: of several that are alike in one file this counts which one it is.
    occurrence = models.PositiveIntegerField(_("occurrence"))
    source = models.ForeignKey(ReferenceImport, models.PROTECT, verbose_name=_("import"), related_name="credits")

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("reference credit transaction")
        verbose_name_plural = _("reference credit transactions")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "transaction_on", "transaction_type", "vintage", "quantity_t", "occurrence"],
                name="reference_credit_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="reference_credit_has_tonnes", condition=Q(quantity_t__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.transaction_type} {self.quantity_t} t"


class StagedCredit(models.Model):
    """A good row of a file of credits while the file is read; none is left when its import has ended."""

    source_id = models.BigIntegerField()
    line = models.BigIntegerField()
    project = models.CharField(max_length=64)
    quantity_t = models.BigIntegerField()
    vintage = models.PositiveSmallIntegerField(null=True)
    transaction_on = models.DateField(null=True)
    transaction_type = models.CharField(max_length=12)

    class Meta:
        app_label = "ledger"

    def __str__(self) -> str:
        return str(self.line)
