"""Who acts for your organisation: roles, invitations, and, among the operator's people, changes that two make."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, Moment, Text
from ledger.api.once import keeps_no_answer
from ledger.api.rights import needs
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationBriefSerializer,
    PageQuerySerializer,
    StrictSerializer,
)
from ledger.errors import (
    ActsAlready,
    InvalidValue,
    InvitationOver,
    LastOwner,
    NotAllowed,
    NotFound,
    SamePerson,
    TooManyAttempts,
    WrongState,
)
from ledger.parties import invitations, members, role_changes
from ledger.parties.addresses import address_of
from ledger.parties.models import Invitation, Membership, RoleChange, User
from ledger.parties.rights import Right, require_right
from ledger.parties.scopes import Scope
from ledger.parties.selectors import members_of

ROLES = Membership.Role.choices


class PersonSerializer(serializers.Serializer[User]):
    id = Identifier(source="public_id")
    username = Text()
    display_name = Text()


class MemberSerializer(serializers.Serializer[Membership]):
    id = Identifier(source="user.public_id")
    username = Text(source="user.username")
    display_name = Text(source="user.display_name")
    role = Choice(choices=ROLES)
    last_seen_at = Moment(source="user.last_login", allow_null=True, help_text="When they last logged in.")


class NewRoleSerializer(StrictSerializer):
    role = Choice(choices=ROLES)


class NewInvitationSerializer(StrictSerializer):
    role = Choice(choices=ROLES)
    note = Text(max_length=120, required=False, allow_blank=True, help_text="For whom it is, in your own words.")


class InvitationSerializer(serializers.Serializer[Invitation]):
    id = Identifier(source="public_id")
    role = Choice(choices=ROLES)
    note = Text()
    invited_by = Text(source="inviter")
    invited_at = Moment()
    expires_at = Moment()
    is_open = serializers.BooleanField()
    waits_for_another = serializers.BooleanField(
        help_text="Into the operator: whether a second person has to confirm it before it is good."
    )
    accepted_at = Moment(allow_null=True)
    withdrawn_at = Moment(allow_null=True)


class MadeInvitationSerializer(InvitationSerializer):
    secret = Text(help_text="Shown this once: whoever has it may accept. As a link: /invitations/SECRET.")


class AcceptanceSerializer(StrictSerializer):
    secret = Text(max_length=64)


class JoinedSerializer(serializers.Serializer[Membership]):
    organisation = OrganisationBriefSerializer()
    role = Choice(choices=ROLES)


class RoleChangeSerializer(serializers.Serializer[RoleChange]):
    id = serializers.IntegerField()
    person = PersonSerializer()
    role_before = Text(help_text="A role; empty for somebody who is to join.")
    role = Text(help_text="A role; empty for somebody who is to leave.")
    state = Choice(choices=RoleChange.State.choices)
    proposed_by = Text(source="proposed_by.username")
    proposed_at = Moment()
    decided_by = Text(source="decided_by.username", allow_null=True, default=None)
    decided_at = Moment(allow_null=True)


class MemberResultSerializer(serializers.Serializer[Any]):
    """One of the two: the member as they are now, or what waits for a second person."""

    member = MemberSerializer(required=False)
    proposal = RoleChangeSerializer(required=False)


class Members(Endpoint):
    tag = "members"
    writes = Scope.MEMBERS

    @extend_schema(summary="List members", parameters=[PageQuerySerializer], responses=MemberSerializer(many=True))
    def list_members(self, request: Request) -> Response:
        """The people of your organisation, newest first."""
        self.query(PageQuerySerializer)
        return self.page(members_of(self.actor), MemberSerializer)

    @extend_schema(
        summary="Change a member's role",
        request=NewRoleSerializer,
        responses={200: MemberResultSerializer, 202: MemberResultSerializer},
        examples=[OpenApiExample("A trader", value={"role": "trader"}, request_only=True)],
    )
    @refuses(NotAllowed, NotFound, InvalidValue, LastOwner)
    def change_member_role(self, request: Request, public_id: UUID) -> Response:
        """For owners. At once; among the operator's people it is proposed (202), and another confirms it."""
        role = self.body(NewRoleSerializer)["role"]
        require_right(self.actor, Right.MEMBERS)
        if members.needs_two(self.actor.organisation):
            return self._proposed(public_id, role)
        changed = members.change_role(actor=self.actor, public_id=public_id, role=role)
        return Response({"member": show(MemberSerializer, changed)})

    @extend_schema(
        summary="Remove a member",
        request=NothingSerializer,
        responses={200: MemberResultSerializer, 202: MemberResultSerializer},
    )
    @refuses(NotAllowed, NotFound, InvalidValue, LastOwner)
    def remove_member(self, request: Request, public_id: UUID) -> Response:
        """For owners. Tokens and sessions end at once; among the operator's people it is proposed (202)."""
        self.body(NothingSerializer)
        require_right(self.actor, Right.MEMBERS)
        if members.needs_two(self.actor.organisation):
            return self._proposed(public_id, "")
        removed = members.remove_member(actor=self.actor, public_id=public_id)
        return Response({"member": show(MemberSerializer, removed)})

    @extend_schema(summary="Leave your organisation", request=NothingSerializer, responses={204: None})
    @refuses(NotAllowed, LastOwner)
    def leave_organisation(self, request: Request) -> Response:
        """Your tokens and sessions end at once, the token that asks for it among them."""
        self.body(NothingSerializer)
        members.leave_organisation(actor=self.actor)
        return Response(status=204)

    def _proposed(self, public_id: UUID, role: str) -> Response:
        person = members.access_member(actor=self.actor, public_id=public_id).user
        proposal = role_changes.propose_change(actor=self.actor, person=person, role=role)
        return Response({"proposal": show(RoleChangeSerializer, proposal)}, status=202)


