"""Read plans, distributions, and what each household has: for its cooperative, for itself, for the notice board."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from ledger.credits.sharing.basis import Rule
from ledger.credits.sharing.distributing import plan_at, waiting_sales
from ledger.credits.sharing.models import Distribution, HouseholdLink, Share, SharingPlan, SharingProgress
from ledger.errors import NotFound
from ledger.journal.models import Account, Payout, PayoutLine
from ledger.journal.selectors import cash_account
from ledger.parties.access import reads_everything
from ledger.parties.models import Household, Membership, Organisation
from ledger.projects.models import Parcel

WAITING_READ = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Sales that are not shared yet: how many (of the first thousand), their net proceeds, what would be shared of them.

    `has_more` where there are more than were read. Units: fen.
    """

    sales: int
    net_fen: int
    shared_fen: int
    available_fen: int
    has_more: bool

    @property
    def short_fen(self) -> int:
        """What the cooperative's cash lacks for all of it."""
        return max(0, self.shared_fen - self.available_fen)


@dataclass(frozen=True, slots=True)
class HouseholdFunds:
    """What a household has got so far. Units: fen."""

    shared_fen: int
    this_year_fen: int
    paid_fen: int
    balance_fen: int
    held_fen: int

    @property
    def open_fen(self) -> int:
        """What is neither paid out nor about to be."""
        return self.balance_fen - self.held_fen


def plans_seen_by(membership: Membership) -> QuerySet[SharingPlan]:
    """Return the plans that one may see, newest first: the operator and auditors all, others their own and public ones."""
    plans = SharingPlan.objects.select_related("cooperative", "project", "stated_by").order_by("-id")
    if reads_everything(membership):
        return plans
    return plans.filter(Q(cooperative=membership.organisation) | Q(is_public=True))


def plans_of(cooperative: Organisation) -> QuerySet[SharingPlan]:
    """Return a cooperative's plans, newest first."""
    return SharingPlan.objects.filter(cooperative=cooperative).select_related("project", "stated_by").order_by("-id")


def plans_now(cooperative: Organisation) -> list[SharingPlan]:
    """Return the plans that hold now: the one for all projects, and those for single ones."""
    now = timezone.now()
    plans = list(plans_of(cooperative))
    newest: dict[int | None, SharingPlan] = {}
    for plan in sorted(plans, key=lambda each: (each.effective_from, each.version)):
        if plan.effective_from <= now:
            newest[plan.project_id] = plan
    return sorted(newest.values(), key=lambda plan: plan.project_id or 0)


def public_plan_of(project_id: int, cooperative_id: int) -> SharingPlan | None:
    """Return the plan that holds now for what a project sells, where its cooperative shows it publicly."""
    plan = plan_at(SharingPlan.objects.filter(cooperative=cooperative_id), project_id, timezone.now())
    return plan if plan is not None and plan.is_public else None


def rule_of(plan: SharingPlan) -> Rule:
    """Return how a plan parts proceeds."""
    return Rule(plan.retained_bps, plan.area_bps, plan.equal_bps, plan.contribution_bps)


def households_seen_by(membership: Membership) -> QuerySet[Household]:
    """Return the households that one may see, newest first: the operator and auditors all, others their own cooperative's."""
    households = with_funds(Household.objects.select_related("cooperative")).order_by("-id")
    return households if reads_everything(membership) else households.filter(cooperative=membership.organisation)


def households_of(cooperative: Organisation, text: str = "") -> QuerySet[Household]:
    """Return a cooperative's households by their codes, with fields, money and whether they have a link."""
    found = Household.objects.filter(cooperative=cooperative)
    if text:
        found = found.filter(Q(code__icontains=text) | Q(name__icontains=text))
    return with_funds(found).order_by(F("left_at").asc(nulls_first=True), "code", "id")


def with_funds(households: QuerySet[Household]) -> QuerySet[Household]:
    """Add what a list says of households: `area_ha`, `fields`, `balance_fen`, `held_fen`, `has_link`."""
    accounts = Account.objects.filter(household=OuterRef("pk"), purpose=Account.Purpose.SHARE)
    parcels = Parcel.objects.filter(household=OuterRef("pk")).order_by().values("household")
    return households.annotate(
        area_ha=parcels.annotate(sum=Sum("area_ha")).values("sum"),
        fields=Coalesce(parcels.annotate(count=Count("id")).values("count"), Value(0)),
        balance_fen=Coalesce(accounts.values("balance")[:1], Value(0)),
        held_fen=Coalesce(accounts.values("held")[:1], Value(0)),
        has_link=Exists(HouseholdLink.objects.filter(household=OuterRef("pk"), token_hash__isnull=False)),
    )


def distributions_seen_by(membership: Membership) -> QuerySet[Distribution]:
    """Return the distributions that one may see, newest first: the operator and auditors all, others their own."""
    found = Distribution.objects.select_related(
        "cooperative", "plan", "plan__project", "batch__asset", "batch__project"
    )
    found = found.annotate(sales_count=Count("sales")).order_by("-id")
    return found if reads_everything(membership) else found.filter(cooperative=membership.organisation)


