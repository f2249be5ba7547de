"""The way of a project after it is handed in: validation, suspension, withdrawal, renewal; conflicts and debundling."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Flag, Identifier, Moment, Text
from ledger.api.projects import ProjectSerializer
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    ReasonSerializer,
    StatementSerializer,
    StrictSerializer,
)
from ledger.credits.reversals import ending
from ledger.errors import (
    ConflictOfInterest,
    InvalidValue,
    LossUndecided,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    ReversalOwed,
    SamePerson,
    WrongState,
)
from ledger.parties.models import Organisation
from ledger.projects import conflicts, debundling, lifecycle, renewals
from ledger.projects.judgements import DebundlingDecision, DeclaredConflict, Renewal
from ledger.projects.models import Project
from ledger.projects.selectors import (
    access_project_by_code,
    access_renewal_by_id,
    conflicts_seen_by,
    renewals_of,
)

MAX_NOTE = 2_000


class NewRenewalSerializer(StrictSerializer):
    ends_on = serializers.DateField(help_text="When the crediting period shall end.")
    note = Text(max_length=MAX_NOTE, required=False, allow_blank=True, help_text="What has changed since.")


class RenewalSerializer(serializers.Serializer[Renewal]):
    id = serializers.IntegerField()
    status = Choice(choices=Renewal.Status.choices)
    ended_on = serializers.DateField()
    ends_on = serializers.DateField()
    note = Text()
    verifier = OrganisationNameSerializer(allow_null=True)
    assessment = Text()
    decision_reason = Text()
    requested_at = Moment()
    assessed_at = Moment(allow_null=True)
    decided_at = Moment(allow_null=True)


class NewConflictSerializer(StrictSerializer):
    nature = Choice(choices=DeclaredConflict.Nature.choices)
    note = Text(max_length=MAX_NOTE, required=False, allow_blank=True)
    verifier = Identifier(required=False, help_text="For registrars: whose conflict it is.")


class ConflictSerializer(serializers.Serializer[DeclaredConflict]):
    id = serializers.IntegerField()
    verifier = OrganisationNameSerializer()
    nature = Choice(choices=DeclaredConflict.Nature.choices)
    note = Text()
    declared_at = Moment()
    lifted_at = Moment(allow_null=True)
    lifting_reason = Text()


class NewDebundlingDecisionSerializer(StrictSerializer):
    is_one_with_them = Flag()
    reason = Text(max_length=MAX_NOTE)


class DebundlingDecisionSerializer(serializers.Serializer[DebundlingDecision]):
    others = serializers.ListField(child=Text())
    is_one_with_them = Flag()
    reason = Text()
    decided_at = Moment()


class NeighbourSerializer(serializers.Serializer[Any]):
    project = Text(source="project.code")
    distance_m = serializers.IntegerField()
    expected_t = serializers.IntegerField()


class DebundlingSerializer(serializers.Serializer[Any]):
    neighbours = NeighbourSerializer(many=True)
    is_decided = Flag()
    decisions = DebundlingDecisionSerializer(many=True)


class ProjectLife(Endpoint):
    tag = "projects"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="Take a project on for validation", request=NothingSerializer, responses=ProjectSerializer)
    @refuses(NotAllowed, OrganisationNotApproved, WrongState, ConflictOfInterest)
    def accept_project(self, request: Request, code: str) -> Response:
        """For verifiers: from then on this one alone may validate it."""
        return self._take(lifecycle.accept_project, code, NothingSerializer)

    @extend_schema(summary="Give a validation up", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def decline_project(self, request: Request, code: str) -> Response:
        """For the verifier who has taken it on; a registrar takes it from one. Another verifier may take it then."""
        return self._take(lifecycle.decline_project, code, ReasonSerializer)

    @extend_schema(summary="Send a project back for corrections", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def return_project(self, request: Request, code: str) -> Response:
        """It is a draft again, with all that it holds."""
        return self._take(lifecycle.return_project, code, ReasonSerializer)

    @extend_schema(summary="Suspend a project", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState)
    def suspend_project(self, request: Request, code: str) -> Response:
        """For registrars: nothing of it is reported, approved or issued until it is resumed."""
        return self._take(lifecycle.suspend_project, code, ReasonSerializer)

    @extend_schema(summary="Lift a suspension", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def resume_project(self, request: Request, code: str) -> Response:
        """For registrars, but not for the one who ordered it."""
        return self._take(lifecycle.resume_project, code, ReasonSerializer)

    @extend_schema(summary="Withdraw a project", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def withdraw_project(self, request: Request, code: str) -> Response:
        """For the proponent, as long as it is not registered."""
        return self._take(lifecycle.withdraw_project, code, ReasonSerializer)

    @extend_schema(summary="Ask for a withdrawal", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, LossUndecided, ReversalOwed)
    def ask_withdrawal(self, request: Request, code: str) -> Response:
        """For the proponent of a registered project; the operator decides."""
        return self._take(ending.ask_withdrawal, code, ReasonSerializer)

    @extend_schema(summary="Grant a withdrawal", request=NothingSerializer, responses=ProjectSerializer)
    @refuses(NotAllowed, WrongState, LossUndecided, ReversalOwed)
    def grant_withdrawal(self, request: Request, code: str) -> Response:
        """For registrars; what was issued stays."""
        return self._take(ending.grant_withdrawal, code, NothingSerializer)

    @extend_schema(summary="Refuse a withdrawal", request=ReasonSerializer, responses=ProjectSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState)
    def refuse_withdrawal(self, request: Request, code: str) -> Response:
        """For registrars; the project stays registered."""
        return self._take(lifecycle.refuse_withdrawal, code, ReasonSerializer)

    @extend_schema(summary="See possible debundling", responses=DebundlingSerializer)
    def get_debundling(self, request: Request, code: str) -> Response:
        """Projects that may be parts of one with it, and what the operator has decided."""
        return self._debundling(self._project(code))

    @extend_schema(
        summary="Decide on debundling", request=NewDebundlingDecisionSerializer, responses=DebundlingSerializer
    )
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def decide_debundling(self, request: Request, code: str) -> Response:
        """For registrars, before it is registered."""
        project = self._project(code)
        body = self.body(NewDebundlingDecisionSerializer)
        debundling.decide_debundling(actor=self.actor, project_id=project.pk, **body)
        return self._debundling(project)

    @extend_schema(
        summary="List a project's renewals", parameters=[PageQuerySerializer], responses=RenewalSerializer(many=True)
    )
    def list_renewals(self, request: Request, code: str) -> Response:
        """Asked for, assessed, granted and refused."""
        self.query(PageQuerySerializer)
        return self.page(renewals_of(self._project(code)), RenewalSerializer)

    @extend_schema(summary="Ask for a renewal", request=NewRenewalSerializer, responses={201: RenewalSerializer})
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def create_renewal(self, request: Request, code: str) -> Response:
        """For the proponent, in the last year of the crediting period or the year after it."""
        project = self._project(code)
        made = renewals.request_renewal(actor=self.actor, project_id=project.pk, **self.body(NewRenewalSerializer))
        return Response(show(RenewalSerializer, made), status=201)

    @extend_schema(summary="Assess a renewal", request=StatementSerializer, responses=RenewalSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, SamePerson, ConflictOfInterest)
    def assess_renewal(self, request: Request, renewal_id: int) -> Response:
        """For verifiers: state that the baseline still holds."""
        return self._decide(renewals.assess_renewal, renewal_id, StatementSerializer)

    @extend_schema(summary="Grant a renewal", request=NothingSerializer, responses=RenewalSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def grant_renewal(self, request: Request, renewal_id: int) -> Response:
        """For registrars; land that another project is credited for in the new years is refused."""
        return self._decide(renewals.grant_renewal, renewal_id, NothingSerializer)

    @extend_schema(summary="Refuse a renewal", request=ReasonSerializer, responses=RenewalSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def refuse_renewal(self, request: Request, renewal_id: int) -> Response:
        """For registrars."""
        return self._decide(renewals.refuse_renewal, renewal_id, ReasonSerializer)

    @extend_schema(
        summary="List declared conflicts of interest",
        parameters=[PageQuerySerializer],
        responses=ConflictSerializer(many=True),
    )
    def list_conflicts(self, request: Request, code: str) -> Response:
        """For the operator and auditors all of a project; for a verifier its own."""
        self.query(PageQuerySerializer)
        return self.page(conflicts_seen_by(self.viewer, self._project(code)), ConflictSerializer)

    @extend_schema(
        summary="Declare a conflict of interest", request=NewConflictSerializer, responses={201: ConflictSerializer}
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    def declare_conflict(self, request: Request, code: str) -> Response:
        """For verifiers of themselves, for registrars of any verifier."""
        body = self.body(NewConflictSerializer)
        project = self._project(code)
        if "verifier" in body:
            named = Organisation.objects.filter(public_id=body.pop("verifier")).first()
            if named is None:
                raise NotFound(field="verifier")
            body["verifier_id"] = named.pk
        made = conflicts.declare_conflict(actor=self.actor, project_id=project.pk, **body)
        return Response(show(ConflictSerializer, made), status=201)

    @extend_schema(summary="Lift a mistaken declaration", request=ReasonSerializer, responses=ConflictSerializer)
    @refuses(InvalidValue, NotAllowed, WrongState, SamePerson)
    def lift_conflict(self, request: Request, conflict_id: int) -> Response:
        """For registrars, but not for the one who declared it."""
        body = self.body(ReasonSerializer)
        lifted = conflicts.lift_conflict(actor=self.actor, conflict_id=conflict_id, **body)
        return Response(show(ConflictSerializer, lifted))

    def _project(self, code: str) -> Project:
        return access_project_by_code(code=code, membership=self.viewer)

    def _take(self, service: Callable[..., Project], code: str, serializer: type[StrictSerializer]) -> Response:
        body = self.body(serializer)
        project = self._project(code)
        service(actor=self.actor, project_id=project.pk, **body)
        # Read by number: what goes back to its cooperative is no longer a verifier's to see, but the step was.
        project.refresh_from_db()
        return Response(show(ProjectSerializer, project))

    def _decide(self, service: Callable[..., Renewal], renewal_id: int, serializer: type[StrictSerializer]) -> Response:
        body = self.body(serializer)
        renewal = access_renewal_by_id(renewal_id=renewal_id, membership=self.viewer)
        return Response(show(RenewalSerializer, service(actor=self.actor, renewal_id=renewal.pk, **body)))

    def _debundling(self, project: Project) -> Response:
        neighbours = debundling.neighbours_of(project)
        found = {
            "neighbours": neighbours,
            "is_decided": debundling.is_decided(project, neighbours),
            "decisions": project.debundling_decisions.all(),
        }
        return Response(show(DebundlingSerializer, found))
