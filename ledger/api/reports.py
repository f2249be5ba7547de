"""Monitoring reports, from the cooperative's draft to the issue."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.conditions import check_match
from ledger.api.credits import BatchSerializer, batch_context
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Identifier, JsonObject, Moment, Text, WholeNumber, WrittenNumber
from ledger.api.filters import narrowed
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
    ConflictOfInterest,
    FindingsOpen,
    InvalidValue,
    NotAllowed,
    NotAssigned,
    OrganisationNotApproved,
    PreconditionFailed,
    SamePerson,
    WrongState,
)
from ledger.projects import reports
from ledger.projects.deadlines import due_on
from ledger.projects.models import MonitoringReport, ReportVersion
from ledger.projects.selectors import access_project_by_code, access_report_by_id, reports_of, verifiers
from ledger.registry.search import FIRST_YEAR, LAST_YEAR


def practices_field(*, required: bool) -> serializers.DictField:
    """Return the field for what was done on the project's fields."""
    return serializers.DictField(
        child=JsonObject(allow_null=True),
        required=required,
        help_text="By the field's code; those registered where none are given, or null.",
    )


class NewReportSerializer(StrictSerializer):
    vintage = WholeNumber(min_value=1990, max_value=2200)
    practices = practices_field(required=False)


class PracticesSerializer(StrictSerializer):
    practices = practices_field(required=True)


class CorrectionOfReportSerializer(StrictSerializer):
    practices = practices_field(required=False)


class HandInSerializer(StrictSerializer):
    verifier = Identifier(help_text="An approved verifier that may judge the project.")


class AssignmentSerializer(StrictSerializer):
    verifier = Identifier()
    reason = Text(max_length=1_000, required=False, allow_blank=True, help_text="Needed where a registrar assigns.")


class TrancheSerializer(StrictSerializer):
    quantity_t = WholeNumber(
        min_value=1, max_value=MAX_WHOLE, required=False, help_text="All that are left where it is not given."
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
    issued_t = serializers.IntegerField()
    sheet_sha256 = Text()
    verifier = OrganisationNameSerializer(allow_null=True)
    verification_statement = Text()
    submitted_at = Moment(allow_null=True)
    accepted_at = Moment(allow_null=True)
    verified_at = Moment(allow_null=True)
    approved_at = Moment(allow_null=True)
    due_on = serializers.SerializerMethodField()

    def get_due_on(self, report: MonitoringReport) -> str | None:
        """The day by which the next step is due, null where there is none."""
        due = due_on(report)
        return None if due is None else str(due)


class ReportVersionSerializer(serializers.Serializer[ReportVersion]):
    """What a report came to before it was corrected."""

    number = serializers.IntegerField()
    net_t = serializers.IntegerField()
    buffer_t = serializers.IntegerField()
    sheet_sha256 = Text()
    replaced_at = Moment()


class ReportSerializer(ListedReportSerializer):
    case = JsonObject(allow_null=True, help_text="What was computed: the fields with what was done on them.")
    sheet = JsonObject(
        allow_null=True, help_text="How: every line with its equation, inputs, factors and result. Null in a draft."
    )
    versions = ReportVersionSerializer(many=True)


class SavedPracticesSerializer(serializers.Serializer[MonitoringReport]):
    practices = JsonObject(help_text="By the codes of fields, in the methodology's terms.")
    saved_at = Moment(allow_null=True)


class PreviewSerializer(serializers.Serializer[object]):
    sheet = JsonObject(help_text="What the report would come to. Nothing is kept of it.")


class ReportQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of a project's reports."""

    status = Choice(required=False, choices=MonitoringReport.Status.choices)
    vintage = WrittenNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)


