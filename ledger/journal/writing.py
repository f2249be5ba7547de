"""Write what a posting changes: holds, balances, transactions and transfers, each in one statement."""

import struct
from collections.abc import Mapping, Sequence

from django.db import IntegrityError

from ledger.errors import AlreadyReversed, DomainError, HoldChanged, IdempotencyConflict
from ledger.journal.locks import LockedAccount
from ledger.journal.models import Transaction, Transfer
from ledger.journal.serials import Run
from ledger.journal.terms import HoldChange, Numbered, PostedTransaction, Posting
from ledger.rows import array_of, copy_rows, insert_rows, update_rows

# PostgreSQL's binary form of a range [first, after): its length in bytes, its flags, and each bound with its length.
_RANGE = struct.Struct("!IBIqIq")
_RANGE_BYTES = _RANGE.size - 4
_LOWER_INCLUSIVE = 0x02
_COUNT = struct.Struct("!I")


def write_holds(hold_changes: Mapping[int, HoldChange]) -> None:
    """Set what remains of holds.

    Raises: HoldChanged where one is not what the caller saw.
    """
    if not hold_changes:
        return
    update_rows(
        """
        UPDATE ledger_hold hold SET remaining = new.after
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
               AS new (id, account_id, before, after)
         WHERE hold.id = new.id AND hold.account_id = new.account_id AND hold.remaining = new.before
        """,
        [
            array_of(hold_changes),
            array_of(change.account_id for change in hold_changes.values()),
            array_of(change.before for change in hold_changes.values()),
            array_of(change.after for change in hold_changes.values()),
        ],
        count=len(hold_changes),
        otherwise=HoldChanged(),
    )


def write_balances(accounts: Mapping[int, LockedAccount]) -> None:
    """Set the balances of locked accounts, and what is held on them."""
    update_rows(
        """
        UPDATE ledger_account account SET balance = new.balance, held = new.held
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, balance, held)
         WHERE account.id = new.id
        """,
        [
            array_of(accounts),
            array_of(account.balance for account in accounts.values()),
            array_of(account.held for account in accounts.values()),
        ],
        count=len(accounts),
        otherwise=AssertionError("an account that is locked has gone"),
    )


def write_transactions(postings: Sequence[Posting], posted: Sequence[PostedTransaction]) -> None:
    """Insert transactions.

    Raises: IntegrityError, which `refusal` explains.
    """
    insert_rows(
        Transaction,
        ("id", "kind", "occurred_at", "actor", "idempotency_key", "reverses_id", "record_id"),
        ("int8", "varchar", "timestamptz", "varchar", "varchar", "int8", "int8"),
        (
            (
                row.transaction_id,
                posting.kind,
                posting.occurred_at,
                posting.actor,
                posting.idempotency_key,
                posting.reverses_id,
                row.record_id,
            )
            for posting, row in zip(postings, posted, strict=True)
        ),
    )


def refusal(error: IntegrityError, postings: Sequence[Posting]) -> DomainError | None:
    """Return what a transaction is refused with that the database does not take; None where the fault is another.

    IdempotencyConflict: another call has used a key meanwhile. It has no account in common with this one, or this one
    would have waited for it and seen the key: its content is another. AlreadyReversed.
    """
    if "transaction_key_once" in str(error):
        return IdempotencyConflict(key=next(posting.idempotency_key for posting in postings if posting.idempotency_key))
    return AlreadyReversed() if "reverses_id" in str(error) else None


def write_transfers(postings: Sequence[Posting], numbered: Sequence[Numbered]) -> None:
    """Insert the transfers of transactions, with the serial numbers that they move."""
    copy_rows(
        Transfer,
        ("id", "transaction_id", "debit_account_id", "credit_account_id", "amount", "serials"),
        # A binary COPY takes bytes as they are: psycopg's own multirange takes twice as long as all other columns.
        ("int8", "int8", "int8", "int8", "int8", "bytea"),
        (
            (transfer_id, transaction_id, leg.debit_id, leg.credit_id, leg.amount, _multirange(leg_runs))
            for posting, (transaction_id, transfer_ids, runs) in zip(postings, numbered, strict=True)
            for transfer_id, leg, leg_runs in zip(transfer_ids, posting.legs, runs, strict=True)
        ),
    )


def _multirange(runs: Sequence[Run]) -> bytes | None:
    """Return runs as PostgreSQL receives an int8multirange."""
    if not runs:
        return None
    ranges = [_RANGE.pack(_RANGE_BYTES, _LOWER_INCLUSIVE, 8, first, 8, last + 1) for first, last in runs]
    return _COUNT.pack(len(ranges)) + b"".join(ranges)