class Invitations(Endpoint):
    tag = "members"
    writes = Scope.MEMBERS

    @extend_schema(
        summary="List invitations", parameters=[PageQuerySerializer], responses=InvitationSerializer(many=True)
    )
    def list_invitations(self, request: Request) -> Response:
        """For owners, and whoever confirms them: those of your organisation, newest first."""
        self.query(PageQuerySerializer)
        require_right(self.actor, Right.MEMBERS, Right.APPROVE)
        return self.page(invitations.invitations_of(self.actor), InvitationSerializer)

    @extend_schema(
        summary="Invite somebody",
        request=NewInvitationSerializer,
        responses={201: MadeInvitationSerializer},
        examples=[OpenApiExample("A trader", value={"role": "trader", "note": "采购部 小林"}, request_only=True)],
    )
    @refuses(NotAllowed, InvalidValue)
    @keeps_no_answer
    def invite_member(self, request: Request) -> Response:
        """For owners. The secret is shown this once, good once, and for seven days.

        Into the operator it is good when another has confirmed it.
        """
        invitation, secret = invitations.invite_member(actor=self.actor, **self.body(NewInvitationSerializer))
        invitation.secret = secret  # type: ignore[attr-defined]
        shown = show(MadeInvitationSerializer, invitation)
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(summary="Withdraw an invitation", request=NothingSerializer, responses=InvitationSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def withdraw_invitation(self, request: Request, public_id: UUID) -> Response:
        """For owners. It is worthless at once."""
        self.body(NothingSerializer)
        withdrawn = invitations.withdraw_invitation(actor=self.actor, public_id=public_id)
        return Response(show(InvitationSerializer, withdrawn))

    @extend_schema(summary="Confirm an invitation", request=NothingSerializer, responses=InvitationSerializer)
    @refuses(NotAllowed, NotFound, WrongState, SamePerson)
    def confirm_invitation(self, request: Request, public_id: UUID) -> Response:
        """For the operator's owners, another than who has invited; for registrars while there is one owner only."""
        self.body(NothingSerializer)
        confirmed = invitations.confirm_invitation(actor=self.actor, public_id=public_id)
        return Response(show(InvitationSerializer, confirmed))

    @extend_schema(summary="Accept an invitation", request=AcceptanceSerializer, responses={201: JoinedSerializer})
    @needs(Scope.MANAGE)
    @refuses(NotFound, InvitationOver, ActsAlready, SamePerson, TooManyAttempts)
    def accept_invitation(self, request: Request) -> Response:
        """For who acts for nobody yet: you act for the organisation from now on, in the role that was offered."""
        wanted = self.body(AcceptanceSerializer)
        joined = invitations.accept_invitation(user=self.person, secret=wanted["secret"], address=address_of(request))
        return Response(show(JoinedSerializer, joined), status=201)


class RoleChanges(Endpoint):
    tag = "members"
    writes = Scope.MEMBERS

    @extend_schema(
        summary="List changes of roles", parameters=[PageQuerySerializer], responses=RoleChangeSerializer(many=True)
    )
    def list_role_changes(self, request: Request) -> Response:
        """Among the operator's people, newest first; for them and auditors."""
        self.query(PageQuerySerializer)
        return self.page(role_changes.role_changes_seen_by(self.actor), RoleChangeSerializer)

    @extend_schema(summary="Confirm a change of a role", request=NothingSerializer, responses=RoleChangeSerializer)
    @refuses(NotAllowed, NotFound, WrongState, SamePerson, LastOwner, ActsAlready)
    def confirm_role_change(self, request: Request, change_id: int) -> Response:
        """For another owner than who proposed it, or a registrar while there is one owner only. It is made at once."""
        self.body(NothingSerializer)
        return Response(show(RoleChangeSerializer, role_changes.confirm_change(actor=self.actor, change_id=change_id)))

    @extend_schema(summary="Refuse a change of a role", request=NothingSerializer, responses=RoleChangeSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def refuse_role_change(self, request: Request, change_id: int) -> Response:
        """Nothing changes. Who proposed it takes it back by this."""
        self.body(NothingSerializer)
        return Response(show(RoleChangeSerializer, role_changes.refuse_change(actor=self.actor, change_id=change_id)))
