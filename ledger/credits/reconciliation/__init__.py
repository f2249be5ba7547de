"""Projects, reports, batches, retirements and what is shared among households are as their records in the log say."""

from ledger.credits.reconciliation import credits, projects, sharing
from ledger.credits.reconciliation.documents import check_documents

INVARIANTS = (*projects.INVARIANTS, *credits.INVARIANTS, *sharing.INVARIANTS)

__all__ = ["INVARIANTS", "check_documents"]
