"""Conditions for searches that Django has no words for.

A partial index (migrations/0010) is used where the statement says the index's own condition, in the same words: a
parameter would not do, since a prepared statement is planned before it is known.
"""

from collections.abc import Sequence

from django.db.models import BigIntegerField, BinaryField, BooleanField, F, Func, Q, Value
from django.db.models.functions import Cast
from django.db.models.lookups import In

from ledger.journal.models import Transaction

SYSTEM = "system"
SYSTEMS = """'{"actor":"system"'"""
FIRST_17 = "substring(%(expressions)s from 1 for 17)"


class HasSerial(Func):
    """Whether a serial number is in a transfer's runs."""

    template, arg_joiner = "(%(expressions)s)", " @> "
    output_field = BooleanField()

    def __init__(self, serial: int) -> None:
        super().__init__(F("serials"), Cast(Value(serial), BigIntegerField()))


def of_kind(kind: str) -> Q:
    """Return the condition that transactions are of a kind, by `transaction_by_kind` for all that are not settlements."""
    wanted = Q(kind=kind)
    return wanted if kind == Transaction.Kind.SETTLEMENT else wanted & Q(_literally("kind", "<> 'settlement'"))


def posted_by(actors: Sequence[str], *, column: str = "actor") -> Q:
    """Return the condition that somebody of these names posted a transaction, by `transaction_by_actor` for people."""
    wanted = Q(**{f"{column}__in": actors})
    return wanted if SYSTEM in actors else wanted & Q(_literally(column, "<> 'system'"))


def of_other_record_kind(kind: str) -> Q:
    """Return the condition that records are of a kind, by `record_by_kind` for all that are not of transactions."""
    wanted = Q(kind=kind)
    return wanted if kind == "transaction_posted" else wanted & Q(_literally("kind", "<> 'transaction_posted'"))


def recorded_by(actors: Sequence[str]) -> Q:
    """Return the condition that somebody of these names is the actor of records, by `record_by_actor` for people.

    Canonical JSON begins with its first key, which is `actor`; 52 bytes hold it with a person's name.
    """
    if SYSTEM in actors:
        return Q(_literally("entry", f"= {SYSTEMS}", of=FIRST_17))
    begins = [f'{{"actor":"{actor}"'.encode() for actor in actors]
    first_52 = Func(F("entry"), template="substring(%(expressions)s from 1 for 52)", output_field=BinaryField())
    return Q(In(first_52, begins)) & Q(_literally("entry", f"<> {SYSTEMS}", of=FIRST_17))


def _literally(column: str, condition: str, *, of: str = "%(expressions)s") -> Func:
    return Func(F(column), template=f"({of} {condition})", output_field=BooleanField())
