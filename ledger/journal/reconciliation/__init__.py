"""The invariants that the books obey, each a query that finds what breaks it."""

from ledger.journal.reconciliation import (
    books,
    corrections,
    households,
    log,
    organisations,
    payments,
    payouts,
    postings,
)
from ledger.journal.reconciliation.invariants import Invariant, InvariantResult, check, check_log, check_one

INVARIANTS = (
    *books.INVARIANTS,
    *corrections.INVARIANTS,
    *households.INVARIANTS,
    *log.INVARIANTS,
    *organisations.INVARIANTS,
    *payments.INVARIANTS,
    *payouts.INVARIANTS,
    *postings.INVARIANTS,
)

__all__ = ["INVARIANTS", "Invariant", "InvariantResult", "check", "check_log", "check_one"]
