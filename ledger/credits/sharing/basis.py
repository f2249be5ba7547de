"""Who takes part in sharing what credits of a vintage bring, and how much each weighs."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum
from django.utils import timezone

from ledger.credits.sharing.models import WHOLE_BPS, SharingWeight
from ledger.credits.sharing.remainders import Claim, apportion, mixed
from ledger.parties.models import Household
from ledger.projects.models import Parcel

AREA_UNITS = 10_000
"""Areas are counted in ten-thousandths of a hectare, as they are stored."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How much is retained, and how the rest is parted. Units: basis points."""

    retained_bps: int
    area_bps: int
    equal_bps: int
    contribution_bps: int

    def retained(self, net_fen: int) -> int:
        """Return the retained part of an amount. Rounding: down to the fen, so that the households get the rest."""
        return net_fen * self.retained_bps // WHOLE_BPS


@dataclass(frozen=True, slots=True)
class Basis:
    """A household with what its share is reckoned by."""

    household_id: int
    public_id: UUID
    code: str
    name: str
    area_ha: Decimal
    contribution: int


def members(cooperative_id: int, vintage: int | None = None) -> list[Household]:
    """Return the households that take part, by their codes: those that had not left when the vintage began.

    Without a vintage: those that have not left.
    """
    stayed = Q(left_at=None) if vintage is None else Q(left_at=None) | Q(left_at__gte=_beginning(vintage))
    found = Household.objects.filter(stayed, cooperative=cooperative_id)
    return sorted(found, key=lambda each: (each.code, each.pk))


def basis_of(
    households: Sequence[Household], project_ids: Iterable[int], contributions: Mapping[int, int]
) -> list[Basis]:
    """Return what the shares of households are reckoned by: their fields in projects, and their contributions by id."""
    areas = dict(
        Parcel.objects.filter(project__in=list(project_ids), household__isnull=False)
        .values_list("household_id")
        .annotate(Sum("area_ha"))
        .order_by()
    )
    return [
        Basis(
            each.pk,
            each.public_id,
            each.code,
            each.name,
            areas.get(each.pk, Decimal(0)),
            contributions.get(each.pk, 0),
        )
        for each in households
    ]


def contributions_of(plan_id: int) -> dict[int, int]:
    """Return the contributions that a plan states, by household."""
    return dict(SharingWeight.objects.filter(plan=plan_id).values_list("household_id", "weight"))


def shares_of(amount_fen: int, basis: Sequence[Basis], rule: Rule) -> list[int] | None:
    """Return what each household gets of an amount, to the fen; None where nobody weighs anything. Units: fen."""
    weights = mixed(
        [
            (rule.area_bps, [int(each.area_ha * AREA_UNITS) for each in basis]),
            (rule.equal_bps, [1] * len(basis)),
            (rule.contribution_bps, [each.contribution for each in basis]),
        ]
    )
    if not any(weights):
        return None
    claims = [Claim((each.code, each.household_id), weight) for each, weight in zip(basis, weights, strict=True)]
    return apportion(amount_fen, claims)


def _beginning(vintage: int) -> dt.datetime:
    return dt.datetime(vintage, 1, 1, tzinfo=timezone.get_default_timezone())
