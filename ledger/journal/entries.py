"""What the log says of a transaction (docs/log-entries.md)."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ledger.journal.serials import Run
from ledger.journal.terms import Posting
from ledger.transparency.services import MAX_ENTRY_BYTES, NewRecord, format_time

MAX_RUNS_IN_RECORD = 500
"""Runs of serial numbers that a transaction's entry spells out at most; what is more is listed in entries before it."""
MAX_RUNS_LISTED = 1_000
"""Runs in one entry of a list."""
# What JSON takes at most, in bytes: a run, a transfer with its hash, and all that is not transfers.
RUN_BYTES = 46
TRANSFER_BYTES = 200
REST_BYTES = 1_600

WrittenRuns = list[list[str]]


def transaction_records(
    posting: Posting, transaction_id: int, transfer_ids: Sequence[int], runs: Sequence[Sequence[Run]]
) -> list[NewRecord]:
    """Return the record of a transaction, after those that list what it has no room for."""
    body, listed = transaction_body(posting, transaction_id, transfer_ids, runs)
    record = NewRecord("transaction_posted", body, posting.actor, posting.occurred_at)
    if not listed:
        return [record]
    lists = [
        NewRecord("serials_listed", part, posting.actor, posting.occurred_at)
        for transfer, written in listed
        for part in _parts(transfer, written)
    ]
    return [*lists, record]


def transaction_body(
    posting: Posting, transaction_id: int, transfer_ids: Sequence[int], runs: Sequence[Sequence[Run]]
) -> tuple[dict[str, Any], list[tuple[str, WrittenRuns]]]:
    """Return what an entry says, and the runs of those transfers that are listed apart from it."""
    room = min(MAX_RUNS_IN_RECORD, _room_for_runs(len(transfer_ids)))
    transfers: list[dict[str, Any]] = []
    listed: list[tuple[str, WrittenRuns]] = []
    for transfer_id, leg, leg_runs in zip(transfer_ids, posting.legs, runs, strict=True):
        transfer: dict[str, Any] = {
            "transfer": str(transfer_id),
            "debit": str(leg.debit_id),
            "credit": str(leg.credit_id),
            "amount": leg.amount,
        }
        transfers.append(transfer)
        if not leg_runs:
            continue
        written = [[str(first), str(last)] for first, last in leg_runs]
        if len(written) <= room:
            transfer["serials"] = written
            room -= len(written)
        else:
            transfer["serials_sha256"] = hashlib.sha256(orjson.dumps(written)).hexdigest()
            listed.append((transfer["transfer"], written))
    return _with_rest(posting, transaction_id, transfers), listed


def _room_for_runs(transfers: int) -> int:
    return (MAX_ENTRY_BYTES - REST_BYTES - TRANSFER_BYTES * transfers) // RUN_BYTES


def _with_rest(posting: Posting, transaction_id: int, transfers: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "transaction": str(transaction_id),
        "kind": posting.kind,
        "occurred_at": format_time(posting.occurred_at),
        "transfers": transfers,
    }
    if posting.trade:
        body["trade"] = posting.trade
    if posting.reverses_id:
        body["reverses"] = str(posting.reverses_id)
    if posting.idempotency_key is not None:
        body["idempotency_key"] = posting.idempotency_key
    return body


def _parts(transfer: str, written: WrittenRuns) -> Iterator[dict[str, Any]]:
    starts = range(0, len(written), MAX_RUNS_LISTED)
    for part, start in enumerate(starts, 1):
        runs = written[start : start + MAX_RUNS_LISTED]
        yield {"transfer": transfer, "part": part, "parts": len(starts), "serials": runs}
