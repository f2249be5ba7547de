"""Projects and their fields, from the draft to the registration."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.conditions import check_match
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Flag, JsonObject, Moment, Text, WholeNumber
from ledger.api.registry import ProjectQuerySerializer, project_terms
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    ReasonSerializer,
    StatementSerializer,
    StrictSerializer,
)
from ledger.credits.models import Batch
from ledger.errors import (
    ConflictOfInterest,
    InvalidValue,
    NotAllowed,
    OrganisationNotApproved,
    PreconditionFailed,
    SamePerson,
    WrongState,
)
from ledger.projects import services
from ledger.projects.cadtrust import CO_BENEFITS, LABEL_TYPES
from ledger.projects.counties import county_name
from ledger.projects.declarations import MAX_EVIDENCE, state_baseline
from ledger.projects.descriptions import MAX_ITEMS, describe_project
from ledger.projects.geometry import area_mu
from ledger.projects.land.examine import MAX_AREA_REASON
from ledger.projects.land.services import add_parcel
from ledger.projects.models import Parcel, Project
from ledger.projects.selectors import access_project_by_code, parcels_of, projects_listed_for
from ledger.quantification import METHODOLOGIES
from ledger.registry.search import matching_projects

MAX_DESCRIPTION = 10_000
METHODOLOGY_CHOICES = [(name, name) for name in sorted(METHODOLOGIES)]
CO_BENEFIT_CHOICES = list(CO_BENEFITS.items())
LABEL_TYPE_CHOICES = list(LABEL_TYPES.items())
PRACTICES = {
    "seasons": [
        {
            "name": "early",
            "days": 112,
            "baseline": {
                "water": "continuous",
                "preseason": "non_flooded_under_180_days",
                "amendments": [],
                "n_kg_per_ha": "150",
            },
            "project": {
                "water": "multiple_drainage",
                "preseason": "non_flooded_under_180_days",
                "amendments": [],
                "n_kg_per_ha": "150",
            },
        }
    ]
}


class NewProjectSerializer(StrictSerializer):
    name = Text(max_length=120)
    place = Text(max_length=120)
    province_code = Text(max_length=2, help_text="Two digits (GB/T 2260), 35 for Fujian.")
    methodology = Choice(choices=METHODOLOGY_CHOICES)
    settings = JsonObject(help_text="The methodology's settings that hold for the whole project.")
    crediting_starts_on = serializers.DateField()
    crediting_ends_on = serializers.DateField()
    name_en = Text(max_length=120, required=False, allow_blank=True)
    description = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    description_en = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    illustrative = Text(
        max_length=MAX_DESCRIPTION, required=False, allow_blank=True, help_text="Which of these data are made up."
    )


class NewParcelSerializer(StrictSerializer):
    code = Text(max_length=32)
    name = Text(max_length=80, required=False, allow_blank=True)
    geometry = JsonObject(help_text="GeoJSON Polygon, WGS 84 or CGCS2000.")
    practices = JsonObject(help_text="What is done on the field before and in the project, in the methodology's terms.")
    household_code = Text(
        max_length=32,
        required=False,
        allow_blank=True,
        help_text="The cooperative's code of the household that works it.",
    )
    declared_area_ha = Text(
        max_length=20,
        required=False,
        help_text="Hectares, in digits, as the contract has them: more than 2 % off is told, "
        "more than 10 % needs `area_reason`.",
    )
    area_reason = Text(max_length=MAX_AREA_REASON, required=False, allow_blank=True)


class LabelSerializer(StrictSerializer):
    name = Text(max_length=200)
    label_type = Choice(choices=LABEL_TYPE_CHOICES)
    link = Text(max_length=200, required=False, allow_blank=True)
    valid_from = Text(max_length=10, required=False, allow_blank=True)
    valid_until = Text(max_length=10, required=False, allow_blank=True)


class RelatedProjectSerializer(StrictSerializer):
    project = Text(max_length=200, help_text="Its number.")
    relationship = Text(max_length=200)
    registry = Text(max_length=200, required=False, allow_blank=True)


class EstimationSerializer(StrictSerializer):
    starts_on = Text(max_length=10)
    ends_on = Text(max_length=10)
    quantity_t = WholeNumber(min_value=0)


class OtherListingSerializer(StrictSerializer):
    registry = Text(max_length=200)
    number = Text(max_length=200, help_text="Its number there.")
    link = Text(max_length=200, required=False, allow_blank=True)
    status = Text(max_length=200, required=False, allow_blank=True)


class DescriptionSerializer(StrictSerializer):
    """What a draft says of itself; what is left out stays as it is."""

    name = Text(max_length=120, required=False)
    name_en = Text(max_length=120, required=False, allow_blank=True)
    place = Text(max_length=120, required=False)
    county_code = Text(max_length=6, required=False, allow_blank=True, help_text="Six digits (GB/T 2260).")
    description = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    description_en = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    illustrative = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    settings = JsonObject(required=False)
    crediting_starts_on = serializers.DateField(required=False)
    crediting_ends_on = serializers.DateField(required=False)
    starts_on = serializers.DateField(required=False, allow_null=True, help_text="When the practices began.")
    project_link = Text(max_length=200, required=False, allow_blank=True)
    covered_by_ndc = Choice(choices=Project.Ndc.choices, required=False)
    ndc_information = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    co_benefits = serializers.ListField(child=Choice(choices=CO_BENEFIT_CHOICES), required=False, max_length=MAX_ITEMS)
    labels = LabelSerializer(many=True, required=False)
    related_projects = RelatedProjectSerializer(many=True, required=False)
    estimations = EstimationSerializer(many=True, required=False)
    is_listed_elsewhere = Flag(required=False, allow_null=True)
    other_listings = OtherListingSerializer(many=True, required=False)


class BaselineSerializer(StrictSerializer):
    evidence = Text(max_length=MAX_EVIDENCE, help_text="How it is known what was done before the project.")
    parcels = serializers.ListField(
        child=Text(max_length=32),
        required=False,
        max_length=10_000,
        help_text="Codes of fields; all where none are named.",
    )


class ProjectBatchSerializer(serializers.Serializer[Batch]):
    code = Text(source="asset.code")
    vintage = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    buffer_t = serializers.IntegerField()


class ListedProjectSerializer(serializers.Serializer[Project]):
    code = Text()
    name = Text()
    name_en = Text()
    place = Text()
    province_code = Text()
    methodology = Text()
    status = Choice(choices=Project.Status.choices)
    proponent = OrganisationNameSerializer()
    crediting_starts_on = serializers.DateField()
    crediting_ends_on = serializers.DateField()
    parcel_count = serializers.IntegerField()
    total_area_ha = serializers.DecimalField(max_digits=16, decimal_places=4)
    total_area_mu = serializers.SerializerMethodField()

    def get_total_area_mu(self, project: Any) -> str:
        return str(area_mu(project.total_area_ha))


class ProjectSerializer(ListedProjectSerializer):
    description = Text()
    description_en = Text()
    illustrative = Text()
    settings = JsonObject()
    forecast = JsonObject(
        allow_null=True, help_text="The calculation sheet of a year as planned; null until the project is submitted."
    )
    county_code = Text()
    county = serializers.SerializerMethodField()
    starts_on = serializers.DateField(allow_null=True)
    sector = serializers.SerializerMethodField(help_text="In CAD Trust's words.")
    project_type = serializers.SerializerMethodField(help_text="In CAD Trust's words.")
    project_link = Text()
    covered_by_ndc = Choice(choices=Project.Ndc.choices)
    ndc_information = Text()
    co_benefits = serializers.ListField(child=Choice(choices=CO_BENEFIT_CHOICES))
    labels = LabelSerializer(many=True)
    related_projects = RelatedProjectSerializer(many=True)
    estimations = EstimationSerializer(many=True)
    is_listed_elsewhere = Flag(allow_null=True)
    other_listings = OtherListingSerializer(many=True)
    validator = OrganisationNameSerializer(allow_null=True)
    validation_statement = Text()
    verifier_remark = Text(help_text="Of a verifier that declined it or sent it back.")
    rejection_reason = Text()
    suspension_reason = Text()
    withdrawal_reason = Text()
    batches = ProjectBatchSerializer(many=True)
    created_at = Moment()
    submitted_at = Moment(allow_null=True)
    accepted_at = Moment(allow_null=True)
    validated_at = Moment(allow_null=True)
    registered_at = Moment(allow_null=True)
    suspended_at = Moment(allow_null=True)
    withdrawal_asked_at = Moment(allow_null=True)
    withdrawn_at = Moment(allow_null=True)
    completed_at = Moment(allow_null=True)

    def get_county(self, project: Project) -> str:
        return county_name(project.county_code)

    def get_sector(self, project: Project) -> str:
        return METHODOLOGIES[project.methodology].sector

    def get_project_type(self, project: Project) -> str:
        return METHODOLOGIES[project.methodology].project_type


class ParcelSerializer(serializers.Serializer[Parcel]):
    code = Text()
    name = Text()
    area_ha = serializers.DecimalField(max_digits=12, decimal_places=4)
    area_mu = serializers.SerializerMethodField()
    declared_area_ha = serializers.DecimalField(max_digits=12, decimal_places=4, allow_null=True)
    converted_from = Text(help_text="GCJ-02 or BD-09 where the outline was converted from it; else empty.")
    geometry = JsonObject()
    practices = JsonObject()
    baseline_evidence = Text()

    def get_area_mu(self, parcel: Parcel) -> str:
        return str(area_mu(parcel.area_ha))


class Projects(Endpoint):
    tag = "projects"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List projects", parameters=[ProjectQuerySerializer], responses=ListedProjectSerializer(many=True)
    )
    def list_projects(self, request: Request) -> Response:
        """Registered projects for everybody; a proponent sees its own, a verifier those handed in, auditors all."""
        terms = project_terms(self.query(ProjectQuerySerializer))
        return self.page(matching_projects(projects_listed_for(self.viewer), terms), ListedProjectSerializer)

    @extend_schema(
        summary="Begin a project",
        request=NewProjectSerializer,
        responses={201: ProjectSerializer},
        examples=[
            OpenApiExample(
                "Paddies that are drained",
                value={
                    "name": "清溪水稻田碳汇项目",
                    "place": "福建省",
                    "province_code": "35",
                    "methodology": "rice-water-1",
                    "settings": {"gwp": "AR5", "region": "east_asia"},
                    "crediting_starts_on": "2020-01-01",
                    "crediting_ends_on": "2029-12-31",
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    def create_project(self, request: Request) -> Response:
        """A draft of your cooperative's."""
        project = services.create_project(actor=self.actor, **self.body(NewProjectSerializer))
        return self._answer(project.code, status=201)

    @extend_schema(summary="Read a project", responses=ProjectSerializer)
    def get_project(self, request: Request, code: str) -> Response:
        """With its forecast, the area of its fields and what was issued."""
        return self._answer(code)

    @extend_schema(
        summary="List a project's fields", parameters=[PageQuerySerializer], responses=ParcelSerializer(many=True)
    )
    def list_parcels(self, request: Request, code: str) -> Response:
        """With their shapes, areas and practices."""
        self.query(PageQuerySerializer)
        return self.page(parcels_of(self._project(code)), ParcelSerializer)

    @extend_schema(
        summary="Add a field to a draft",
        request=NewParcelSerializer,
        responses={201: ParcelSerializer},
        examples=[
            OpenApiExample(
                "A paddy",
                value={
                    "code": "QX-01",
                    "name": "上坂",
                    "geometry": {
                        "type": "Polygon",
                        "coordinates": [[[117.0, 24.0], [117.01, 24.0], [117.01, 24.01], [117.0, 24.0]]],
                    },
                    "practices": PRACTICES,
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def add_parcel(self, request: Request, code: str) -> Response:
        """The area is computed from the shape; land that another project claims is refused."""
        project = self._project(code)
        parcel = add_parcel(actor=self.actor, project_id=project.pk, **self.body(NewParcelSerializer))
        return Response(show(ParcelSerializer, parcel), status=201)

    @extend_schema(summary="Change what a draft says", request=DescriptionSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, PreconditionFailed)
    def describe_project(self, request: Request, code: str) -> Response:
        """What is left out stays as it is; lists are replaced whole.

        `If-Match` with the ETag of the project as you read it: refused where somebody has changed it meanwhile.
        """
        changes = self.body(DescriptionSerializer)
        project_id = self._project(code).pk
        describe_project(actor=self.actor, project_id=project_id, changes=changes, expect=self._expect_as_read)
        return self._answer(code)

    @extend_schema(
        summary="State how the baseline of fields is known",
        request=BaselineSerializer,
        responses=ParcelSerializer(many=True),
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def state_baseline(self, request: Request, code: str) -> Response:
        """Needed for every field before the project is handed in."""
        project = self._project(code)
        state_baseline(actor=self.actor, project_id=project.pk, **self.body(BaselineSerializer))
        return self.page(parcels_of(project), ParcelSerializer)

    @extend_schema(summary="Hand a draft in", request=NothingSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def submit_project(self, request: Request, code: str) -> Response:
        """The forecast is computed now; fields can no longer be added."""
        self.body(NothingSerializer)
        services.submit_project(actor=self.actor, project_id=self._project(code).pk)
        return self._answer(code)

    @extend_schema(summary="Validate a project", request=StatementSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def validate_project(self, request: Request, code: str) -> Response:
        """For the verifier who has taken it on: state that it meets its methodology."""
        project = self._project(code)
        services.validate_project(actor=self.actor, project_id=project.pk, **self.body(StatementSerializer))
        return self._answer(code)

    @extend_schema(summary="Register a project", request=NothingSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def register_project(self, request: Request, code: str) -> Response:
        """For the operator's registrars, once it is validated."""
        self.body(NothingSerializer)
        services.register_project(actor=self.actor, project_id=self._project(code).pk)
        return self._answer(code)

    @extend_schema(summary="Reject a project", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def reject_project(self, request: Request, code: str) -> Response:
        """For the verifier who has taken it on, and the operator's registrars."""
        project = self._project(code)
        services.reject_project(actor=self.actor, project_id=project.pk, **self.body(ReasonSerializer))
        return self._answer(code)

    def _expect_as_read(self, locked: Project) -> None:
        # Read again, with what is counted beside it: the lock is on its row.
        check_match(self.request, show(ProjectSerializer, self._project(locked.code)))

    def _project(self, code: str) -> Project:
        return access_project_by_code(code=code, membership=self.viewer)

    def _answer(self, code: str, *, status: int = 200) -> Response:
        return Response(show(ProjectSerializer, self._project(code)), status=status)
