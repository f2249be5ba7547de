"""Projects, reports, batches, retirements, transfers, cancellations and reversals are as their records in the log say."""

from ledger.credits.reconciliation import cancellations, credits, projects, reversals, transfers
from ledger.credits.reconciliation.documents import check_documents

INVARIANTS = (
    *projects.INVARIANTS,
    *credits.INVARIANTS,
    *transfers.INVARIANTS,
    *cancellations.INVARIANTS,
    *reversals.INVARIANTS,
)

__all__ = ["INVARIANTS", "check_documents"]
