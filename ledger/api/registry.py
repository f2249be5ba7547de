"""What the public lists are searched by, and other registries' projects and credits for reference."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, JsonObject, Moment, Text, WrittenNumber
from ledger.api.filters import WindowQuerySerializer
from ledger.api.serializers import PageQuerySerializer, StrictSerializer
from ledger.credits.models import Retirement
from ledger.projects.models import Project
from ledger.quantification import METHODOLOGIES
from ledger.registry.models import CarbonTotal, ReferenceCredit, ReferenceProject, RegistryDump
from ledger.registry.search import (
    FIRST_YEAR,
    LAST_YEAR,
    BatchTerms,
    ProjectTerms,
    ReferenceTerms,
    RetirementTerms,
    matching_reference_credits,
    matching_references,
)
from ledger.registry.selectors import dumps, reference_credits, reference_projects
from ledger.registry.totals import TotalTerms, all_sums, computed_at

HELD_WHERE = [("holding", "holding"), ("buffer", "buffer"), ("retired", "retired"), ("cancelled", "cancelled")]
METHODOLOGY_CHOICES = [(name, name) for name in sorted(METHODOLOGIES)]
MAX_TEXT = 100
PAGING = (*PageQuerySerializer().fields, "from", "to")


class ProjectQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of projects."""

    q = Text(required=False, max_length=MAX_TEXT, help_text="Words in the name, place or proponent, or a number.")
    status = Choice(required=False, choices=Project.Status.choices)
    province = Text(required=False, max_length=2, help_text="Two digits (GB/T 2260).")
    county = Text(required=False, max_length=6, help_text="Six digits (GB/T 2260).")
    methodology = Choice(required=False, choices=METHODOLOGY_CHOICES)
    vintage = WrittenNumber(
        required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR, help_text="With a batch of this vintage."
    )
    proponent = Identifier(required=False, help_text="The organisation's id.")


class BatchQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of batches."""

    project = Text(required=False, max_length=40, help_text="The project's code.")
    vintage = WrittenNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)
    holds = Choice(required=False, choices=HELD_WHERE, help_text="Where tonnes of it must be.")


class RetirementQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of retirements."""

    q = Text(required=False, max_length=MAX_TEXT, help_text="Words in the beneficiary's name, where that is public.")
    purpose = Choice(required=False, choices=Retirement.Purpose.choices)
    year = WrittenNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR, help_text="In Shanghai.")
    project = Text(required=False, max_length=40, help_text="The project's code.")
    batch = Text(required=False, max_length=40, help_text="The batch's code.")


class ReferenceQuerySerializer(PageQuerySerializer):
    """Query parameters of the lists of reference data."""

    q = Text(required=False, max_length=MAX_TEXT, help_text="Words in the project's id, name or proponent.")
    registry = Text(required=False, max_length=80)
    country = Text(required=False, max_length=120)


class ReferenceProjectSerializer(serializers.Serializer[ReferenceProject]):
    """Another registry's project, as OffsetsDB names its fields."""

    project_id = Text()
    name = Text()
    registry = Text()
    proponent = Text()
    protocol = Text()
    category = Text()
    country = Text()
    status = Text()
    listed_at = serializers.DateField(source="listed_on", allow_null=True)
    issued = serializers.IntegerField(source="issued_t", allow_null=True)
    retired = serializers.IntegerField(source="retired_t", allow_null=True)
    is_compliance = serializers.BooleanField(allow_null=True)
    project_url = Text()


class ReferenceCreditSerializer(serializers.Serializer[ReferenceCredit]):
    """Another registry's transaction of credits, as OffsetsDB names its fields."""

    project_id = Text(source="project.project_id")
    quantity = serializers.IntegerField(source="quantity_t")
    vintage = serializers.IntegerField(allow_null=True)
    transaction_date = serializers.DateField(source="transaction_on", allow_null=True)
    transaction_type = Choice(choices=ReferenceCredit.Type.choices)


def project_terms(query: dict[str, Any]) -> ProjectTerms:
    """Return what a query of the list of projects looks for."""
    given = _given(query)
    return ProjectTerms(text=given.pop("q", ""), **given)


