"""Read batches, what became of them, and retirements."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Aggregate, QuerySet, Sum

from ledger.credits.models import Batch, Retirement
from ledger.errors import NotFound
from ledger.journal.fields import SerialRangesField
from ledger.journal.models import Account, SerialBlock
from ledger.journal.serials import name_of_run
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership
from ledger.texts import is_storable


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the tonnes of a batch are; issued is the sum of the others."""

    issued: int
    held: int
    buffer: int
    retired: int
    cancelled: int


def batches() -> QuerySet[Batch]:
    """Return all batches, newest first."""
    return Batch.objects.select_related("asset", "project", "project__proponent", "transaction").order_by("-id")


def batch_by_code(code: str) -> Batch:
    """Return a batch by its asset's code, such as TH-35-000001-2022.

    Raises: NotFound.
    """
    batch = batches().filter(asset__code=code).first() if is_storable(code) else None
    if batch is None:
        raise NotFound()
    return batch


def supply_of(found: Iterable[Batch]) -> dict[int, Supply]:
    """Return the supply of each batch by its id, in one query."""
    found = list(found)
    by_asset: dict[int, dict[str, int]] = {batch.asset_id: {} for batch in found}
    rows = Account.objects.filter(asset__in=by_asset).values_list("asset_id", "purpose", "balance")
    for asset_id, purpose, balance in rows:
        by_asset[asset_id][purpose] = by_asset[asset_id].get(purpose, 0) + balance
    return {
        batch.pk: Supply(
            issued=-by_asset[batch.asset_id].get("issuance", 0),
            held=by_asset[batch.asset_id].get("holding", 0),
            buffer=by_asset[batch.asset_id].get("buffer", 0),
            retired=by_asset[batch.asset_id].get("retired", 0),
            cancelled=by_asset[batch.asset_id].get("cancelled", 0),
        )
        for batch in found
    }


class JoinedRuns(Aggregate):
    """Serial numbers in as few runs as can be."""

    function = "range_agg"
    output_field = SerialRangesField()


def serials_by_purpose(batch: Batch) -> list[tuple[str, list[tuple[int, int]]]]:
    """Return where a batch's serial numbers are: for each purpose of accounts their runs, whoever holds them."""
    rows = (
        SerialBlock.objects.filter(asset=batch.asset_id)
        .values_list("account__purpose")
        .annotate(runs=JoinedRuns("serials"))
        .order_by("account__purpose")
    )
    return [(purpose, [(run.lower, run.upper - 1) for run in runs]) for purpose, runs in rows]


def issued_t() -> int:
    """Return the tonnes that were ever issued, those of the buffer pool among them."""
    return Batch.objects.aggregate(total=Sum("quantity_t"))["total"] or 0


def retired_t() -> int:
    """Return the tonnes that were ever retired."""
    return Retirement.objects.aggregate(total=Sum("quantity_t"))["total"] or 0


def retirements() -> QuerySet[Retirement]:
    """Return all retirements, newest first."""
    return Retirement.objects.select_related(
        "organisation", "batch__asset", "batch__project__proponent", "transaction"
    ).order_by("-id")


def retirement_by_public_id(public_id: UUID | str) -> Retirement:
    """Return a retirement.

    Raises: NotFound.
    """
    try:
        public_id = UUID(str(public_id))
    except ValueError:
        raise NotFound() from None
    retirement = retirements().filter(public_id=public_id).first()
    if retirement is None:
        raise NotFound()
    return retirement


def may_see_beneficiary(retirement: Retirement, viewer: Membership | None) -> bool:
    """Return whether a beneficiary is shown: where it is public, to its organisation, the operator and auditors."""
    if retirement.is_beneficiary_public:
        return True
    return viewer is not None and (viewer.organisation_id == retirement.organisation_id or reads_everything(viewer))


def serial_numbers(batch: Batch, first: int, last: int) -> str:
    """Return a run of serial numbers as it is written, such as TH-35-000001-2022-000000000001-000000002300."""
    return name_of_run(batch.asset.code, first, last)
