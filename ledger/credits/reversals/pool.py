"""Which credits of the buffer pool make up for a loss: the project's own first, then everybody's, the oldest vintage first."""

from dataclasses import dataclass

from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When

from ledger.credits.reversals.models import Reversal
from ledger.journal.models import Account


@dataclass(frozen=True, slots=True)
class Share:
    """Tonnes of one batch that the pool gives."""

    account: Account
    quantity_t: int


def shares_for(reversal: Reversal, quantity_t: int) -> list[Share]:
    """Return what the pool gives for a loss, as far as it goes. Call it with the pool locked.

    Rule: of the project that has lost, by vintage, the oldest first; then of all others, by vintage, the oldest first.
    What a cancellation that was asked for holds is not given.
    """
    shares, left = [], quantity_t
    for account in _in_order(reversal).iterator(chunk_size=200):
        if not left:
            break
        given = min(left, account.available)
        shares.append(Share(account, given))
        left -= given
    return shares


def _in_order(reversal: Reversal) -> QuerySet[Account]:
    is_others = Case(
        When(asset__batch__project=reversal.project_id, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return (
        Account.objects.filter(purpose=Account.Purpose.BUFFER, organisation=None, balance__gt=F("held"))
        .select_related("asset__batch__asset", "asset__batch__project")
        .annotate(is_others=is_others)
        .order_by("is_others", "asset__batch__vintage", "asset_id")
    )


def pool_t() -> int:
    """Return the tonnes that are in the buffer pool, of all projects."""
    total = Account.objects.filter(purpose=Account.Purpose.BUFFER).aggregate(total=Sum("balance"))["total"]
    return total or 0
