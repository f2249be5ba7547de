"""What the log says of plans and of what is shared (docs/log-entries.md)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.credits.sharing.models import Distribution, SharingPlan
from ledger.transparency.services import format_time


class WrittenShare(NamedTuple):
    """A household's part of a distribution, as its hash counts it in."""

    household: str
    area_ha: Decimal
    contribution: int
    amount_fen: int
    transaction_id: int | None


def plan_sha256(plan: SharingPlan, weights: Mapping[str, int]) -> str:
    """Return the hash of what a plan says in words, and of the contributions by the households' public ids."""
    words = "".join(f"{len(text)}:{text}" for text in (plan.retained_for, plan.statement))
    return _sha256(words + ";".join(f"{household}={weights[household]}" for household in sorted(weights)))


def plan_stated(plan: SharingPlan) -> dict[str, Any]:
    """Return the body of `sharing_plan_stated`."""
    return {
        "plan": str(plan.pk),
        "cooperative": str(plan.cooperative.public_id),
        "project": plan.project.code if plan.project else None,
        "version": plan.version,
        "effective_from": format_time(plan.effective_from),
        "after_transfer": str(plan.after_transfer),
        "retained_bps": plan.retained_bps,
        "area_bps": plan.area_bps,
        "equal_bps": plan.equal_bps,
        "contribution_bps": plan.contribution_bps,
        "is_public": plan.is_public,
        "content_sha256": plan.content_sha256,
    }


def shares_sha256(shares: Iterable[WrittenShare]) -> str:
    """Return the hash of the shares of a distribution: a line for each household, in the order of public ids."""
    return _sha256(
        ";".join(
            f"{each.household}:{each.area_ha:.4f}:{each.contribution}:{each.amount_fen}:{each.transaction_id or ''}"
            for each in sorted(shares)
        )
    )


def proceeds_shared(
    distribution: Distribution, asset_code: str, sales: Sequence[tuple[int, int]], transactions: Sequence[int]
) -> dict[str, Any]:
    """Return the body of `proceeds_shared`. `sales` are settlements with their net proceeds in fen."""
    return {
        "distribution": str(distribution.pk),
        "cooperative": str(distribution.cooperative.public_id),
        "plan": str(distribution.plan_id),
        "asset": asset_code,
        "net_fen": distribution.net_fen,
        "retained_fen": distribution.retained_fen,
        "shared_fen": distribution.shared_fen,
        "sales": [[str(transaction_id), net_fen] for transaction_id, net_fen in sales],
        "transactions": [str(transaction_id) for transaction_id in transactions],
        "shares_sha256": distribution.shares_sha256,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
