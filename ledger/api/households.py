"""Member households of a cooperative."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, Moment, Text
from ledger.api.filters import narrowed
from ledger.api.once import keeps_no_answer
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, OrganisationNameSerializer, PageQuerySerializer, StrictSerializer
from ledger.credits.sharing import links
from ledger.credits.sharing.selectors import households_seen_by, with_funds
from ledger.errors import (
    HouseholdListRefused,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    WrongState,
)
from ledger.parties import households
from ledger.parties.models import Household

MAX_LIST = 1_000_000


MEMBERSHIPS = [("current", "still a member"), ("left", "has left")]


class NewHouseholdSerializer(StrictSerializer):
    code = Text(max_length=32, help_text="The cooperative's own number.")
    name = Text(max_length=80, help_text="Never in the log.")


class HouseholdListSerializer(StrictSerializer):
    csv = Text(max_length=MAX_LIST, help_text="CSV whose first line names the columns: code, name (户号, 户名).")


class HouseholdSerializer(serializers.Serializer[Household]):
    """Units: hectares, fen."""

    id = Identifier(source="public_id")
    cooperative = OrganisationNameSerializer()
    code = Text()
    name = Text()
    member_since = Moment(source="created_at")
    left_at = Moment(allow_null=True)
    area_ha = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True, help_text="Of its fields.")
    balance_fen = serializers.IntegerField(help_text="Shared and not paid out yet.")
    held_fen = serializers.IntegerField(help_text="About to be paid out.")
    has_link = serializers.BooleanField()


class AddedHouseholdsSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()


class LinkSerializer(serializers.Serializer[Any]):
    household = Identifier()
    token = Text(help_text="Shown this once: the page is at /h/ and the token.")


class MadeLinksSerializer(serializers.Serializer[Any]):
    links = LinkSerializer(many=True)


class HouseholdQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of households."""

    code = Text(required=False, max_length=32)
    membership = Choice(required=False, choices=MEMBERSHIPS, help_text="All where none is given.")


class Households(Endpoint):
    tag = "households"

    @extend_schema(
        summary="List households", parameters=[HouseholdQuerySerializer], responses=HouseholdSerializer(many=True)
    )
    def list_households(self, request: Request) -> Response:
        """Your cooperative's; the operator and auditors see all."""
        wanted = self.query(HouseholdQuerySerializer)
        found = narrowed(households_seen_by(self.actor), wanted, {"code": "code"})
        if "membership" in wanted:
            found = found.filter(left_at__isnull=wanted["membership"] == "current")
        return self.page(found, HouseholdSerializer)

    @extend_schema(summary="Read a household", responses=HouseholdSerializer)
    def get_household(self, request: Request, public_id: UUID) -> Response:
        """Your cooperative's; the operator and auditors read all."""
        household = households_seen_by(self.actor).filter(public_id=public_id).first()
        if household is None:
            raise NotFound()
        return Response(show(HouseholdSerializer, household))

    @extend_schema(
        summary="Add a household",
        request=NewHouseholdSerializer,
        responses={201: HouseholdSerializer},
        examples=[OpenApiExample("A household", value={"code": "3-017", "name": "陈水生家"}, request_only=True)],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    def add_household(self, request: Request) -> Response:
        """For owners and traders of a cooperative."""
        household = households.add_household(actor=self.actor, **self.body(NewHouseholdSerializer))
        return Response(_show(household), status=201)

    @extend_schema(
        summary="Add a list of households",
        request=HouseholdListSerializer,
        responses={201: AddedHouseholdsSerializer},
    )
    @refuses(InvalidValue, HouseholdListRefused, NotAllowed, OrganisationNotApproved)
    def import_households(self, request: Request) -> Response:
        """All of them or none; each wrong line is named."""
        content = self.body(HouseholdListSerializer)["csv"].encode()
        added = households.import_households(actor=self.actor, content=content)
        return Response({"added": len(added)}, status=201)

    @extend_schema(
        summary="Change a household's code or name", request=NewHouseholdSerializer, responses=HouseholdSerializer
    )
    @refuses(InvalidValue, NotAllowed, NotFound, OrganisationNotApproved)
    def rename_household(self, request: Request, public_id: UUID) -> Response:
        """For owners and traders of its cooperative."""
        changed = households.rename_household(
            actor=self.actor, public_id=public_id, **self.body(NewHouseholdSerializer)
        )
        return Response(_show(changed))

    @extend_schema(summary="Let a household leave", request=NothingSerializer, responses=HouseholdSerializer)
    @refuses(NotAllowed, NotFound, OrganisationNotApproved, WrongState)
    def leave_household(self, request: Request, public_id: UUID) -> Response:
        """It keeps what it has, and shares in vintages that began before."""
        self.body(NothingSerializer)
        return Response(_show(households.leave_household(actor=self.actor, public_id=public_id)))

    @extend_schema(summary="Make a household's link anew", request=NothingSerializer, responses={201: LinkSerializer})
    @refuses(NotAllowed, NotFound, OrganisationNotApproved)
    @keeps_no_answer
    def make_link(self, request: Request, public_id: UUID) -> Response:
        """Whoever has it sees that household's shares. The one before is worthless at once."""
        self.body(NothingSerializer)
        made = links.make_links(actor=self.actor, public_ids=[public_id])[0]
        body = {"household": made.household.public_id, "token": made.token}
        return Response(show(LinkSerializer, body), status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(
        summary="Make the links of all households that have none",
        request=NothingSerializer,
        responses={201: MadeLinksSerializer},
    )
    @refuses(NotAllowed, OrganisationNotApproved)
    @keeps_no_answer
    def make_missing_links(self, request: Request) -> Response:
        """The first ones by their codes; asked for again, the next ones, and none where all have one."""
        self.body(NothingSerializer)
        made = [
            {"household": each.household.public_id, "token": each.token}
            for each in links.make_missing_links(actor=self.actor)
        ]
        return Response(show(MadeLinksSerializer, {"links": made}), status=201)

    @extend_schema(summary="Revoke a household's link", request=NothingSerializer, responses={204: None})
    @refuses(NotAllowed, NotFound, OrganisationNotApproved)
    def revoke_link(self, request: Request, public_id: UUID) -> Response:
        """It is worthless at once."""
        self.body(NothingSerializer)
        links.revoke_link(actor=self.actor, public_id=public_id)
        return Response(status=204)


def _show(household: Household) -> Any:
    found = with_funds(Household.objects.filter(pk=household.pk).select_related("cooperative")).get()
    return show(HouseholdSerializer, found)
