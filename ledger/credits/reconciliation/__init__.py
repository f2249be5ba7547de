"""Projects, reports, diary entries, documents, batches and retirements are as their records in the log say."""

from ledger.credits.reconciliation import credits, evidence, judgements, projects, reports
from ledger.credits.reconciliation.documents import check_documents
from ledger.credits.reconciliation.evidence import check_files

INVARIANTS = (
    *projects.INVARIANTS,
    *judgements.INVARIANTS,
    *reports.INVARIANTS,
    *evidence.INVARIANTS,
    *credits.INVARIANTS,
)

__all__ = ["INVARIANTS", "check_documents", "check_files"]