def access_distribution(*, distribution_id: int, membership: Membership) -> Distribution:
    """Return a distribution.

    Raises: NotFound, also where it is not to be seen.
    """
    found = distributions_seen_by(membership).filter(pk=distribution_id).first()
    if found is None:
        raise NotFound()
    return found


def shares_in(distribution: Distribution) -> QuerySet[Share]:
    """Return the shares of a distribution by the households' codes."""
    return Share.objects.filter(distribution=distribution).select_related("household").order_by("household__code", "id")


def waiting_of(cooperative: Organisation) -> Waiting | None:
    """Return what was sold and not shared yet; None where all is shared."""
    account = cash_account(cooperative)
    progress = SharingProgress.objects.filter(cooperative=cooperative).first()
    if account is None or progress is None:
        return None
    plans = list(SharingPlan.objects.filter(cooperative=cooperative))
    sales = waiting_sales(cooperative.pk, account.pk, progress.looked_to, WAITING_READ)
    due = [(sale, plan_at(plans, sale.project_id, sale.occurred_at, sale.transfer_id)) for sale in sales]
    owed = [(sale.net_fen, rule_of(plan)) for sale, plan in due if plan is not None and sale.net_fen > 0]
    if not owed:
        return None
    net_fen = sum(net for net, _rule in owed)
    shared_fen = sum(net - rule.retained(net) for net, rule in owed)
    return Waiting(len(owed), net_fen, shared_fen, account.available, len(sales) == WAITING_READ)


def payouts_seen_by(membership: Membership) -> QuerySet[Payout]:
    """Return the payouts that one may see, newest first: the operator and auditors all, others their own."""
    payouts = Payout.objects.select_related("cooperative").annotate(households=Count("lines")).order_by("-id")
    return payouts if reads_everything(membership) else payouts.filter(cooperative=membership.organisation)


def access_payout(*, payout_id: int, membership: Membership) -> Payout:
    """Return a payout.

    Raises: NotFound, also where it is not to be seen.
    """
    payout = payouts_seen_by(membership).filter(pk=payout_id).first()
    if payout is None:
        raise NotFound()
    return payout


def lines_of(payout: Payout) -> QuerySet[PayoutLine]:
    """Return what each household gets by a payout, by their codes."""
    return payout.lines.select_related("account__household").order_by("account__household__code", "id")


def payable_fen(cooperative: Organisation) -> tuple[int, int]:
    """Return what all households have that could be paid out now, and how many households have something. Units: fen."""
    accounts = Account.objects.filter(household__cooperative=cooperative, balance__gt=F("held"))
    found = accounts.aggregate(sum=Sum(F("balance") - F("held")), count=Count("id"))
    return found["sum"] or 0, found["count"]


def shares_of_household(household: Household) -> QuerySet[Share]:
    """Return what a household got of each distribution, newest first."""
    return (
        Share.objects.filter(household=household)
        .select_related("distribution__plan", "distribution__batch__asset", "distribution__batch__project")
        .order_by("-id")
    )


def payouts_to(household: Household) -> QuerySet[PayoutLine]:
    """Return what was paid out to a household, and what is about to be, newest first."""
    return PayoutLine.objects.filter(account__household=household).select_related("payout").order_by("-id")


def funds_of(household: Household) -> HouseholdFunds:
    """Return what a household has got so far, and what of it is paid. Units: fen."""
    midnight = timezone.localtime().replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    this_year = Q(distribution__distributed_at__gte=midnight)
    sums = Share.objects.filter(household=household).aggregate(
        shared=Sum("amount_fen"), this_year=Sum("amount_fen", filter=this_year)
    )
    paid = payouts_to(household).filter(payout__status=Payout.Status.POSTED).aggregate(sum=Sum("amount_fen"))
    account = Account.objects.filter(household=household, purpose=Account.Purpose.SHARE).first()
    return HouseholdFunds(
        sums["shared"] or 0,
        sums["this_year"] or 0,
        paid["sum"] or 0,
        account.balance if account else 0,
        account.held if account else 0,
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """What a household's share is a share of: all who took part in a distribution."""

    households: int
    area_ha: Decimal
    contribution: int


def wholes_of(distribution_ids: Sequence[int]) -> dict[int, Whole]:
    """Return what all households of distributions had together, by the distributions' ids, in one query."""
    rows = (
        Share.objects.filter(distribution__in=distribution_ids)
        .order_by()
        .values("distribution_id")
        .annotate(households=Count("id"), area=Sum("area_ha"), contributed=Sum("contribution"))
    )
    return {row["distribution_id"]: Whole(row["households"], row["area"], row["contributed"]) for row in rows}


def distributed_between(
    cooperative: Organisation, starts_at: dt.datetime | None, ends_at: dt.datetime | None
) -> QuerySet[Distribution]:
    """Return a cooperative's distributions of a period, the oldest first."""
    found = Distribution.objects.filter(cooperative=cooperative)
    if starts_at is not None:
        found = found.filter(distributed_at__gte=starts_at)
    if ends_at is not None:
        found = found.filter(distributed_at__lt=ends_at)
    found = found.annotate(sales_count=Count("sales"))
    return found.select_related("plan__project", "batch__asset", "batch__project").order_by("id")
