"""What a cooperative hangs up at the village notice board: what was sold, what is kept, and what each household gets."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.credits.sharing.models import Distribution, Share, SharingPlan
from ledger.errors import StatementTooLong
from ledger.journal.statement_csv import exact
from ledger.parties.models import Organisation
from ledger.projects.geometry import area_mu
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row

MAX_DISTRIBUTIONS = 5_000
MAX_SHARES = 500_000
COLUMNS = ("code", "name", "area_mu", "contribution", "share_yuan")


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A household. The area is that of the last distribution of the notice. Units: hectares, fen."""

    code: str
    name: str
    area_ha: Decimal
    contribution: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class SoldBatch:
    """What was sold of one vintage. Units: fen."""

    asset: str
    project: str
    sales: int
    net_fen: int
    retained_fen: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of one distribution, or of all of a period. Units: fen."""

    cooperative: Organisation
    starts_at: dt.datetime
    ends_at: dt.datetime
    plans: Sequence[SharingPlan]
    batches: Sequence[SoldBatch]
    lines: Sequence[NoticeLine]
    with_names: bool
    record_ids: Sequence[int]

    @property
    def net_fen(self) -> int:
        return sum(batch.net_fen for batch in self.batches)

    @property
    def retained_fen(self) -> int:
        return sum(batch.retained_fen for batch in self.batches)

    @property
    def shared_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def sales(self) -> int:
        return sum(batch.sales for batch in self.batches)

    @property
    def area_ha(self) -> Decimal:
        return sum((line.area_ha for line in self.lines), Decimal(0))

    @property
    def adds_up(self) -> bool:
        """Whether what is kept and the shares come to what was sold."""
        return self.net_fen == self.retained_fen + self.shared_fen

    @property
    def file_name(self) -> str:
        days = [timezone.localdate(at).isoformat() for at in (self.starts_at, self.ends_at)]
        return "-".join(["tianhui-shares", *dict.fromkeys(days)])


def read_notice(cooperative: Organisation, found: Sequence[Distribution], *, with_names: bool) -> Notice | None:
    """Return the notice of distributions, the oldest first; None where there are none.

    Raises: StatementTooLong.
    """
    if not found:
        return None
    ids = [each.pk for each in found]
    if len(found) > MAX_DISTRIBUTIONS or Share.objects.filter(distribution__in=ids).count() > MAX_SHARES:
        raise StatementTooLong(most=MAX_SHARES)
    return Notice(
        cooperative,
        found[0].distributed_at,
        found[-1].distributed_at,
        list({each.plan_id: each.plan for each in found}.values()),
        _batches(found),
        _lines(ids),
        with_names,
        [each.record_id for each in found],
    )


def notice_csv(notice: Notice) -> Iterator[str]:
    """Yield a notice as CSV: a line for each household, between what was sold and the sum."""
    yield BYTE_ORDER_MARK
    columns = COLUMNS if notice.with_names else tuple(name for name in COLUMNS if name != "name")
    yield csv_row(columns)
    for line in notice.lines:
        yield _row(line.code, line.name, line.area_ha, line.contribution, line.amount_fen, notice.with_names)
    yield _row(_("Shared"), "", notice.area_ha, "", notice.shared_fen, notice.with_names)
    yield _row(_("Kept by the cooperative"), "", None, "", notice.retained_fen, notice.with_names)
    yield _row(_("Net proceeds"), "", None, "", notice.net_fen, notice.with_names)


def _row(code: str, name: str, area_ha: Decimal | None, contribution: object, amount_fen: int, with_names: bool) -> str:
    area = "" if area_ha is None else f"{area_mu(area_ha):.2f}"
    cells = [code, *([name] if with_names else []), area, contribution, exact(amount_fen, is_credit=False)]
    return csv_row(cells)


def _batches(found: Sequence[Distribution]) -> list[SoldBatch]:
    sums: dict[int, SoldBatch] = {}
    for each in found:
        known = sums.get(each.batch_id, SoldBatch(each.batch.asset.code, each.batch.project.name, 0, 0, 0))
        sums[each.batch_id] = SoldBatch(
            known.asset,
            known.project,
            known.sales + each.sales_count,  # type: ignore[attr-defined]
            known.net_fen + each.net_fen,
            known.retained_fen + each.retained_fen,
        )
    return list(sums.values())


def _lines(ids: Sequence[int]) -> list[NoticeLine]:
    sums: dict[int, NoticeLine] = {}
    names: dict[int, tuple[str, int]] = {}
    shares = Share.objects.filter(distribution__in=ids).order_by("distribution_id", "id")
    rows = shares.values_list(
        "household_id", "household__code", "household__name", "area_ha", "contribution", "amount_fen"
    )
    for household_id, code, name, area_ha, contribution, amount_fen in rows.iterator(chunk_size=5_000):
        known = sums.get(household_id)
        before_fen = 0 if known is None else known.amount_fen
        sums[household_id] = NoticeLine(code, name, area_ha, contribution, before_fen + amount_fen)
        names[household_id] = (code, household_id)
    return [sums[household_id] for household_id in sorted(sums, key=lambda each: names[each])]