def batch_terms(query: dict[str, Any]) -> BatchTerms:
    """Return what a query of the list of batches looks for."""
    return BatchTerms(**_given(query))


def retirement_terms(query: dict[str, Any]) -> RetirementTerms:
    """Return what a query of the list of retirements looks for."""
    given = _given(query)
    return RetirementTerms(text=given.pop("q", ""), **given)


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if name not in PAGING}


def _reference_terms(query: dict[str, Any]) -> ReferenceTerms:
    given = _given(query)
    return ReferenceTerms(text=given.pop("q", ""), **given)


class CarbonTotalQuerySerializer(StrictSerializer):
    province = Text(required=False, max_length=2, help_text="Two digits (GB/T 2260).")
    county = Text(required=False, max_length=6, help_text="Six digits (GB/T 2260).")
    methodology = Choice(required=False, choices=METHODOLOGY_CHOICES)


class CarbonTotalSerializer(serializers.Serializer[CarbonTotal]):
    """Tonnes of one county, year and methodology: issued by vintage, retired by the year of the retirement."""

    measure = Choice(choices=CarbonTotal.Measure.choices)
    province_code = Text()
    county_code = Text(help_text="Empty where the project names none.")
    year = serializers.IntegerField()
    methodology = Text()
    quantity_t = serializers.IntegerField()
    entries = serializers.IntegerField(source="row_count", help_text="Of how many batches or retirements.")


class CarbonTotalsSerializer(serializers.Serializer[Any]):
    computed_at = Moment(allow_null=True, help_text="Null where nothing was computed yet.")
    totals = CarbonTotalSerializer(many=True)


class DumpSerializer(serializers.Serializer[RegistryDump]):
    name = Text()
    dated_on = serializers.DateField()
    sha256 = Text()
    size_bytes = serializers.IntegerField()
    rows = JsonObject(source="row_counts", help_text="How many rows each table in it has.")
    made_at = Moment()
    address = serializers.SerializerMethodField(help_text="Where the file is, as long as it is kept.")

    def get_address(self, dump: RegistryDump) -> str:
        return f"/downloads/dumps/{dump.name}"


class CarbonTotals(Endpoint):
    tag = "references"
    permission_classes = (AllowAny,)
    shared_seconds = 60

    @extend_schema(
        summary="List tonnes by county, year and practice",
        parameters=[CarbonTotalQuerySerializer],
        responses=CarbonTotalsSerializer,
    )
    def list_carbon_totals(self, request: Request) -> Response:
        """Of all that was issued and retired here, computed anew within minutes of a change."""
        terms = TotalTerms(**self.query(CarbonTotalQuerySerializer))
        shown = {"computed_at": computed_at(), "totals": all_sums(terms)}
        return Response(show(CarbonTotalsSerializer, shown))


class Dumps(Endpoint):
    tag = "references"
    permission_classes = (AllowAny,)
    shared_seconds = 60

    @extend_schema(
        summary="List the daily dumps", parameters=[PageQuerySerializer], responses=DumpSerializer(many=True)
    )
    def list_dumps(self, request: Request) -> Response:
        """Files with all that is public, newest first, and their hashes."""
        self.query(PageQuerySerializer)
        return self.page(dumps(), DumpSerializer)


class References(Endpoint):
    tag = "references"
    shared_seconds = 60
    permission_classes = (AllowAny,)

    @extend_schema(
        summary="List other registries' projects",
        parameters=[ReferenceQuerySerializer],
        responses=ReferenceProjectSerializer(many=True),
    )
    def list_reference_projects(self, request: Request) -> Response:
        """As files in OffsetsDB's format say; nothing of it is registered here."""
        terms = _reference_terms(self.query(ReferenceQuerySerializer))
        return self.page(matching_references(reference_projects(), terms), ReferenceProjectSerializer)

    @extend_schema(
        summary="List other registries' transactions of credits",
        parameters=[ReferenceQuerySerializer],
        responses=ReferenceCreditSerializer(many=True),
    )
    def list_reference_credits(self, request: Request) -> Response:
        """Of the projects that the query finds; nothing of it was issued here."""
        terms = _reference_terms(self.query(ReferenceQuerySerializer))
        return self.page(matching_reference_credits(reference_credits(), terms), ReferenceCreditSerializer)
