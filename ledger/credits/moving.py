"""Take credits out of an account in one transaction: the oldest of them, or those from a serial number on."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from ledger.errors import ChosenSerialsNotOwned, IdempotencyConflict, InsufficientBalance, InvalidValue, SerialsNotOwned
from ledger.journal.models import Account
from ledger.journal.serials import MAX_SERIAL, Run
from ledger.journal.services import HoldChange, Leg, PostedTransaction, Posting, post_transactions


class Keyed(Protocol):
    """A row with a key that its organisation has given it, so that it is made once."""

    idempotency_key: Any

    def save(self, *, force_insert: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Move:
    """Tonnes that one account gives another, both of one batch; from `first_serial` on, where it must be these."""

    kind: str
    giver: Account
    receiver: Account
    quantity_t: int
    actor: str
    at: dt.datetime
    idempotency_key: str | None = None
    first_serial: int | None = None
    hold_changes: Mapping[int, HoldChange] = field(default_factory=dict)


def move_credits(move: Move) -> PostedTransaction:
    """Post a move.

    Locks: both accounts.
    Raises: InsufficientBalance (quantity_t), ChosenSerialsNotOwned (first_serial), HoldChanged.
    """
    runs = chosen_runs(move.first_serial, move.quantity_t)
    leg = Leg(move.giver.pk, move.receiver.pk, move.quantity_t, runs)
    posting = Posting(move.kind, [leg], move.actor, move.at, idempotency_key=move.idempotency_key)
    try:
        return post_transactions([posting], hold_changes=move.hold_changes)[0]
    except InsufficientBalance as error:
        raise InsufficientBalance(field="quantity_t", **error.params) from error
    except SerialsNotOwned as error:
        if runs is None:
            raise
        first, last = runs[0]
        raise ChosenSerialsNotOwned(field="first_serial", first=first, last=last) from error


def chosen_runs(first_serial: int | None, quantity_t: int) -> tuple[Run, ...] | None:
    """Return the serial numbers that somebody wants, or None where the oldest will do.

    Raises: InvalidValue.
    """
    if first_serial is None:
        return None
    if not 0 < first_serial <= MAX_SERIAL - quantity_t:
        raise InvalidValue(field="first_serial", reason=_("This is no serial number."))
    return ((first_serial, first_serial + quantity_t - 1),)


def ranges_of(runs: Iterable[Run]) -> Int8Multirange:
    """Return runs of serial numbers as a column of the database holds them."""
    return Int8Multirange([Int8Range(first, last + 1) for first, last in runs])


def save_once(row: "Keyed", constraint: str) -> None:
    """Insert a row whose key its organisation may use once.

    The lock on an account parts two requests with one key for one batch; for two batches the database does.

    Raises: IdempotencyConflict.
    """
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if constraint not in str(error):
            raise
        raise IdempotencyConflict(key=row.idempotency_key) from error
