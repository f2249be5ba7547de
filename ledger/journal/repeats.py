"""Postings that were made before: the same key with the same content gets the first answer, with other content none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from ledger.errors import IdempotencyConflict, InvalidValue
from ledger.journal.entries import transaction_body
from ledger.journal.models import Transaction, Transfer
from ledger.journal.serials import Run, runs_of
from ledger.journal.terms import PostedTransaction, Posting
from ledger.texts import check_text
from ledger.transparency.models import Record

MAX_KEY_LENGTH = 120
# What two postings with one key must have in common, of what the entry says. Numbers and the time are the first one's.
COMPARED = ("kind", "transfers", "trade", "reverses")


def part_repeats(postings: Sequence[Posting]) -> tuple[Sequence[Posting], dict[str, PostedTransaction]]:
    """Return the postings that are still to be made, and the answers to keys that were used before.

    Call it with the accounts locked: two calls with one key and content have them in common, so that the second one sees
    what the first has written. Without a key among the postings nothing is read, and they come back as they are.

    Raises: InvalidValue for a key that cannot be stored, IdempotencyConflict.
    """
    # A trade's key is its number, drawn for this very call: only the database can have it twice, and refuses it.
    keyed = [posting for posting in postings if posting.idempotency_key is not None and posting.trade is None]
    if not keyed:
        return postings, {}
    answers = _answers_to(_by_key(keyed))
    seen = set(answers)
    fresh: list[Posting] = []
    for posting in postings:
        if posting.idempotency_key not in seen:
            fresh.append(posting)
        if posting.idempotency_key is not None:
            seen.add(posting.idempotency_key)
    return fresh, answers


def answer_all(
    postings: Sequence[Posting], posted: Iterable[PostedTransaction], answers: Mapping[str, PostedTransaction]
) -> list[PostedTransaction]:
    """Return the answer to each posting: to those that were parted as still to be made, what was posted, in their order."""
    rows, known = iter(posted), dict(answers)
    found = []
    for posting in postings:
        key = posting.idempotency_key
        row = known[key] if key is not None and key in known else next(rows)
        if key is not None:
            known[key] = row
        found.append(row)
    return found


def _by_key(keyed: Iterable[Posting]) -> dict[str, Posting]:
    """Return the postings by their keys; one call, too, gives a key to one content alone."""
    found: dict[str, Posting] = {}
    for posting in keyed:
        key = posting.idempotency_key
        assert key is not None
        first = found.setdefault(key, posting)
        if first is posting:
            _check_key(key)
        elif _content(first) != _content(posting):
            raise IdempotencyConflict(key=key)
    return found


def _content(posting: Posting) -> tuple[Any, ...]:
    return posting.kind, tuple(posting.legs), posting.trade, posting.reverses_id


def _check_key(key: str) -> None:
    if not key:
        raise InvalidValue(field="idempotency_key", reason=_("A key is not empty."))
    check_text(key, field="idempotency_key", most=MAX_KEY_LENGTH)


def _answers_to(wanted: Mapping[str, Posting]) -> dict[str, PostedTransaction]:
    first = list(Transaction.objects.filter(idempotency_key__in=wanted).only("idempotency_key", "record_id"))
    if not first:
        return {}
    entries = Record.objects.in_bulk([each.record_id for each in first])
    transfers = _transfers_of(first)
    answers = {}
    for each in first:
        key = str(each.idempotency_key)
        numbers, runs = zip(*transfers[each.pk], strict=True)
        answer = PostedTransaction(each.pk, each.record_id, numbers, runs)
        body = orjson.loads(bytes(entries[each.record_id].entry))["body"]
        if not _is_same(wanted[key], answer, body):
            raise IdempotencyConflict(key=key)
        answers[key] = answer
    return answers


def _transfers_of(first: Iterable[Transaction]) -> dict[int, list[tuple[int, tuple[Run, ...]]]]:
    found: dict[int, list[tuple[int, tuple[Run, ...]]]] = {}
    rows = Transfer.objects.filter(transaction__in=first).order_by("id").values_list("transaction_id", "id", "serials")
    for transaction_id, transfer_id, serials in rows:
        found.setdefault(transaction_id, []).append((transfer_id, runs_of(serials)))
    return found


def _is_same(wanted: Posting, answer: PostedTransaction, body: Mapping[str, Any]) -> bool:
    """Return whether the log would say the same of a posting as it says of the one that came first."""
    if len(wanted.legs) != len(answer.transfer_ids):
        return False
    runs = [
        first if leg.serials is None else leg.serials for leg, first in zip(wanted.legs, answer.serials, strict=True)
    ]
    would, _listed = transaction_body(wanted, answer.transaction_id, answer.transfer_ids, runs)
    return all(would.get(name) == body.get(name) for name in COMPARED)