class Reports(Endpoint):
    tag = "reports"

    @extend_schema(
        summary="List a project's reports",
        parameters=[ReportQuerySerializer],
        responses=ListedReportSerializer(many=True),
    )
    def list_reports(self, request: Request, code: str) -> Response:
        """Newest first, without their calculations; drafts are their cooperative's alone."""
        wanted = self.query(ReportQuerySerializer)
        project = access_project_by_code(code=code, membership=self.viewer)
        columns = {"status": "status", "vintage": "vintage"}
        return self.page(narrowed(reports_of(project, self.viewer), wanted, columns), ListedReportSerializer)

    @extend_schema(
        summary="List the verifiers",
        parameters=[PageQuerySerializer],
        responses=OrganisationNameSerializer(many=True),
    )
    def list_verifiers(self, request: Request) -> Response:
        """Those that are approved: one of them is named when a report is handed in."""
        self.query(PageQuerySerializer)
        return self.page(verifiers().order_by("-id"), OrganisationNameSerializer)

    @extend_schema(
        summary="Begin the report of a vintage",
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
        """A draft of your cooperative's, for a year that is over."""
        project = access_project_by_code(code=code, membership=self.viewer)
        report = reports.draft_report(actor=self.actor, project_id=project.pk, **self.body(NewReportSerializer))
        return Response(show(ReportSerializer, report), status=201)

    @extend_schema(summary="Read a report", responses=ReportSerializer)
    def get_report(self, request: Request, report_id: int) -> Response:
        """With its calculation, line by line."""
        return self._answer(report_id)

    @extend_schema(summary="Read what was saved of a report", responses=SavedPracticesSerializer)
    @refuses(NotAllowed, OrganisationNotApproved)
    def get_report_practices(self, request: Request, report_id: int) -> Response:
        """For its cooperative: what it entered field by field; a field that is not named is as it is registered."""
        report = reports.saved_practices(actor=self.actor, report_id=self._report(report_id).pk)
        return Response(show(SavedPracticesSerializer, report))

    @extend_schema(summary="Save what was done on some fields", request=PracticesSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, PreconditionFailed)
    def save_report_practices(self, request: Request, report_id: int) -> Response:
        """In a draft, or while findings are open. Fields that are not named stay as they were entered before.

        `If-Match` with the ETag of what was saved as you read it: refused where somebody has saved meanwhile.
        """
        report = self._report(report_id)
        given = self.body(PracticesSerializer)
        reports.save_practices(actor=self.actor, report_id=report.pk, expect=self._expect_as_read, **given)
        return self._answer(report_id)

    @extend_schema(summary="Preview a report", responses=PreviewSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    def preview_report(self, request: Request, report_id: int) -> Response:
        """What it would come to with what has been saved so far."""
        sheet = reports.preview_report(actor=self.actor, report_id=self._report(report_id).pk)
        return Response(show(PreviewSerializer, {"sheet": sheet.as_dict()}))

    @extend_schema(summary="Hand a report in", request=HandInSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def submit_report(self, request: Request, report_id: int) -> Response:
        """To a verifier, in the order of the years. The result is computed now; its hash goes into the log."""
        report = self._report(report_id)
        reports.hand_in_report(actor=self.actor, report_id=report.pk, **self.body(HandInSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Throw a draft away", request=NothingSerializer, responses={204: None})
    @refuses(NotAllowed, OrganisationNotApproved, WrongState)
    def discard_report(self, request: Request, report_id: int) -> Response:
        """Nothing is left of it. What was handed in cannot be deleted."""
        self.body(NothingSerializer)
        reports.discard_report(actor=self.actor, report_id=self._report(report_id).pk)
        return Response(status=204)

    @extend_schema(
        summary="Assign a report to another verifier", request=AssignmentSerializer, responses=ReportSerializer
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def assign_report(self, request: Request, report_id: int) -> Response:
        """For the operator's registrars, with a reason; for the cooperative where the verifier has declined."""
        report = self._report(report_id)
        reports.assign_verifier(actor=self.actor, report_id=report.pk, **self.body(AssignmentSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Accept a report", request=NothingSerializer, responses=ReportSerializer)
    @refuses(NotAllowed, NotAssigned, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def accept_report(self, request: Request, report_id: int) -> Response:
        """For the verifier that it is assigned to."""
        self.body(NothingSerializer)
        reports.accept_report(actor=self.actor, report_id=self._report(report_id).pk)
        return self._answer(report_id)

    @extend_schema(summary="Decline a report", request=ReasonSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState)
    def decline_report(self, request: Request, report_id: int) -> Response:
        """For the verifier that it is assigned to; another is named then."""
        report = self._report(report_id)
        reports.decline_report(actor=self.actor, report_id=report.pk, **self.body(ReasonSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Correct a report", request=CorrectionOfReportSerializer, responses=ReportSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def correct_report(self, request: Request, report_id: int) -> Response:
        """While findings are open: it is computed again with what was saved; what it came to before is kept."""
        report = self._report(report_id)
        reports.correct_report(actor=self.actor, report_id=report.pk, **self.body(CorrectionOfReportSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Verify a report", request=StatementSerializer, responses=ReportSerializer)
    @refuses(
        InvalidValue,
        NotAllowed,
        NotAssigned,
        OrganisationNotApproved,
        WrongState,
        SamePerson,
        FindingsOpen,
        ConflictOfInterest,
    )
    def verify_report(self, request: Request, report_id: int) -> Response:
        """For the verifier that has accepted it, once its findings are closed. The calculation is done again, and must
        come to the same.
        """
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
    @refuses(InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState)
    def reject_report(self, request: Request, report_id: int) -> Response:
        """For the verifier that has accepted it and the operator's registrars; the vintage may be reported again."""
        report = self._report(report_id)
        reports.reject_report(actor=self.actor, report_id=report.pk, **self.body(ReasonSerializer))
        return self._answer(report_id)

    @extend_schema(summary="Issue a report's credits", request=TrancheSerializer, responses={201: BatchSerializer})
    @refuses(InvalidValue, NotAllowed, WrongState, AlreadyIssued)
    def issue_report(self, request: Request, report_id: int) -> Response:
        """For the operator's registrars, once it is approved: all that is left, or a part; each part is a batch."""
        asked = self.body(TrancheSerializer)
        batch = issue_credits(actor=self.actor, report_id=self._report(report_id).pk, **asked)
        return Response(BatchSerializer(batch, context=batch_context([batch])).data, status=201)

    def _expect_as_read(self, locked: MonitoringReport) -> None:
        check_match(self.request, show(SavedPracticesSerializer, locked))

    def _report(self, report_id: int) -> MonitoringReport:
        return access_report_by_id(report_id=report_id, membership=self.actor)

    def _answer(self, report_id: int) -> Response:
        return Response(show(ReportSerializer, self._report(report_id)))
