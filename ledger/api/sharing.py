"""How cooperatives share what they sell: plans, distributions, payouts."""

import datetime as dt
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.authentication import require_fresh_session
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Identifier, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.once import keeps_no_answer
from ledger.api.rights import needs
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, OrganisationNameSerializer, PageQuerySerializer, StrictSerializer
from ledger.credits.sharing.models import WHOLE_BPS, Distribution, Share, SharingPlan
from ledger.credits.sharing.plans import MAX_STATEMENT, PREVIEWED_FEN, PlanTerms, preview_plan, state_plan
from ledger.credits.sharing.selectors import (
    access_distribution,
    access_payout,
    distributions_seen_by,
    lines_of,
    payouts_seen_by,
    plans_seen_by,
    shares_in,
)
from ledger.errors import (
    InvalidValue,
    NotAllowed,
    NotFound,
    NothingToPayOut,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.journal import payouts
from ledger.journal.models import Payout, PayoutLine
from ledger.parties.scopes import Scope

MAX_CONTRIBUTIONS = 10_000


class ContributionSerializer(StrictSerializer):
    code = Text(max_length=32)
    weight = WholeNumber(min_value=0, max_value=MAX_WHOLE)


class NewPlanSerializer(StrictSerializer):
    """Units: basis points. `area_bps`, `equal_bps` and `contribution_bps` make 10,000."""

    project = Text(max_length=20, required=False, allow_null=True, help_text="Null: for all projects.")
    effective_from = Moment(required=False, allow_null=True, help_text="Null: from now on.")
    retained_bps = WholeNumber(min_value=0, max_value=WHOLE_BPS)
    retained_for = Text(max_length=300, required=False, allow_blank=True)
    area_bps = WholeNumber(min_value=0, max_value=WHOLE_BPS)
    equal_bps = WholeNumber(min_value=0, max_value=WHOLE_BPS)
    contribution_bps = WholeNumber(min_value=0, max_value=WHOLE_BPS)
    contributions = serializers.ListField(
        child=ContributionSerializer(), required=False, max_length=MAX_CONTRIBUTIONS, help_text="By households' codes."
    )
    statement = Text(max_length=MAX_STATEMENT, required=False, allow_blank=True)
    is_public = serializers.BooleanField(required=False)


class PlanSerializer(serializers.Serializer[SharingPlan]):
    """Units: basis points."""

    id = serializers.IntegerField()
    cooperative = OrganisationNameSerializer()
    project = Text(source="project.code", allow_null=True, default=None)
    version = serializers.IntegerField()
    effective_from = Moment()
    retained_bps = serializers.IntegerField()
    retained_for = Text()
    area_bps = serializers.IntegerField()
    equal_bps = serializers.IntegerField()
    contribution_bps = serializers.IntegerField()
    statement = Text()
    is_public = serializers.BooleanField()
    content_sha256 = Text()
    stated_at = Moment()


class PreviewedShareSerializer(serializers.Serializer[Any]):
    """Units: hectares, fen."""

    household = Identifier(source="basis.public_id")
    code = Text(source="basis.code")
    area_ha = serializers.DecimalField(source="basis.area_ha", max_digits=14, decimal_places=4)
    contribution = serializers.IntegerField(source="basis.contribution")
    amount_fen = serializers.IntegerField()


class PlanPreviewSerializer(serializers.Serializer[Any]):
    """What would become of 10,000 yuan. Units: fen."""

    amount_fen = serializers.IntegerField()
    retained_fen = serializers.IntegerField()
    shared_fen = serializers.IntegerField()
    shares = PreviewedShareSerializer(source="lines", many=True)


class DistributionSerializer(serializers.Serializer[Distribution]):
    """Units: fen."""

    id = serializers.IntegerField()
    cooperative = OrganisationNameSerializer()
    plan = serializers.IntegerField(source="plan_id")
    batch = Text(source="batch.asset.code")
    sales = serializers.IntegerField(source="sales_count")
    net_fen = serializers.IntegerField()
    retained_fen = serializers.IntegerField()
    shared_fen = serializers.IntegerField()
    distributed_at = Moment()
    record = serializers.IntegerField(source="record_id")


class ShareSerializer(serializers.Serializer[Share]):
    """Units: hectares, fen."""

    id = serializers.IntegerField()
    household = Identifier(source="household.public_id")
    code = Text(source="household.code")
    area_ha = serializers.DecimalField(max_digits=14, decimal_places=4)
    contribution = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)


class PayoutSerializer(serializers.Serializer[Payout]):
    id = serializers.IntegerField()
    cooperative = OrganisationNameSerializer()
    amount_fen = serializers.IntegerField()
    households = serializers.IntegerField()
    bank_reference = Text()
    status = Choice(choices=Payout.Status.choices)
    requested_at = Moment()
    decided_at = Moment(allow_null=True)


class PayoutConfirmationSerializer(StrictSerializer):
    bank_reference = Text(max_length=64)


