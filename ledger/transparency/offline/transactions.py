"""Read a posted transaction from its record, as docs/log-entries.md has it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.transparency.offline.accounts import CASH, Account, Accounts
from ledger.transparency.offline.entries import MAX_DIGITS, MAX_INTEGER, Entry, is_time, number_of
from ledger.transparency.offline.fields import text
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.serials import Run, join_runs

KINDS = frozenset(
    (
        "deposit",
        "withdrawal",
        "issuance",
        "settlement",
        "retirement",
        "cancellation",
        "transfer",
        "reversal",
        "distribution",
        "payout",
    )
)

WrittenRuns = list[list[str]]
"""Runs of first and last serial number as the log writes them."""

ListedRuns = Mapping[str, WrittenRuns]
"""For a transfer, the runs that were spelt out before it, as they were written."""


@dataclass(slots=True)
class Leg:
    """A transfer: an amount that the debit account gives and the credit account receives. `runs` are None for cash."""

    id: str
    debit: Account
    credit: Account
    amount: int
    runs: list[Run] | None


@dataclass(slots=True)
class Posted:
    """A transaction as its record tells it."""

    entry: Entry
    id: int
    kind: str
    legs: list[Leg]
    trade: dict[str, Any] | None
    reverses: int | None
    idempotency_key: str | None


def read_transaction(entry: Entry, accounts: Accounts, listed: ListedRuns) -> Posted:
    """Return the transaction of a record.

    Raises: Fault where it is not in the form of one, or names accounts that were never opened.
    """
    body = entry.body
    kind, transfers = text(body, "kind"), body.get("transfers")
    if kind not in KINDS:
        raise Fault(f"a transaction's kind is not {kind!r:.40}")
    if not is_time(body.get("occurred_at")):
        raise Fault("its occurred_at is not a time in UTC with microseconds")
    if not isinstance(transfers, list) or not transfers:
        raise Fault("a transaction has at least one transfer")
    trade = body.get("trade")
    if "trade" in body and not isinstance(trade, dict):
        raise Fault("its trade is not an object")
    return Posted(
        entry,
        number_of(body.get("transaction"), "transaction"),
        kind,
        [_read_leg(transfer, accounts, listed) for transfer in transfers],
        trade,
        number_of(body["reverses"], "reverses") if "reverses" in body else None,
        text(body, "idempotency_key") if "idempotency_key" in body else None,
    )


def _read_leg(transfer: Any, accounts: Accounts, listed: ListedRuns) -> Leg:
    try:
        transfer_id, amount = transfer["transfer"], transfer["amount"]
        debit, credit = accounts.by_id[transfer["debit"]], accounts.by_id[transfer["credit"]]
    except (KeyError, TypeError):
        raise _not_a_leg(transfer, accounts) from None
    if type(amount) is not int or not 0 < amount <= MAX_INTEGER:
        raise Fault(f"transfer {transfer_id}: its amount is not a whole number from 1 to 2^53 - 1")
    if debit is credit:
        raise Fault(f"transfer {transfer_id} is from account {debit.id} to itself")
    if debit.asset != credit.asset:
        raise Fault(
            f"transfer {transfer_id}: account {debit.id} is in {debit.asset}, account {credit.id} in {credit.asset}"
        )
    if debit.asset != CASH:
        return Leg(transfer_id, debit, credit, amount, _read_runs(transfer, transfer_id, amount, listed))
    if "serials" in transfer or "serials_sha256" in transfer:
        raise Fault(f"transfer {transfer_id} of money has serial numbers")
    return Leg(transfer_id, debit, credit, amount, None)


def _not_a_leg(transfer: object, accounts: Accounts) -> Fault:
    """Return what is wrong with a transfer that lacks something, or names an account that is not there."""
    if not isinstance(transfer, dict):
        return Fault("a transfer is not an object")
    if missing := [name for name in ("transfer", "amount", "debit", "credit") if name not in transfer]:
        return Fault(f"a transfer has no {missing[0]}")
    unknown = next(transfer[side] for side in ("debit", "credit") if not accounts.knows(transfer[side]))
    return Fault(f"transfer {transfer['transfer']!r:.40}: account {unknown!r:.40} was never opened")


def _read_runs(transfer: Mapping[str, Any], transfer_id: str, amount: int, listed: ListedRuns) -> list[Run]:
    written, digest = transfer.get("serials"), transfer.get("serials_sha256")
    if digest is not None:
        if written is not None:
            raise Fault(f"transfer {transfer_id} has serial numbers and a hash of them")
        written = listed.get(transfer_id, [])
        if serials_digest(written) != digest:
            raise Fault(f"transfer {transfer_id}: the serial numbers listed for it have another hash than it says")
    runs = parse_runs(written, f"transfer {transfer_id}")
    if (count := sum([last - first + 1 for first, last in runs])) != amount:
        raise Fault(f"transfer {transfer_id} is of {amount} t, but its serial numbers are {count}")
    return runs


def parse_runs(written: Any, where: str) -> list[Run]:
    """Return runs of serial numbers that are written as pairs of texts.

    Raises: Fault.
    """
    try:
        # All at once, since a million records have many: digits alone, and the least text begins with 0 if any does.
        texts = [number for first, last in written for number in (first, last)]
        digits = "".join(texts)
        if digits.isdecimal() and digits.isascii() and min(texts)[0] != "0" and max(map(len, texts)) <= MAX_DIGITS:
            runs = [(int(first), int(last)) for first, last in written]
            if all(first <= last for first, last in runs) and all(type(run) is list for run in written):
                return runs
    except (ValueError, TypeError, IndexError):
        pass
    raise Fault(f"{where}: its serial numbers are not runs of first and last")


def serials_digest(written: Sequence[Sequence[str]]) -> str:
    """Return the hash of all runs of a transfer, over compact JSON."""
    return hashlib.sha256(json.dumps(written, separators=(",", ":")).encode()).hexdigest()


def mirror(legs: Sequence[Leg]) -> list[tuple[object, ...]]:
    """Return what a reversal of these transfers must move, in an order of its own."""
    return sorted((leg.credit.number, leg.debit.number, leg.amount, _joined(leg)) for leg in legs)


def moved(legs: Sequence[Leg]) -> list[tuple[object, ...]]:
    """Return what transfers move, to be compared with a mirror."""
    return sorted((leg.debit.number, leg.credit.number, leg.amount, _joined(leg)) for leg in legs)


def _joined(leg: Leg) -> list[Run]:
    return join_runs(leg.runs or ())
