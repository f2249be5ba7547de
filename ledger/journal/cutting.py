"""Cut serial numbers that somebody names out of their owners' blocks: a reversal gives back the very same ones."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from django.db import connection

from ledger.errors import SerialsNotOwned
from ledger.journal.models import SerialBlock
from ledger.journal.serials import Run, check_runs, tonnes_in
from ledger.rows import draw_ids


@dataclass(frozen=True, slots=True)
class OwnedBlock:
    id: int
    account_id: int
    asset_id: int
    first: int
    last: int


def take_out(named: Mapping[int, Sequence[Run]]) -> None:
    """Cut named runs, by account, out of the blocks of their owners, for others to receive.

    What remains of a block keeps its age; where it is cut in two, the upper part becomes its owner's youngest.

    Locks: none; the accounts are locked, and only their writer touches their blocks.
    Raises: InvalidSerials where a number is named twice, SerialsNotOwned.
    """
    runs = {account_id: check_runs(each, tonnes_in(each)) for account_id, each in named.items()}
    remains: list[tuple[OwnedBlock, list[Run]]] = []
    for account_id, blocks in _blocks_with(runs).items():
        kept = [(block, _cut(block, runs[account_id])) for block in blocks]
        taken_t = sum(block.last - block.first + 1 - tonnes_in(left) for block, left in kept)
        if taken_t != tonnes_in(runs[account_id]):
            raise SerialsNotOwned(account=account_id)
        remains += kept
    _write(remains)


def _blocks_with(runs: Mapping[int, Sequence[Run]]) -> dict[int, list[OwnedBlock]]:
    """Return the blocks of each account that have some of the numbers named for it."""
    found: dict[int, list[OwnedBlock]] = {account_id: [] for account_id in runs}
    rows = [(account_id, first, last) for account_id, each in runs.items() for first, last in each]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT block.id, block.account_id, block.asset_id, lower(block.serials), upper(block.serials) - 1
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS named (account_id, first, last)
              JOIN ledger_serialblock block
                ON block.serials && int8range(named.first, named.last, '[]') AND block.account_id = named.account_id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
        for row in cursor.fetchall():
            found[row[1]].append(OwnedBlock(*row))
    return found


def _cut(block: OwnedBlock, taken: Sequence[Run]) -> list[Run]:
    """Return what remains of a block without runs that are in order."""
    start = bisect_left(taken, block.first, key=itemgetter(1))
    end = bisect_right(taken, block.last, key=itemgetter(0))
    left, at = [], block.first
    for first, last in taken[start:end]:
        if first > at:
            left.append((at, first - 1))
        at = last + 1
    if at <= block.last:
        left.append((at, block.last))
    return left


def _write(remains: Sequence[tuple[OwnedBlock, list[Run]]]) -> None:
    fresh = iter(draw_ids(SerialBlock, sum(len(left[1:]) for _block, left in remains)))
    rows = [
        (next(fresh) if at else block.id, block.account_id, block.asset_id, first, last)
        for block, left in remains
        for at, (first, last) in enumerate(left)
    ]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_serialblock WHERE id = ANY(%s)", [[block.id for block, _left in remains]])
        if rows:
            cursor.execute(
                """
                INSERT INTO ledger_serialblock (id, account_id, asset_id, serials)
                SELECT id, account_id, asset_id, int8range(first, last, '[]')
                  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
                       AS rest (id, account_id, asset_id, first, last)
                """,
                [list(column) for column in zip(*rows, strict=True)],
            )
