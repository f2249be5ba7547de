"""What the log says of a transaction (docs/log-entries.md)."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ledger.journal.serials import Run
from ledger.journal.terms import MAX_LEGS, Posting
from ledger.transparency.services import MAX_ENTRY_BYTES, NewRecord, format_time

MAX_RUNS_IN_RECORD = 500
"""Runs of serial numbers that a transaction's entry spells out at most; what is more is listed in entries before it."""
MAX_RUNS_LISTED = 1_000
"""Runs in one entry of a list."""
# What JSON takes at most, in bytes: a run, a transfer with its hash, and all that is not transfers.
RUN_BYTES = 46
TRANSFER_BYTES = 200
REST_BYTES = 1_600

ROOM_FOR_RUNS = tuple(
    min(MAX_RUNS_IN_RECORD, (MAX_ENTRY_BYTES - REST_BYTES - TRANSFER_BYTES * transfers) // RUN_BYTES)
    for transfers in range(MAX_LEGS + 1)
)
"""How many runs an entry spells out, by the number of its transfers."""

WrittenRuns = list[list[str]]


def is_spelled_out(runs: Sequence[Sequence[Run]]) -> bool:
    """Return whether a transaction's own entry surely has room for the runs that its transfers move."""
    return sum(map(len, runs)) <= ROOM_FOR_RUNS[len(runs)]


def listing_records(posting: Posting, listed: Sequence[tuple[str, WrittenRuns]]) -> list[NewRecord]:
    """Return the records that list what a transaction's own entry has no room for. They stand before it."""
    return [
        NewRecord("serials_listed", part, posting.actor, posting.occurred_at)
        for transfer, written in listed
        for part in _parts(transfer, written)
    ]


def transaction_body(
    posting: Posting, transaction_id: int, transfer_ids: Sequence[int], runs: Sequence[Sequence[Run]]
) -> tuple[dict[str, Any], list[tuple[str, WrittenRuns]]]:
    """Return what an entry says, and the runs of those transfers that are to be listed before it."""
    transfers, listed = _transfers(posting, transfer_ids, runs)
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
    return body, listed


def _transfers(
    posting: Posting, transfer_ids: Sequence[int], runs: Sequence[Sequence[Run]]
) -> tuple[list[dict[str, Any]], list[tuple[str, WrittenRuns]]]:
    room = ROOM_FOR_RUNS[len(transfer_ids)]
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
    return transfers, listed


def _parts(transfer: str, written: WrittenRuns) -> Iterator[dict[str, Any]]:
    starts = range(0, len(written), MAX_RUNS_LISTED)
    for part, start in enumerate(starts, 1):
        runs = written[start : start + MAX_RUNS_LISTED]
        yield {"transfer": transfer, "part": part, "parts": len(starts), "serials": runs}