class SharingPlans(Endpoint):
    tag = "sharing"

    @extend_schema(summary="List sharing plans", parameters=[PageQuerySerializer], responses=PlanSerializer(many=True))
    def list_plans(self, request: Request) -> Response:
        """Your cooperative's and public ones; the operator and auditors see all."""
        self.query(PageQuerySerializer)
        return self.page(plans_seen_by(self.actor), PlanSerializer)

    @extend_schema(
        summary="State a sharing plan",
        request=NewPlanSerializer,
        responses={201: PlanSerializer},
        examples=[
            OpenApiExample(
                "A tenth for the ditches, the rest by area",
                value={
                    "retained_bps": 1_000,
                    "retained_for": "渠道维修",
                    "area_bps": 10_000,
                    "equal_bps": 0,
                    "contribution_bps": 0,
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    def state_plan(self, request: Request) -> Response:
        """For owners of cooperatives. It is never changed: a newer one takes its place for what is sold from then on."""
        plan = state_plan(actor=self.actor, terms=_terms(self.body(NewPlanSerializer)))
        return Response(show(PlanSerializer, plan), status=201)

    @extend_schema(
        summary="See what a plan would mean", request=NewPlanSerializer, responses={200: PlanPreviewSerializer}
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved)
    @needs(Scope.READ)
    @keeps_no_answer
    def preview_plan(self, request: Request) -> Response:
        """What each household would get of 10,000 yuan. Nothing is stored."""
        terms = _terms(self.body(NewPlanSerializer))
        preview = preview_plan(actor=self.actor, terms=terms, amount_fen=PREVIEWED_FEN)
        return Response(show(PlanPreviewSerializer, preview))


class Distributions(Endpoint):
    tag = "sharing"

    @extend_schema(
        summary="List distributions", parameters=[PageQuerySerializer], responses=DistributionSerializer(many=True)
    )
    def list_distributions(self, request: Request) -> Response:
        """Your cooperative's; the operator and auditors see all."""
        self.query(PageQuerySerializer)
        return self.page(distributions_seen_by(self.actor), DistributionSerializer)

    @extend_schema(
        summary="List the shares of a distribution",
        parameters=[PageQuerySerializer],
        responses=ShareSerializer(many=True),
    )
    @refuses(NotFound)
    def list_shares(self, request: Request, distribution_id: int) -> Response:
        """What each household got, and by what."""
        self.query(PageQuerySerializer)
        found = access_distribution(distribution_id=distribution_id, membership=self.actor)
        return self.page(shares_in(found).order_by("-id"), ShareSerializer)


class PayoutLineSerializer(serializers.Serializer[PayoutLine]):
    """Units: fen."""

    household = Identifier(source="account.household.public_id")
    code = Text(source="account.household.code", help_text="The cooperative's number for it.")
    name = Text(source="account.household.name")
    amount_fen = serializers.IntegerField()


class PayoutQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of payouts."""

    status = Choice(required=False, choices=Payout.Status.choices)


# All of them at once, not a page: a ListSerializer would be described as one.
ALL_PAYOUTS = OpenApiResponse({"type": "array", "items": {"$ref": "#/components/schemas/Payout"}}, "The payouts.")


class Payouts(Endpoint):
    tag = "sharing"
    writes = Scope.WITHDRAW

    @extend_schema(summary="List payouts", parameters=[PayoutQuerySerializer], responses=PayoutSerializer(many=True))
    def list_payouts(self, request: Request) -> Response:
        """Your cooperative's; the operator and auditors see all."""
        wanted = self.query(PayoutQuerySerializer)
        found = narrowed(payouts_seen_by(self.actor), wanted, {"status": "status"}, time="requested_at")
        return self.page(found, PayoutSerializer)

    @extend_schema(
        summary="List whom a payout pays", parameters=[PageQuerySerializer], responses=PayoutLineSerializer(many=True)
    )
    @refuses(NotFound)
    def list_payout_lines(self, request: Request, payout_id: int) -> Response:
        """Each household once: what the bank is told."""
        self.query(PageQuerySerializer)
        payout = access_payout(payout_id=payout_id, membership=self.actor)
        return self.page(lines_of(payout).order_by("-id"), PayoutLineSerializer)

    @extend_schema(summary="Pay households what they have", request=NothingSerializer, responses={201: ALL_PAYOUTS})
    @refuses(NotAllowed, OrganisationNotApproved, NothingToPayOut)
    def request_payout(self, request: Request) -> Response:
        """For owners of cooperatives: one payout, or several where the households are many. The amounts are held."""
        require_fresh_session(request)
        self.body(NothingSerializer)
        ordered = payouts.request_payout(actor=self.actor)
        return Response([self._show(payout) for payout in ordered], status=201)

    @extend_schema(summary="Confirm a payout", request=PayoutConfirmationSerializer, responses=PayoutSerializer)
    @refuses(InvalidValue, NotAllowed, SamePerson, WrongState)
    def confirm_payout(self, request: Request, payout_id: int) -> Response:
        """For treasurers: the bank has paid it."""
        found = access_payout(payout_id=payout_id, membership=self.actor)
        wanted = self.body(PayoutConfirmationSerializer)
        return Response(self._show(payouts.confirm_payout(actor=self.actor, payout_id=found.pk, **wanted)))

    @extend_schema(summary="Refuse a payout", request=NothingSerializer, responses=PayoutSerializer)
    @refuses(NotAllowed, SamePerson, WrongState)
    def refuse_payout(self, request: Request, payout_id: int) -> Response:
        """For treasurers: what it held is the households' again."""
        self.body(NothingSerializer)
        found = access_payout(payout_id=payout_id, membership=self.actor)
        return Response(self._show(payouts.refuse_payout(actor=self.actor, payout_id=found.pk)))

    def _show(self, payout: Payout) -> Any:
        return show(PayoutSerializer, access_payout(payout_id=payout.pk, membership=self.actor))


def _terms(wanted: dict[str, Any]) -> PlanTerms:
    given = wanted.pop("contributions", [])
    contributions: dict[str, int] = {}
    for at, each in enumerate(given):
        if each["code"] in contributions:
            raise InvalidValue(field=f"contributions[{at}].code", reason=f"{each['code']} ×2")
        contributions[each["code"]] = each["weight"]
    effective_from: dt.datetime | None = wanted.pop("effective_from", None)
    project = wanted.pop("project", None)
    return PlanTerms(project=project, effective_from=effective_from, contributions=contributions, **wanted)
