"""What lies are told with: finding records of a log, changing them, and putting others in."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Record = dict[str, Any]
Log = list[Record]
Tell = Callable[[Log], int]

LIES: dict[str, tuple[str, Tell]] = {}
"""By name: what the verifier must say, and what is done to the records."""


def lie(says: str) -> Callable[[Tell], Tell]:
    """Register a lie, and what must be said of it."""

    def register(tell: Tell) -> Tell:
        LIES[tell.__name__] = (says, tell)
        return tell

    return register


def places(log: Log, kind: str, /, **body: object) -> Iterator[int]:
    """Yield the indexes of records of a kind whose body says so."""
    for at, record in enumerate(log):
        if record["kind"] == kind and all(record["body"].get(name) == value for name, value in body.items()):
            yield at


def first(log: Log, kind: str, /, **body: object) -> int:
    """Return the index of the first such record."""
    return next(places(log, kind, **body))


def posted(log: Log, kind: str) -> tuple[int, Record]:
    """Return index and body of the first transaction of a kind."""
    at = first(log, "transaction_posted", kind=kind)
    return at, log[at]["body"]


def account(log: Log, *, asset: str, purpose: str = "holding", but: tuple[str, ...] = ()) -> str:
    """Return an account for that purpose, other than some."""
    opened = (log[at]["body"] for at in places(log, "account_opened", asset=asset, purpose=purpose))
    return next(body["account"] for body in opened if body["account"] not in but)


def asset_of(log: Log, account_id: str) -> str:
    """Return what an account is in."""
    return str(log[first(log, "account_opened", account=account_id)]["body"]["asset"])


def fresh(log: Log, name: str) -> str:
    """Return a number that no record, transaction, transfer or account has yet."""
    numbers = [int(record["id"]) for record in log] if name == "id" else [0]
    for record in log:
        body = record["body"]
        for part in (body, body.get("trade", {}), *body.get("transfers", ())):
            value = part.get(name)
            numbers += [int(value)] if isinstance(value, str) and value.isdigit() else []
    return str(max(numbers) + 1)


def insert(log: Log, at: int, kind: str, body: Record) -> int:
    """Put a record in, with an id of its own, and return its index."""
    log.insert(at, copy.deepcopy(log[0]) | {"id": fresh(log, "id"), "kind": kind, "body": body})
    return at


def again(log: Log, at: int, *, renumbered: tuple[str, ...] = ("id",)) -> int:
    """Put a record in once more behind itself, with fresh numbers of some sorts, and return its index."""
    twin = copy.deepcopy(log[at])
    if "id" in renumbered:
        twin["id"] = fresh(log, "id")
    if "transaction" in renumbered:
        twin["body"]["transaction"] = fresh(log, "transaction")
        twin["body"].pop("idempotency_key", None)
    if "transfer" in renumbered:
        number = int(fresh(log, "transfer"))
        for offset, transfer in enumerate(twin["body"]["transfers"]):
            transfer["transfer"] = str(number + offset)
    log.insert(at + 1, twin)
    return at + 1


def post(log: Log, at: int, kind: str, debit: str, credit: str, amount: int, **more: object) -> int:
    """Put a transaction of one transfer in, and return its index."""
    transfer = {"transfer": fresh(log, "transfer"), "debit": debit, "credit": credit, "amount": amount}
    transfer |= {name: more.pop(name) for name in ("serials",) if name in more}
    body = {"transaction": fresh(log, "transaction"), "kind": kind, "occurred_at": log[0]["at"]}
    return insert(log, at, "transaction_posted", body | {"transfers": [transfer]} | more)


def shorten(transfer: Record) -> None:
    """Let a transfer of credits move one tonne less."""
    transfer["amount"] -= 1
    run = transfer["serials"][-1]
    run[1] = str(int(run[1]) - 1)
