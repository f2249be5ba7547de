"""Projects, reports, batches and retirements are as their records in the log say."""

from ledger.credits.reconciliation import credits, judgements, projects, reports
from ledger.credits.reconciliation.documents import check_documents

INVARIANTS = (*projects.INVARIANTS, *judgements.INVARIANTS, *reports.INVARIANTS, *credits.INVARIANTS)

__all__ = ["INVARIANTS", "check_documents"]
