"""What a caller of the journal says, and what it is told: postings with their legs, changes of holds, answers.

Tuples: a settlement makes seven of them a trade, and a frozen dataclass takes three times as long to be made.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.journal.serials import Run

MAX_AMOUNT = 2**53 - 1
"""The largest amount and balance: exact in JSON, and a thousandth of what a bigint holds."""
MAX_LEGS = 300
"""Transfers of one transaction, as many as surely fit into its entry of the log."""


class Leg(NamedTuple):
    """An amount that the debit account gives and the credit account receives.

    `serials` say which numbers come to life at issuance; elsewhere they name those that the giver is to deliver, where it
    must be these: as a rule they are taken from its blocks, the oldest first.
    """

    debit_id: int
    credit_id: int
    amount: int
    serials: tuple[Run, ...] | None = None


class Posting(NamedTuple):
    """A transaction to be posted: its legs happen together or not at all."""

    kind: str
    legs: Sequence[Leg]
    actor: str
    occurred_at: dt.datetime
    idempotency_key: str | None = None
    trade: dict[str, Any] | None = None
    reverses_id: int | None = None


class HoldChange(NamedTuple):
    """What remains of a hold after the postings: the difference is no longer held on the account."""

    account_id: int
    before: int
    after: int


class Numbered(NamedTuple):
    """The numbers of a transaction that is about to be written, its own and those of its transfers and what they move."""

    transaction_id: int
    transfer_ids: tuple[int, ...]
    serials: tuple[tuple[Run, ...], ...]


class PostedTransaction(NamedTuple):
    transaction_id: int
    record_id: int
    transfer_ids: tuple[int, ...]
    serials: tuple[tuple[Run, ...], ...]
