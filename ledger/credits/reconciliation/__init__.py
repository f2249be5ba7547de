"""Projects, reports, diary entries, documents, batches, retirements and what is shared are as their records in the log say."""

from ledger.credits.reconciliation import credits, evidence, judgements, projects, sharing
from ledger.credits.reconciliation.documents import check_documents
from ledger.credits.reconciliation.evidence import check_files

INVARIANTS = (
    *projects.INVARIANTS,
    *judgements.INVARIANTS,
    *evidence.INVARIANTS,
    *credits.INVARIANTS,
    *sharing.INVARIANTS,
)

__all__ = ["INVARIANTS", "check_documents", "check_files"]
