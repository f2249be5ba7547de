"""Projects and what becomes of their credits are as their records in the log say."""

from ledger.credits.reconciliation import (
    cancellations,
    credits,
    evidence,
    judgements,
    projects,
    reports,
    reversals,
    sharing,
    transfers,
)
from ledger.credits.reconciliation.documents import check_documents
from ledger.credits.reconciliation.evidence import check_files

INVARIANTS = (
    *projects.INVARIANTS,
    *judgements.INVARIANTS,
    *reports.INVARIANTS,
    *evidence.INVARIANTS,
    *credits.INVARIANTS,
    *transfers.INVARIANTS,
    *cancellations.INVARIANTS,
    *reversals.INVARIANTS,
    *sharing.INVARIANTS,
)

__all__ = ["INVARIANTS", "check_documents", "check_files"]
