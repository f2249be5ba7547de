"""Monitoring reports, from the cooperative's hand to the issue."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.credits import BatchSerializer, batch_context
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, JsonObject, Moment, Text, WholeNumber
from ledger.api.projects import PRACTICES
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    ReasonSerializer,
    StatementSerializer,
    StrictSerializer,
)
from ledger.credits.services import issue_credits
from ledger.errors import (
    AlreadyIssued,
    InvalidValue,
    NotAllowed,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.projects import reports
from ledger.projects.models import MonitoringReport
from ledger.projects.selectors import access_project_by_code, access_report_by_id, reports_of


class NewReportSerializer(StrictSerializer):
    vintage = WholeNumber(min_value=1990, max_value=2200)
    practices = serializers.DictField(
        child=JsonObject(), required=False, help_text="By the field's code; those registered where none are given."
    )


class ListedReportSerializer(serializers.Serializer[MonitoringReport]):
    id = serializers.IntegerField()
    project = Text(source="project.code")
    vintage = serializers.IntegerField()
    period_starts_on = serializers.DateField()
    period_ends_on = serializers.DateField()
    status = Choice(choices=MonitoringReport.Status.choices)
    net_t = serializers.IntegerField()
    buffer_t = serializers.IntegerField()
    issuable_t = serializers.IntegerField()
    sheet_sha256 = Text()
    verifier = OrganisationNameSerializer(allow_null=True)
    verification_statement = Text()
    submitted_at = Moment()
    verified_at = Moment(allow_null=True)
    approved_at = Moment(allow_null=True)


class ReportSerializer(ListedReportSerializer):
    case = JsonObject(help_text="What was computed: the fields with what was done on them.")
    sheet = JsonObject(help_text="How: every line with its equation, inputs, factors and result.")


class Reports(Endpoint):
    tag = "reports"

    @extend_schema(
        summary="List a project's reports",
        parameters=[PageQuerySerializer],
        responses=ListedReportSerializer(many=True),
    )
    def list_reports(self, request: Request, code: str) -> Response:
        """Newest first, without their calculations."""
        self.query(PageQuerySerializer)
        project = access_project_by_code(code=code, membership=self.viewer)
        return self.page(reports_of(project), ListedReportSerializer)

    @extend_schema(
        summary="Report a vintage",
        request=NewReportSerializer,
        responses={201: ReportSerializer},
        examples=[
            OpenApiExample("As registered", value={"vintage": 2022}, request_only=True),
            OpenApiExample(
                "What was done on one field",
                value={"vintage": 2022, "practices": {"QX-01": PRACTICES}},
                request_only=True,
            ),
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def create_report(self, request: Request, code: str) -> Response:
        """For the project's cooperative. The result is computed now; its hash goes into the log."""
        project = access_project_by_code(code=code, membership=self.viewer)
        report = reports.submit_report(actor=self.actor, project_id=project.pk, **self.body(NewReportSerializer))
        return Response(show(ReportSerializer, report), status=201)

    @extend_schema(summary="Read a report", responses=ReportSerializer)
    def get_report(self, request: Request, report_id: int) -> Response:
        """With its calculation, line by line."""
        return self._answer(report_id)

    @extend_schema(summary="Verify a report", request=StatementSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, SamePerson)
    def verify_report(self, request: Request, report_id: int) -> Response:
        """For verifiers. The calculation is done again, and must come to the same."""
        report = self._report(report_id)
        reports.verify_report(actor=self.actor, report_id=report.pk, **self.body(StatementSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Approve a report", request=NothingSerializer, responses=ReportSerializer)
    @refuses(NotAllowed, WrongState, SamePerson)
    def approve_report(self, request: Request, report_id: int) -> Response:
        """For a registrar of the operator who neither prepared nor verified it."""
        self.body(NothingSerializer)
        reports.approve_report(actor=self.actor, report_id=self._report(report_id).pk)
        return self._answer(report_id)

    @extend_schema(summary="Reject a report", request=ReasonSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def reject_report(self, request: Request, report_id: int) -> Response:
        """For verifiers and the operator's registrars; the vintage may be reported again."""
        report = self._report(report_id)
        reports.reject_report(actor=self.actor, report_id=report.pk, **self.body(ReasonSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Issue a report's credits", request=NothingSerializer, responses={201: BatchSerializer})
    @refuses(InvalidValue, NotAllowed, WrongState, AlreadyIssued)
    def issue_report(self, request: Request, report_id: int) -> Response:
        """For the operator's registrars, once it is approved; a report is issued once."""
        self.body(NothingSerializer)
        batch = issue_credits(actor=self.actor, report_id=self._report(report_id).pk)
        return Response(BatchSerializer(batch, context=batch_context([batch])).data, status=201)

    def _report(self, report_id: int) -> MonitoringReport:
        return access_report_by_id(report_id=report_id, membership=self.actor)

    def _answer(self, report_id: int) -> Response:
        return Response(show(ReportSerializer, self._report(report_id)))
