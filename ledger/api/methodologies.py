"""Methodologies: their equations, and every factor with its source and how far it is checked."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Text
from ledger.api.serializers import StrictSerializer
from ledger.errors import NotFound
from ledger.quantification import METHODOLOGIES, Methodology
from ledger.quantification.factors import Factor, rows_of
from ledger.quantification.methodologies import Equation


class EquationSerializer(serializers.Serializer[Equation]):
    symbol = Text()
    reference = Text(help_text="Where it is from; empty for sums and roundings.")
    formula = Text()


class FactorSerializer(serializers.Serializer[Factor]):
    """Decimals are texts, so that no digit is lost."""

    table = Text()
    key = Text()
    climate_zone = Text()
    value = Text()
    low = Text(allow_null=True, help_text="With `high`, the 95 % interval.")
    high = Text(allow_null=True)
    u95_percent = Text(allow_null=True, help_text="Half the width of the 95 % interval in percent of the value.")
    unit = Text()
    source = Text()  # type: ignore[assignment]
    status = Text(help_text="How far it is checked.")
    is_checked = serializers.BooleanField(help_text="False while the value stands as somebody remembered it.")


class ListedMethodologySerializer(serializers.Serializer[Methodology]):
    id = Text()
    version = serializers.IntegerField()
    title = Text()
    source = Text()  # type: ignore[assignment]
    valid_from = serializers.DateField()
    superseded_by = Text(help_text="The version that comes after this one; empty where none does.")
    sector = Text(help_text="In CAD Trust's terms.")
    project_type = Text(help_text="In CAD Trust's terms.")
    settings = serializers.ListField(child=Text(), help_text="What a project under it says once for all its fields.")
    components = serializers.ListField(child=Text(), help_text="What it counts beside its own subject.")
    small_scale_limit_t = serializers.IntegerField(allow_null=True, help_text="Tonnes CO₂e a year.")
    is_reversible = serializers.BooleanField(help_text="Whether a share goes to the buffer pool.")
    most_years = serializers.IntegerField(allow_null=True, help_text="How long it credits a change of practice.")


class DescribedMethodologySerializer(ListedMethodologySerializer):
    equations = EquationSerializer(many=True)
    factors = serializers.SerializerMethodField()

    @extend_schema_field(FactorSerializer(many=True))
    def get_factors(self, methodology: Any) -> list[dict[str, Any]]:
        return [show(FactorSerializer, factor) for factor in rows_of(*methodology.tables)]


class Methodologies(Endpoint):
    tag = "methodologies"
    shared_seconds = 300
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="List methodologies", responses=ListedMethodologySerializer(many=True))
    def list_methodologies(self, request: Request) -> Response:
        """Every version, for everybody. There are few: all are on one page."""
        self.query(StrictSerializer)
        found = [show(ListedMethodologySerializer, methodology) for methodology in METHODOLOGIES.values()]
        return Response({"next": None, "previous": None, "results": found})

    @extend_schema(summary="Read a methodology", responses=DescribedMethodologySerializer)
    def get_methodology(self, request: Request, methodology_id: str) -> Response:
        """With its equations and all its factors."""
        self.query(StrictSerializer)
        if methodology_id not in METHODOLOGIES:
            raise NotFound()
        return Response(show(DescribedMethodologySerializer, METHODOLOGIES[methodology_id]))
