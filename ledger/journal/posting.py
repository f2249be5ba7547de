"""Post transactions: the one way in which a balance changes, for one transaction or for thousands."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from ledger.errors import AssetMismatch, IdempotencyConflict, InsufficientBalance, InvalidValue
from ledger.journal import serials
from ledger.journal.locks import LockedAccount, lock_accounts
from ledger.journal.models import Transaction, Transfer
from ledger.journal.serials import BlockChanges, Delivery, Run
from ledger.rows import copy_rows, draw_ids
from ledger.transparency.services import NewRecord, append_records, format_time

MAX_AMOUNT = 2**53 - 1  # exact in JSON, and a thousandth of what a bigint holds
MAX_RUNS_IN_RECORD = 500
"""Runs of serial numbers that a transfer's record spells out; of more it carries the hash, to fit into an entry."""


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount that the debit account gives and the credit account receives.

    `serials` are given only where they come to life, at issuance; elsewhere they are taken from the giver's blocks.
    """

    debit_id: int
    credit_id: int
    amount: int
    serials: tuple[Run, ...] | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    kind: str
    legs: Sequence[Leg]
    actor: str
    occurred_at: dt.datetime
    idempotency_key: str | None = None
    trade: dict[str, Any] | None = None
    reverses_id: int | None = None


@dataclass(frozen=True, slots=True)
class HoldChange:
    """What remains of a hold after the postings: the difference is no longer held on the account."""

    account_id: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    transaction_id: int
    record_id: int
    transfer_ids: tuple[int, ...]
    serials: tuple[tuple[Run, ...], ...]


@transaction.atomic
def post_transactions(
    postings: Sequence[Posting], *, hold_changes: Mapping[int, HoldChange] | None = None
) -> list[PostedTransaction]:
    """Post transactions and shrink the holds that they settle, all or nothing.

    An account delivers only credits that it owned before the call.

    Locks: every account concerned, in id order.
    Raises: InsufficientBalance, AssetMismatch, InvalidValue, IdempotencyConflict.
    """
    hold_changes = hold_changes or {}
    accounts = lock_accounts(_accounts_of(postings, hold_changes))
    _check_legs(postings, accounts)
    _apply_to_balances(postings, hold_changes, accounts)
    runs, changes = _allocate_serials(postings, accounts)
    posted = _number(postings, runs)
    _write_balances(accounts)
    _write_holds(hold_changes)
    serials.write(changes)
    _write_rows(postings, posted)
    return posted


def _accounts_of(postings: Sequence[Posting], hold_changes: Mapping[int, HoldChange]) -> set[int]:
    ids = {change.account_id for change in hold_changes.values()}
    for posting in postings:
        for leg in posting.legs:
            ids.add(leg.debit_id)
            ids.add(leg.credit_id)
    return ids


def _check_legs(postings: Sequence[Posting], accounts: Mapping[int, LockedAccount]) -> None:
    for posting in postings:
        if not posting.legs:
            raise InvalidValue(reason="A transaction has at least one transfer.")
        for leg in posting.legs:
            if not 0 < leg.amount <= MAX_AMOUNT:
                raise InvalidValue(field="amount", reason="The amount is not within 1 and 2^53 - 1.")
            if accounts[leg.debit_id].asset_id != accounts[leg.credit_id].asset_id:
                raise AssetMismatch()
            if leg.debit_id == leg.credit_id:
                raise InvalidValue(reason="A transfer is between two accounts.")


def _apply_to_balances(
    postings: Sequence[Posting],
    hold_changes: Mapping[int, HoldChange],
    accounts: Mapping[int, LockedAccount],
) -> None:
    for change in hold_changes.values():
        accounts[change.account_id].held += change.after - change.before
    for posting in postings:
        for leg in posting.legs:
            accounts[leg.debit_id].balance -= leg.amount
            accounts[leg.credit_id].balance += leg.amount
    for account in accounts.values():
        if not account.is_source and account.available < 0:
            given = sum(leg.amount for posting in postings for leg in posting.legs if leg.debit_id == account.id)
            raise InsufficientBalance(available=account.available + given, needed=given)


def _allocate_serials(
    postings: Sequence[Posting], accounts: Mapping[int, LockedAccount]
) -> tuple[dict[tuple[int, int], list[Run]], BlockChanges]:
    """Return the serial numbers of each credit leg by (posting, leg) position, and the changes of blocks."""
    places: list[tuple[int, int]] = []
    deliveries: list[Delivery] = []
    runs: dict[tuple[int, int], list[Run]] = {}
    minted: list[tuple[tuple[int, int], list[Run]]] = []
    needs: dict[int, int] = defaultdict(int)
    for posting_at, posting in enumerate(postings):
        for leg_at, leg in enumerate(posting.legs):
            giver = accounts[leg.debit_id]
            if not giver.is_credit:
                continue
            if giver.purpose == "issuance":
                minted_runs = list(leg.serials or ())
                assert sum(last - first + 1 for first, last in minted_runs) == leg.amount
                runs[posting_at, leg_at] = minted_runs
                minted.append(((leg.credit_id, giver.asset_id), minted_runs))
                continue
            places.append((posting_at, leg_at))
            deliveries.append(Delivery(giver.asset_id, leg.debit_id, leg.credit_id, leg.amount))
            needs[leg.debit_id] += leg.amount
    chosen, changes = serials.allocate(deliveries, serials.blocks_to_deliver(needs) if needs else {})
    runs.update(zip(places, chosen, strict=True))
    for receiver, fresh in minted:
        changes.received[receiver].extend(fresh)
    return runs, changes


def _number(postings: Sequence[Posting], runs: Mapping[tuple[int, int], list[Run]]) -> list[PostedTransaction]:
    """Give every transaction and transfer its id, and record each transaction in the log."""
    transaction_ids = draw_ids(Transaction, len(postings))
    transfer_ids = iter(draw_ids(Transfer, sum(len(posting.legs) for posting in postings)))
    numbered = [
        (
            transaction_id,
            tuple(next(transfer_ids) for _ in posting.legs),
            tuple(tuple(runs.get((at, leg_at), ())) for leg_at in range(len(posting.legs))),
        )
        for at, (transaction_id, posting) in enumerate(zip(transaction_ids, postings, strict=True))
    ]
    records = append_records(
        [
            NewRecord("transaction_posted", _body(posting, *numbers), posting.actor, posting.occurred_at)
            for posting, numbers in zip(postings, numbered, strict=True)
        ]
    )
    return [
        PostedTransaction(transaction_id, record_id, leg_ids, leg_runs)
        for record_id, (transaction_id, leg_ids, leg_runs) in zip(records, numbered, strict=True)
    ]


def _body(
    posting: Posting, transaction_id: int, transfer_ids: Sequence[int], runs: Sequence[Sequence[Run]]
) -> dict[str, Any]:
    transfers = []
    for transfer_id, leg, leg_runs in zip(transfer_ids, posting.legs, runs, strict=True):
        transfer: dict[str, Any] = {
            "transfer": str(transfer_id),
            "debit": str(leg.debit_id),
            "credit": str(leg.credit_id),
            "amount": leg.amount,
        }
        if leg_runs:
            transfer |= _serials(leg_runs)
        transfers.append(transfer)
    body: dict[str, Any] = {
        "transaction": str(transaction_id),
        "kind": posting.kind,
        "occurred_at": format_time(posting.occurred_at),
        "transfers": transfers,
    }
    if posting.trade:
        body["trade"] = posting.trade
    if posting.idempotency_key:
        body["idempotency_key"] = posting.idempotency_key
    if posting.reverses_id:
        body["reverses"] = str(posting.reverses_id)
    return body


def _serials(runs: Sequence[Run]) -> dict[str, Any]:
    written = [[str(first), str(last)] for first, last in runs]
    if len(runs) <= MAX_RUNS_IN_RECORD:
        return {"serials": written}
    return {"serials_sha256": hashlib.sha256(orjson.dumps(written)).hexdigest()}


def _write_balances(accounts: Mapping[int, LockedAccount]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_account account SET balance = new.balance, held = new.held
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, balance, held)
             WHERE account.id = new.id
            """,
            [
                list(accounts),
                [account.balance for account in accounts.values()],
                [account.held for account in accounts.values()],
            ],
        )
        assert cursor.rowcount == len(accounts)


