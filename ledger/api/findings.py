"""Findings of reports: opened and closed by the verifier, answered by the cooperative."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.api.schema import refuses
from ledger.api.serializers import PageQuerySerializer, ReasonSerializer, StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState
from ledger.projects import reports
from ledger.projects.models import Finding
from ledger.projects.selectors import access_finding_by_id, access_report_by_id, findings_seen_by


class NewFindingSerializer(StrictSerializer):
    kind = Choice(choices=Finding.Kind.choices)
    text = Text(max_length=5_000)


class AnswerSerializer(StrictSerializer):
    answer = Text(max_length=5_000)


class ClosingNoteSerializer(StrictSerializer):
    note = Text(max_length=5_000)


class FindingSerializer(serializers.Serializer[Finding]):
    id = serializers.IntegerField()
    report = serializers.IntegerField(source="report_id")
    number = serializers.IntegerField()
    kind = Choice(choices=Finding.Kind.choices)
    status = Choice(choices=Finding.Status.choices)
    text = Text()
    opened_at = Moment()
    answer = Text()
    answered_at = Moment(allow_null=True)
    reopening_reason = Text()
    reopened_at = Moment(allow_null=True)
    closing_note = Text()
    closed_at = Moment(allow_null=True)


class Findings(Endpoint):
    tag = "reports"

    @extend_schema(
        summary="List a report's findings", parameters=[PageQuerySerializer], responses=FindingSerializer(many=True)
    )
    def list_findings(self, request: Request, report_id: int) -> Response:
        """Newest first; to everybody once the report is verified, before that to those whom it concerns."""
        self.query(PageQuerySerializer)
        report = access_report_by_id(report_id=report_id, membership=self.viewer)
        return self.page(findings_seen_by(self.viewer, report).order_by("-id"), FindingSerializer)

    @extend_schema(summary="Open a finding", request=NewFindingSerializer, responses={201: FindingSerializer})
    @refuses(InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState)
    def open_finding(self, request: Request, report_id: int) -> Response:
        """For the verifier that has accepted the report."""
        report = access_report_by_id(report_id=report_id, membership=self.actor)
        finding = reports.open_finding(actor=self.actor, report_id=report.pk, **self.body(NewFindingSerializer))
        return Response(show(FindingSerializer, finding), status=201)

    @extend_schema(summary="Answer a finding", request=AnswerSerializer, responses=FindingSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def answer_finding(self, request: Request, finding_id: int) -> Response:
        """For the project's cooperative."""
        finding = self._finding(finding_id)
        answered = reports.answer_finding(actor=self.actor, finding_id=finding.pk, **self.body(AnswerSerializer))
        return Response(show(FindingSerializer, answered))

    @extend_schema(summary="Close a finding", request=ClosingNoteSerializer, responses=FindingSerializer)
    @refuses(InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState)
    def close_finding(self, request: Request, finding_id: int) -> Response:
        """For the verifier that examines the report; a forward action's, also for that of a later report."""
        finding = self._finding(finding_id)
        closed = reports.close_finding(actor=self.actor, finding_id=finding.pk, **self.body(ClosingNoteSerializer))
        return Response(show(FindingSerializer, closed))

    @extend_schema(summary="Open a finding again", request=ReasonSerializer, responses=FindingSerializer)
    @refuses(InvalidValue, NotAllowed, NotAssigned, OrganisationNotApproved, WrongState)
    def reopen_finding(self, request: Request, finding_id: int) -> Response:
        """For the verifier that may close it, where the answer does not do."""
        finding = self._finding(finding_id)
        reopened = reports.reopen_finding(actor=self.actor, finding_id=finding.pk, **self.body(ReasonSerializer))
        return Response(show(FindingSerializer, reopened))

    def _finding(self, finding_id: int) -> Finding:
        return access_finding_by_id(finding_id=finding_id, membership=self.actor)
