"""Risk assessments: stated by the cooperative, confirmed or refused by the body that validates or verifies."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, JsonObject, Moment, Text
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    ReasonSerializer,
    StrictSerializer,
)
from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, OrganisationNotApproved, WrongState
from ledger.projects import risk
from ledger.projects.models import RiskAssessment
from ledger.projects.selectors import access_project_by_code, access_risk_by_id, risk_assessments_of


class NewRiskSerializer(StrictSerializer):
    answers = JsonObject(
        help_text="An option for each question of ledger/projects/risk_factors.csv; for each peril (fire, flood, drought, "
        "pests) none, or an object of significance, likelihood and mitigation."
    )


class RiskSerializer(serializers.Serializer[RiskAssessment]):
    id = serializers.IntegerField()
    project = Text(source="project.code")
    number = serializers.IntegerField()
    status = Choice(choices=RiskAssessment.Status.choices)
    answers = JsonObject()
    internal = serializers.DecimalField(max_digits=6, decimal_places=2)
    external = serializers.DecimalField(max_digits=6, decimal_places=2)
    natural = serializers.DecimalField(max_digits=6, decimal_places=2)
    risk_percent = serializers.IntegerField(help_text="The share of the tonnes that goes to the buffer pool.")
    verifier = OrganisationNameSerializer(allow_null=True)
    refusal_reason = Text()
    stated_at = Moment()
    decided_at = Moment(allow_null=True)


class Risks(Endpoint):
    tag = "projects"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List a project's risk assessments",
        parameters=[PageQuerySerializer],
        responses=RiskSerializer(many=True),
    )
    def list_risks(self, request: Request, code: str) -> Response:
        """Newest first; the newest confirmed one says what share of the tonnes goes to the buffer pool."""
        self.query(PageQuerySerializer)
        project = access_project_by_code(code=code, membership=self.viewer)
        return self.page(risk_assessments_of(project), RiskSerializer)

    @extend_schema(summary="State a project's risk", request=NewRiskSerializer, responses={201: RiskSerializer})
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def state_risk(self, request: Request, code: str) -> Response:
        """For the project's cooperative, where what the soil takes up can be lost again."""
        project = access_project_by_code(code=code, membership=self.viewer)
        assessment = risk.state_risk(actor=self.actor, project_id=project.pk, **self.body(NewRiskSerializer))
        return Response(show(RiskSerializer, assessment), status=201)

    @extend_schema(summary="Confirm a risk assessment", request=NothingSerializer, responses=RiskSerializer)
    @refuses(NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def confirm_risk(self, request: Request, assessment_id: int) -> Response:
        """For the body that validates the project or verifies a report of it."""
        self.body(NothingSerializer)
        found = self._assessment(assessment_id)
        return Response(show(RiskSerializer, risk.confirm_risk(actor=self.actor, assessment_id=found.pk)))

    @extend_schema(summary="Refuse a risk assessment", request=ReasonSerializer, responses=RiskSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def refuse_risk(self, request: Request, assessment_id: int) -> Response:
        """For the same bodies; the cooperative states another."""
        found = self._assessment(assessment_id)
        refused = risk.refuse_risk(actor=self.actor, assessment_id=found.pk, **self.body(ReasonSerializer))
        return Response(show(RiskSerializer, refused))

    def _assessment(self, assessment_id: int) -> RiskAssessment:
        return access_risk_by_id(assessment_id=assessment_id, membership=self.actor)
