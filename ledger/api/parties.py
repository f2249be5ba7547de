"""People, their tokens and their organisations."""

from typing import Any
from uuid import UUID

from django.contrib.auth.validators import UnicodeUsernameValidator
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Instant, Moment, Text
from ledger.api.filters import narrowed
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
    InvalidValue,
    NotAllowed,
    NotFound,
    SamePerson,
    SecondFactorMissing,
    SecondFactorNeeded,
    TooManyAttempts,
    WrongCode,
    WrongCredentials,
    WrongState,
)
from ledger.parties import services
from ledger.parties.models import ApiToken, Membership, Organisation
from ledger.parties.scopes import Scope
from ledger.parties.security.origins import origin_of
from ledger.parties.selectors import access_organisation_by_public_id, organisations_seen_by, tokens_of
from ledger.parties.tokens import MAX_NETWORKS

MAX_PASSWORD = 200
APPLICABLE_KINDS = [choice for choice in Organisation.Kind.choices if choice[0] != Organisation.Kind.OPERATOR]


class NewTokenSerializer(StrictSerializer):
    username = Text(max_length=150)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)
    name = Text(max_length=60, help_text="What it is for, so that you know it again.")
    scopes = serializers.ListField(
        child=Choice(choices=Scope.choices),
        required=False,
        allow_empty=False,
        max_length=len(Scope),
        help_text="What it may be used for. All but `members` where none are named: name no more than you need.",
    )
    expires_at = Instant(required=False, help_text="Within a year; in 90 days where none is given.")
    networks = serializers.ListField(
        child=Text(max_length=43),
        required=False,
        max_length=MAX_NETWORKS,
        help_text="Addresses, or networks such as 203.0.113.0/24, that it is good from; from everywhere without.",
    )
    code = Text(
        max_length=20,
        required=False,
        help_text="A code of your second factor, or a recovery code, where you have set one up.",
    )


class TokenSerializer(serializers.Serializer[ApiToken]):
    id = serializers.IntegerField()
    prefix = Text(help_text="How the token begins.")
    name = Text()
    scopes = serializers.ListField(child=Choice(choices=Scope.choices))
    networks = serializers.ListField(child=Text(), help_text="From where it is good; everywhere where there are none.")
    created_at = Moment()
    expires_at = Moment(allow_null=True)
    last_used_at = Moment(allow_null=True, help_text="To the minute.")


class IssuedTokenSerializer(TokenSerializer):
    token = Text(help_text="Shown this once.")


class RevokedSerializer(serializers.Serializer[Any]):
    tokens = serializers.IntegerField(help_text="How many were good until now.")


class NewUserSerializer(StrictSerializer):
    username = Text(max_length=150, validators=[UnicodeUsernameValidator()])
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)
    display_name = Text(max_length=80)


class UserSerializer(serializers.Serializer[Any]):
    username = Text()
    display_name = Text()


class MeSerializer(UserSerializer):
    organisation = OrganisationBriefSerializer(allow_null=True)
    role = Choice(choices=Membership.Role.choices, allow_null=True)


class NewOrganisationSerializer(StrictSerializer):
    kind = Choice(choices=APPLICABLE_KINDS)
    name = Text(max_length=120)
    name_en = Text(max_length=120, required=False, allow_blank=True)
    credit_code = Text(
        max_length=18,
        required=False,
        allow_blank=True,
        help_text="Unified social credit code (GB 32100-2015); a cooperative has to give it.",
    )


class OrganisationSerializer(OrganisationBriefSerializer):
    credit_code = Text()
    created_at = Moment()
    approved_at = Moment(allow_null=True)


class OrganisationQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of organisations."""

    kind = Choice(required=False, choices=Organisation.Kind.choices)
    status = Choice(required=False, choices=Organisation.Status.choices)
    credit_code = Text(required=False, max_length=18)


class Tokens(Endpoint):
    tag = "people"

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._is_by_password() else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [] if self._is_by_password() else super().get_permissions()

    def _is_by_password(self) -> bool:
        """Return whether somebody asks for a token: an old one that is sent along must not stand in the way."""
        # There is no request yet while the schema is made.
        return self.request is not None and self.action_map.get(str(self.request.method).lower()) == "create_token"

    @extend_schema(
        summary="Get a token by password",
        request=NewTokenSerializer,
        responses={201: IssuedTokenSerializer},
        examples=[
            OpenApiExample(
                "A token",
                value={
                    "id": 7,
                    "prefix": "th_Jm0Qx3k",
                    "name": "trading desk",
                    "scopes": ["read", "trade"],
                    "networks": ["203.0.113.0/24"],
                    "created_at": "2026-06-14T01:30:00.000000Z",
                    "expires_at": "2026-09-12T01:30:00.000000Z",
                    "last_used_at": None,
                    "token": "th_Jm0…",
                },
                response_only=True,
                status_codes=["201"],
            ),
            OpenApiExample(
                "By password",
                value={
                    "username": "lin",
                    "password": "rice-paddies-hold-carbon",
                    "name": "trading desk",
                    "scopes": ["read", "trade"],
                    "networks": ["203.0.113.0/24"],
                },
                request_only=True,
            ),
        ],
    )
    @refuses(WrongCredentials, TooManyAttempts, SecondFactorNeeded, WrongCode, SecondFactorMissing, InvalidValue)
    @needs(None)
    @keeps_no_answer
    def create_token(self, request: Request) -> Response:
        """The token is shown this once. Send it as `Authorization: Bearer th_…`. Guesses are counted and limited.

        Who has two-step verification gives a `code` too; people of the operator and of auditors need it. The token is good
        for the organisation that you act for now, and ends when you leave it. No token can make another.
        """
        token, secret = services.issue_token_by_password(**self.body(NewTokenSerializer), origin=origin_of(request))
        token.token = secret  # type: ignore[attr-defined]
        return Response(show(IssuedTokenSerializer, token), status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(summary="List your tokens", parameters=[PageQuerySerializer], responses=TokenSerializer(many=True))
    def list_tokens(self, request: Request) -> Response:
        """Those that are good, newest first."""
        self.query(PageQuerySerializer)
        return self.page(tokens_of(self.person), TokenSerializer)

    @extend_schema(summary="Revoke a token", responses={204: None})
    def revoke_token(self, request: Request, token_id: int) -> Response:
        """It is worthless at once."""
        services.revoke_token(user=self.person, token_id=token_id)
        return Response(status=204)

    @extend_schema(summary="Revoke all your tokens", request=NothingSerializer, responses=RevokedSerializer)
    def revoke_tokens(self, request: Request) -> Response:
        """All are worthless at once, the one that asks for it among them."""
        self.body(NothingSerializer)
        return Response({"tokens": services.revoke_tokens(user=self.person)})


class Users(Endpoint):
    tag = "people"
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="Sign up", request=NewUserSerializer, responses={201: UserSerializer})
    @refuses(InvalidValue)
    @needs(None)
    def create_user(self, request: Request) -> Response:
        """A person who can log in; then get a token, and apply for an organisation."""
        user = services.register_user(**self.body(NewUserSerializer))
        return Response(show(UserSerializer, user), status=201)


class Me(Endpoint):
    tag = "people"

    @extend_schema(summary="Who you are, and for whom you act", responses=MeSerializer)
    def get_me(self, request: Request) -> Response:
        """`organisation` and `role` are null until you apply for an organisation or are added to one."""
        who = {
            "username": self.person.username,
            "display_name": self.person.display_name,
            "organisation": self.viewer.organisation if self.viewer else None,
            "role": self.viewer.role if self.viewer else None,
        }
        return Response(show(MeSerializer, who))


class Organisations(Endpoint):
    tag = "organisations"

    @extend_schema(
        summary="List organisations",
        parameters=[OrganisationQuerySerializer],
        responses=OrganisationSerializer(many=True),
    )
    def list_organisations(self, request: Request) -> Response:
        """The operator and auditors see all, everyone else their own."""
        wanted = self.query(OrganisationQuerySerializer)
        columns = {"kind": "kind", "status": "status", "credit_code": "credit_code"}
        return self.page(narrowed(organisations_seen_by(self.viewer), wanted, columns), OrganisationSerializer)

    @extend_schema(
        summary="Apply for an organisation",
        request=NewOrganisationSerializer,
        responses={201: OrganisationSerializer},
        examples=[
            OpenApiExample(
                "A cooperative",
                value={"kind": "cooperative", "name": "青禾农业专业合作社", "name_en": "Qinghe Cooperative"},
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed)
    def apply_for_organisation(self, request: Request) -> Response:
        """You become its owner; the operator approves it before it can do anything."""
        organisation = services.apply_for_organisation(user=self.person, **self.body(NewOrganisationSerializer))
        return Response(show(OrganisationSerializer, organisation), status=201)

    @extend_schema(summary="Approve an organisation", request=NothingSerializer, responses=OrganisationSerializer)
    @refuses(NotAllowed, NotFound, WrongState, SamePerson)
    def approve_organisation(self, request: Request, public_id: UUID) -> Response:
        """For the operator's registrars."""
        self.body(NothingSerializer)
        organisation = access_organisation_by_public_id(public_id=public_id, membership=self.actor)
        approved = services.approve_organisation(actor=self.actor, organisation_id=organisation.pk)
        return Response(show(OrganisationSerializer, approved))

    @extend_schema(summary="Suspend an organisation", request=NothingSerializer, responses=OrganisationSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def suspend_organisation(self, request: Request, public_id: UUID) -> Response:
        """For the operator's registrars. It can enter nothing new; what it has stays its own."""
        self.body(NothingSerializer)
        organisation = access_organisation_by_public_id(public_id=public_id, membership=self.actor)
        suspended = services.suspend_organisation(actor=self.actor, organisation_id=organisation.pk)
        return Response(show(OrganisationSerializer, suspended))
