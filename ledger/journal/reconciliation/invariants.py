"""What an invariant is, and how it is evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext

from ledger.transparency.verification import verify_log

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_BREACHES = 5


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule, and SQL that returns one row for each breach of it, readable as it is."""

    number: int
    name: "_StrPromise"
    breaches_sql: str


@dataclass(frozen=True, slots=True)
class InvariantResult:
    number: int
    name: str
    holds: bool
    detail: str
    # Of a name with placeholders, the message and what stands in them: it can then be said in another language later.
    message: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


def check(invariants: Sequence[Invariant]) -> list[InvariantResult]:
    """Evaluate invariants, and return for each whether it holds, and the first breaches where not."""
    return [check_one(invariant) for invariant in invariants]


def check_log() -> InvariantResult:
    """Rebuild the log from its records, and return whether all that is signed agrees."""
    difference = verify_log().difference
    return InvariantResult(
        7, gettext("the tree rebuilt from the records has every signed root"), not difference, difference
    )


def check_one(invariant: Invariant) -> InvariantResult:
    """Evaluate one invariant."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({invariant.breaches_sql}) AS breach LIMIT {MAX_BREACHES}")
        columns = [column.name for column in cursor.description or ()]
        breaches = [
            ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True)) for row in cursor.fetchall()
        ]
    return InvariantResult(invariant.number, str(invariant.name), not breaches, "; ".join(breaches))


def entries(*kinds: str) -> str:
    """Return SQL for what the log says in records of some kinds: record_id, kind, actor, at and body.

    Everything in it is text or JSON, and is compared as such: what somebody made of an entry breaks no query.
    """
    names = ", ".join(f"'{kind}'" for kind in kinds)
    # OFFSET 0: each entry is read once, however often the query names a part of it.
    return f"""
        SELECT id AS record_id, kind, entry ->> 'actor' AS actor, entry ->> 'at' AS at, entry -> 'body' AS body
          FROM (SELECT id, kind, log_entry(entry) AS entry FROM ledger_record WHERE kind IN ({names}) OFFSET 0) record
    """


def person(column: str, alias: str, *, otherwise: str = "NULL") -> str:
    """Return SQL for how the log names whom a column refers to; somebody who is not there is named like nobody in it."""
    return f"CASE WHEN {column} IS NOT NULL THEN 'user:' || coalesce({alias}.public_id::text, '') ELSE {otherwise} END"


def newest(said: str, key: str) -> str:
    """Return SQL for the newest of the entries `said` that there are of each thing that `key` names."""
    return f"SELECT DISTINCT ON (body ->> '{key}') * FROM ({said}) said ORDER BY body ->> '{key}', record_id DESC"
