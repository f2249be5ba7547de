"""Projects and their fields."""

from decimal import Decimal

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin import lifecycle
from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, area, document, link, list_url, moment, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership
from ledger.projects.cadtrust import CO_BENEFITS
from ledger.projects.counties import county_name
from ledger.projects.models import MonitoringReport, Parcel, Project
from ledger.projects.services import HANDED_IN, register_project, reject_project

SHOWN = 20
# What the log says of a project.
RECORDS = (
    "project_created",
    "project_submitted",
    "project_validated",
    "project_registered",
    "project_rejected",
    "parcel_added",
    "parcel_removed",
    "parcel_baseline_stated",
    *lifecycle.RECORDS,
)

REGISTER = Action(
    name="register",
    label=_("Register the project"),
    explanation=_("The project becomes public, and its proponent may report what happens on the fields."),
    done=_("%(object)s is registered."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, _values: register_project(actor=actor, project_id=project.pk),
    makers=("created_by_id", "validated_by_id"),
    is_due=lambda project: project.status == Project.Status.VALIDATED,
)
REJECT = Action(
    name="reject",
    label=_("Reject the project"),
    explanation=_("The reason goes into the log. A rejected project stays rejected; its land becomes free."),
    done=_("%(object)s is rejected."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: reject_project(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    is_due=lambda project: project.status in HANDED_IN,
    is_grave=True,
)


class ProjectAdmin(ViewOnlyAdmin):
    list_display = ("code", "name", "proponent", "status", "parcels_figure", "area_figure", "created_at")
    list_filter = ("status", "methodology", "province_code")
    list_select_related = ("proponent",)
    search_fields = ("name", "name_en", "place", "proponent__name", "number__exact")
    date_hierarchy = "created_at"
    ordering = ("-number",)
    object_actions = (REGISTER, *lifecycle.PROJECT_ACTIONS, REJECT)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "code",
                    "name",
                    "name_en",
                    "place",
                    "proponent",
                    "status",
                    "area_figure",
                    "description",
                    "illustrative",
                )
            },
        ),
        (
            _("What other registries ask"),
            {
                "fields": (
                    "county_figure",
                    "starts_on",
                    "project_link",
                    "covered_by_ndc",
                    "ndc_information",
                    "co_benefits_document",
                    "labels_document",
                    "related_document",
                    "estimations_document",
                    "is_listed_elsewhere",
                    "listings_document",
                )
            },
        ),
        (
            _("Calculation"),
            {
                "fields": (
                    "methodology",
                    "crediting_starts_on",
                    "crediting_ends_on",
                    "forecast_figure",
                    "settings_document",
                )
            },
        ),
        (
            _("Who did what"),
            {
                "fields": (
                    "created_by",
                    "created_at",
                    "submitted_at",
                    "validator",
                    "accepted_at",
                    "verifier_remark",
                    "validated_by",
                    "validated_at",
                    "validation_statement",
                    "registered_by",
                    "registered_at",
                    "suspended_by",
                    "suspended_at",
                    "suspension_reason",
                    "withdrawal_asked_at",
                    "withdrawn_at",
                    "withdrawal_reason",
                    "completed_at",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        found: QuerySet[Project] = super().get_queryset(request)
        return found.annotate(parcel_count=Count("parcels"), total_area_ha=Sum("parcels__area_ha"))

    @admin.display(description=_("code"), ordering="number")
    def code(self, project: Project) -> str:
        return project.code

    @admin.display(description=_("parcels"), ordering="parcel_count")
    def parcels_figure(self, project: Project) -> int:
        count: int = project.parcel_count  # type: ignore[attr-defined]
        return count

    @admin.display(description=_("area"), ordering="total_area_ha")
    def area_figure(self, project: Project) -> str:
        total: Decimal | None = project.total_area_ha  # type: ignore[attr-defined]
        return area(total)

    @admin.display(description=_("forecast a year"))
    def forecast_figure(self, project: Project) -> str:
        return f"{tonnes(project.forecast['result']['net_t'])} t" if project.forecast else EMPTY

    @admin.display(description=_("settings of the methodology"))
    def settings_document(self, project: Project) -> SafeString:
        return document(project.settings)

    @admin.display(description=_("county"))
    def county_figure(self, project: Project) -> str:
        return f"{county_name(project.county_code)} {project.county_code}".strip() or EMPTY

    @admin.display(description=_("co-benefits"))
    def co_benefits_document(self, project: Project) -> str:
        return ", ".join(CO_BENEFITS.get(key, key) for key in project.co_benefits) or EMPTY

    @admin.display(description=_("labels"))
    def labels_document(self, project: Project) -> SafeString:
        return document(project.labels)

    @admin.display(description=_("related projects"))
    def related_document(self, project: Project) -> SafeString:
        return document(project.related_projects)

    @admin.display(description=_("estimations"))
    def estimations_document(self, project: Project) -> SafeString:
        return document(project.estimations)

    @admin.display(description=_("listings in other registries"))
    def listings_document(self, project: Project) -> SafeString:
        return document(project.other_listings)

    def record_ids(self, target: Project) -> RecordIds:
        return ids_naming(Named(RECORDS, {"project": target.code}))

    def facts(self, target: Project) -> list[Fact]:
        return [
            (_("Proponent"), link(target.proponent)),
            (_("Status"), target.get_status_display()),
            (_("Area"), self.area_figure(target)),
            (_("Forecast a year"), self.forecast_figure(target)),
            (_("Validated by"), link(target.validated_by)),
            (_("Validated at"), moment(target.validated_at)),
            (_("Validation statement"), target.validation_statement or EMPTY),
            (_("Withdrawal asked for because"), target.withdrawal_reason or EMPTY),
        ]

    def tables(self, target: Project) -> list[Table]:
        near = lifecycle.neighbours_table(target)
        return [*([near] if near else []), _reports(target), _parcels(target)]


def _reports(project: Project) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            link(report, str(report.vintage)),
            report.get_status_display(),
            tonnes(report.net_t),
            moment(report.submitted_at),
        )
        for report in project.reports.order_by("-vintage", "-id")[:SHOWN]
    ]
    columns = (str(_("Vintage")), str(_("Status")), str(_("Net tonnes")), str(_("Handed in at")))
    all_url = list_url(MonitoringReport, project=project.pk)
    return Table(str(_("Monitoring reports")), columns, rows, all_url, figures=frozenset({2}))


def _parcels(project: Project) -> Table:
    rows: list[tuple[object, ...]] = [
        (link(parcel, parcel.code), parcel.name or EMPTY, area(parcel.area_ha))
        for parcel in project.parcels.all()[:SHOWN]
    ]
    columns = (str(_("Parcel")), str(_("Name")), str(_("Area")))
    all_url = list_url(Parcel, project=project.pk)
    return Table(str(_("Parcels")), columns, rows, all_url, figures=frozenset({2}))


class ParcelAdmin(ViewOnlyAdmin):
    list_display = ("code", "name", "project", "area_figure")
    list_select_related = ("project",)
    search_fields = ("code", "name", "project__name")
    ordering = ("-id",)
    fields = (
        "code",
        "name",
        "project",
        "area_figure",
        "baseline_evidence",
        "practices_document",
        "geometry_document",
    )

    def record_ids(self, target: Parcel) -> RecordIds:
        return ids_naming(
            Named(
                ("parcel_added", "parcel_removed", "parcel_baseline_stated"),
                {"project": target.project.code, "parcel": target.code},
            )
        )

    @admin.display(description=_("area"), ordering="area_ha")
    def area_figure(self, parcel: Parcel) -> str:
        return area(parcel.area_ha)

    @admin.display(description=_("practices"))
    def practices_document(self, parcel: Parcel) -> SafeString:
        return document(parcel.practices)

    @admin.display(description=_("geometry"))
    def geometry_document(self, parcel: Parcel) -> SafeString:
        return document(parcel.geometry)
