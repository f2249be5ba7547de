"""What an organisation's sales have brought, and what became of the money."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import ExtractYear
from django.utils import timezone

from ledger.credits.models import Batch
from ledger.credits.sharing.models import Distribution
from ledger.journal.models import Payment, Payout
from ledger.parties.models import Organisation
from trading.execution.models import Trade


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold in a market in a year. Units: tonnes, fen."""

    market_id: int
    year: int
    tonnes: int
    gross_fen: int
    fee_fen: int
    trades: int

    @property
    def net_fen(self) -> int:
        """What is left after the fees."""
        return self.gross_fen - self.fee_fen

    @property
    def average_fen(self) -> int:
        """The mean price of a tonne. Rounding: half up, to the fen."""
        return (2 * self.gross_fen + self.tonnes) // (2 * self.tonnes)


@dataclass(frozen=True, slots=True)
class Season:
    """One issuance from its report to the households: when each step was, and what it came to. Units: tonnes, fen."""

    batch: Batch
    sold_t: int
    net_fen: int
    shared_fen: int
    retained_fen: int

    @property
    def own_t(self) -> int:
        """The tonnes that came to the proponent."""
        return self.batch.quantity_t - self.batch.buffer_t


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of proceeds in a period. Units: fen."""

    shared_fen: int
    retained_fen: int
    paid_to_households_fen: int
    withdrawn_fen: int


def sold_by(organisation: Organisation) -> list[Sold]:
    """Return what an organisation has sold, by market and by year in China, in one query."""
    rows = (
        Trade.objects.filter(sell_order__organisation=organisation)
        .order_by()
        .values("market_id", year=ExtractYear("executed_at", tzinfo=timezone.get_default_timezone()))
        .annotate(
            tonnes=Sum("quantity_t"),
            gross=Sum(F("price_fen") * F("quantity_t")),
            fee=Sum("seller_fee_fen"),
            trades=Count("pk"),
        )
        .order_by("-year", "-market_id")
    )
    return [
        Sold(row["market_id"], row["year"], row["tonnes"], int(row["gross"]), int(row["fee"]), row["trades"])
        for row in rows
    ]


def total(sold: Iterable[Sold]) -> Sold | None:
    """Return sales together; None where there are none."""
    found = list(sold)
    if not found:
        return None
    return Sold(
        0,
        0,
        sum(each.tonnes for each in found),
        sum(each.gross_fen for each in found),
        sum(each.fee_fen for each in found),
        sum(each.trades for each in found),
    )


def moved_in(organisation: Organisation, year: int) -> Moved:
    """Return what was shared, paid out and withdrawn in a year, in China. In three queries."""
    zone = timezone.get_default_timezone()
    start, end = dt.datetime(year, 1, 1, tzinfo=zone), dt.datetime(year + 1, 1, 1, tzinfo=zone)
    shared = Distribution.objects.filter(
        cooperative=organisation, distributed_at__gte=start, distributed_at__lt=end
    ).aggregate(shared=Sum("shared_fen"), retained=Sum("retained_fen"))
    decided = Q(decided_at__gte=start, decided_at__lt=end)
    payouts = Payout.objects.filter(decided, cooperative=organisation, status=Payout.Status.POSTED)
    out = Payment.objects.filter(
        decided, organisation=organisation, direction=Payment.Direction.WITHDRAWAL, status=Payment.Status.POSTED
    )
    return Moved(
        shared["shared"] or 0,
        shared["retained"] or 0,
        payouts.aggregate(sum=Sum("amount_fen"))["sum"] or 0,
        out.aggregate(sum=Sum("amount_fen"))["sum"] or 0,
    )


def seasons_of(organisation: Organisation, sold: Iterable[Sold], most: int) -> list[Season]:
    """Return the newest issuances of a cooperative's projects, each with what it has brought. In two queries."""
    batches = list(
        Batch.objects.filter(project__proponent=organisation)
        .select_related("project", "asset__market", "report")
        .defer("report__case", "report__sheet", "report__practices", "project__forecast")
        .order_by("-id")[:most]
    )
    of_market: dict[int, tuple[int, int]] = {}
    for each in sold:
        tonnes, net = of_market.get(each.market_id, (0, 0))
        of_market[each.market_id] = tonnes + each.tonnes, net + each.net_fen
    shared = {
        batch_id: (shared_fen, retained_fen)
        for batch_id, shared_fen, retained_fen in Distribution.objects.filter(
            cooperative=organisation, batch__in=batches
        )
        .order_by()
        .values("batch_id")
        .annotate(shared=Sum("shared_fen"), retained=Sum("retained_fen"))
        .values_list("batch_id", "shared", "retained")
    }
    found = []
    for batch in batches:
        market = getattr(batch.asset, "market", None)
        tonnes, net = of_market.get(market.pk, (0, 0)) if market else (0, 0)
        found.append(Season(batch, tonnes, net, *shared.get(batch.pk, (0, 0))))
    return found
