"""The invariants that the books obey, each a query that finds what breaks it."""

from ledger.journal.reconciliation import books, corrections, log, organisations, payments, postings
from ledger.journal.reconciliation.invariants import Invariant, InvariantResult, check, check_log, check_one

INVARIANTS = (
    *books.INVARIANTS,
    *corrections.INVARIANTS,
    *log.INVARIANTS,
    *organisations.INVARIANTS,
    *payments.INVARIANTS,
    *postings.INVARIANTS,
)

__all__ = ["INVARIANTS", "Invariant", "InvariantResult", "check", "check_log", "check_one"]