def _write_holds(hold_changes: Mapping[int, HoldChange]) -> None:
    if not hold_changes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_hold hold SET remaining = new.after
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, before, after)
             WHERE hold.id = new.id AND hold.remaining = new.before
            """,
            [
                list(hold_changes),
                [change.before for change in hold_changes.values()],
                [change.after for change in hold_changes.values()],
            ],
        )
        assert cursor.rowcount == len(hold_changes), "a hold was released twice"


def _write_rows(postings: Sequence[Posting], posted: Sequence[PostedTransaction]) -> None:
    pairs = list(zip(postings, posted, strict=True))
    try:
        with transaction.atomic(savepoint=any(posting.idempotency_key for posting in postings)):
            copy_rows(
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
                    for posting, row in pairs
                ),
            )
    except IntegrityError as error:
        if "transaction_key_once" not in str(error):
            raise
        key = next(posting.idempotency_key for posting in postings if posting.idempotency_key)
        raise IdempotencyConflict(key=key) from error
    copy_rows(
        Transfer,
        ("id", "transaction_id", "debit_account_id", "credit_account_id", "amount", "serials"),
        ("int8", "int8", "int8", "int8", "int8", "int8multirange"),
        (
            (transfer_id, row.transaction_id, leg.debit_id, leg.credit_id, leg.amount, _multirange(leg_runs))
            for posting, row in pairs
            for transfer_id, leg, leg_runs in zip(row.transfer_ids, posting.legs, row.serials, strict=True)
        ),
    )


def _multirange(runs: Sequence[Run]) -> Int8Multirange | None:
    return Int8Multirange([Int8Range(first, last + 1) for first, last in runs]) if runs else None
