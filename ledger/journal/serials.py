"""Move runs of serial numbers from the accounts that give to those that receive.

A giver delivers only what it owned before the call: first in, first out, its oldest block from the lowest number on, and
what each receiver gets of it is one stretch wherever the blocks allow, so that a busy market does not grind blocks to dust.
Where a leg names the numbers (a reversal gives back the very same ones), they are cut out of the blocks first.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import connection

from ledger.errors import InvalidSerials, SerialsNotOwned
from ledger.rows import array_of, update_rows

MAX_SERIAL = 2**63 - 2  # a range in the database names the number after its last one
# A batch's code with the number of its tranche, such as TH-35-000001-2022-2.
_TRANCHE = re.compile(r"(TH-[0-9]{2}-[0-9]{6,9}-[0-9]{4})-[0-9]+")
Run = tuple[int, int]  # first and last serial number, both included


@dataclass(slots=True)
class Block:
    id: int
    first: int
    last: int


@dataclass(slots=True)
class BlockChanges:
    """What a call does to the table of blocks."""

    consumed: list[int] = field(default_factory=list)
    shortened: dict[int, Run] = field(default_factory=dict)
    received: dict[tuple[int, int], list[Run]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class Delivery:
    """A number of tonnes of one asset that one account gives to another."""

    asset_id: int
    giver_id: int
    receiver_id: int
    quantity: int


def allocate(deliveries: Sequence[Delivery], blocks: dict[int, list[Block]]) -> tuple[list[list[Run]], BlockChanges]:
    """Choose the serial numbers of each delivery, and say what becomes of the givers' blocks.

    Raises: SerialsNotOwned where a giver is to pass on what it receives by the same call.
    """
    changes = BlockChanges()
    runs: list[list[Run]] = [[] for _ in deliveries]
    order = sorted(range(len(deliveries)), key=lambda i: (deliveries[i].giver_id, deliveries[i].receiver_id))
    touched: dict[int, Block] = {}
    for index in order:
        delivery = deliveries[index]
        stock = blocks[delivery.giver_id]
        needed = delivery.quantity
        while needed:
            if not stock:
                raise SerialsNotOwned(account=delivery.giver_id)
            block = stock[0]
            last = min(block.last, block.first + needed - 1)
            runs[index].append((block.first, last))
            needed -= last - block.first + 1
            if last == block.last:
                stock.pop(0)
                touched.pop(block.id, None)
                changes.consumed.append(block.id)
            else:
                block.first = last + 1
                touched[block.id] = block
        runs[index] = join_runs(runs[index])
        changes.received[delivery.receiver_id, delivery.asset_id].extend(runs[index])
    changes.shortened = {block.id: (block.first, block.last) for block in touched.values()}
    return runs, changes


def blocks_to_deliver(needs: dict[int, int]) -> dict[int, list[Block]]:
    """Read, for each giving account, its oldest blocks, as many as cover the tonnes it is to give.

    A block has a tonne at least, so no more blocks are looked at than tonnes are given, however many there are.

    Locks: none; the accounts are locked, and only their writer touches their blocks.
    """
    stock: dict[int, list[Block]] = {account_id: [] for account_id in needs}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT block.id, need.account_id, block.first, block.last
              FROM unnest(%s::bigint[], %s::bigint[]) AS need (account_id, quantity)
             CROSS JOIN LATERAL (
                   SELECT id, first, last, sum(last - first + 1) OVER (ORDER BY id) - (last - first + 1) AS before
                     FROM (SELECT id, lower(serials) AS first, upper(serials) - 1 AS last
                             FROM ledger_serialblock
                            WHERE account_id = need.account_id
                            ORDER BY id
                            LIMIT need.quantity) AS oldest) AS block
             WHERE block.before < need.quantity
             ORDER BY need.account_id, block.id
            """,
            [list(needs), list(needs.values())],
        )
        for block_id, account_id, first, last in cursor.fetchall():
            stock[account_id].append(Block(block_id, first, last))
    return stock


def check_runs(runs: Sequence[Run], quantity: int) -> list[Run]:
    """Return runs that somebody names, joined and in order.

    Raises: InvalidSerials where they are not as many numbers as the quantity, each once.
    """
    joined = join_runs(runs)
    is_right = all(0 < first <= last <= MAX_SERIAL for first, last in runs)
    is_disjoint = all(earlier[1] < later[0] for earlier, later in pairwise(joined))
    if not (is_right and is_disjoint and tonnes_in(joined) == quantity):
        raise InvalidSerials()
    return joined


def tonnes_in(runs: Iterable[Run]) -> int:
    """Return how many numbers runs have."""
    return sum(last - first + 1 for first, last in runs)


def name_of_run(asset_code: str, first: int, last: int) -> str:
    """Return a run of serial numbers as it is written, such as TH-35-000001-2022-000000000001-000000002300."""
    return f"{name_before_serials(asset_code)}-{first:012d}-{last:012d}"


def name_before_serials(asset_code: str) -> str:
    """Return what stands before serial numbers: a batch's code without the number of its tranche, where it has one.

    The numbers alone say which tranche it is, since no two batches share any.
    """
    match = _TRANCHE.fullmatch(asset_code)
    return match[1] if match else asset_code


def runs_of(ranges: Iterable[Any] | None) -> tuple[Run, ...]:
    """Return the ranges of a row of the database as runs."""
    return tuple((each.lower, each.upper - 1) for each in ranges or ())


def write(changes: BlockChanges) -> None:
    """Write changed blocks: what is given up first, so that no number is in two blocks at any time."""
    gone = AssertionError("a block of a locked account has gone")
    if changes.consumed:
        update_rows(
            "DELETE FROM ledger_serialblock WHERE id = ANY(%s::bigint[])",
            [array_of(changes.consumed)],
            count=len(changes.consumed),
            otherwise=gone,
        )
    if changes.shortened:
        update_rows(
            """
            UPDATE ledger_serialblock block SET serials = int8range(new.first, new.last, '[]')
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, first, last)
             WHERE block.id = new.id
            """,
            [
                array_of(changes.shortened),
                array_of(first for first, _ in changes.shortened.values()),
                array_of(last for _, last in changes.shortened.values()),
            ],
            count=len(changes.shortened),
            otherwise=gone,
        )
    _insert(changes)


def join_runs(runs: Iterable[Run]) -> list[Run]:
    """Return the same numbers in as few runs as can be, in order."""
    joined: list[Run] = []
    for first, last in sorted(runs):
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _insert(changes: BlockChanges) -> None:
    rows = [
        (account_id, asset_id, first, last)
        for (account_id, asset_id), runs in changes.received.items()
        for first, last in join_runs(runs)
    ]
    if not rows:
        return
    update_rows(
        """
        INSERT INTO ledger_serialblock (account_id, asset_id, serials)
        SELECT account_id, asset_id, int8range(first, last, '[]')
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
               AS new (account_id, asset_id, first, last)
        """,
        [array_of(column) for column in zip(*rows, strict=True)],
        count=len(rows),
        otherwise=AssertionError("a block is missing"),
    )
