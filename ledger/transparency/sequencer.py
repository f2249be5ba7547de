"""Give new records their places in the log, extend the tree, and sign its new state. One sequencer at a time."""

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from ledger.rows import array_of, copy_rows
from ledger.transparency.binding import SignedState, keep_signed, permitted_binding
from ledger.transparency.history import enter_first_key, signing_vkey
from ledger.transparency.keys import signer_of
from ledger.transparency.merkle import leaf_hash, node_hash, whole_root
from ledger.transparency.models import Checkpoint, LogLeaf, LogTile
from ledger.transparency.notes import checkpoint_text
from ledger.transparency.tiles import TILE_WIDTH

CHUNK = 20_000
"""Entries that are read at once, so that memory stays the same however many wait."""
_LOCK = 0x7469_616E_6875_6901


@dataclass(slots=True)
class Edge:
    """The right-hand edge of the tree: for each level, the hashes of the tile that is not full yet."""

    size: int
    levels: list[list[bytes]]


@transaction.atomic
def sequence_log() -> int:
    """Bring all waiting records into the log, sign once, and return how many there were.

    What is signed never parts the records of one database transaction: they become visible at once, and one statement takes
    all that it sees.

    Locks: an advisory lock, so that one sequencer works at a time; another one returns 0 at once.
    Raises: LogKeyMismatch where the key at hand is not the one that the log's history asks for, or where it has signed more than
    this database has (binding.py); all stays as it was.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("DELETE FROM ledger_unsequencedrecord RETURNING record_id")
        record_ids = sorted(row[0] for row in cursor.fetchall())
    if not record_ids:
        return 0
    edge = _read_edge()
    previous_size = edge.size
    token = permitted_binding(previous_size)
    for start in range(0, len(record_ids), CHUNK):
        _append(edge, _read_entries(record_ids[start : start + CHUNK]))
    root = _sign(edge, previous_size, timezone.now())
    # A process that dies before this has signed what the key does not remember: the database does.
    transaction.on_commit(functools.partial(keep_signed, SignedState(token, edge.size, root)))
    return len(record_ids)


def _read_entries(record_ids: Sequence[int]) -> list[tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, entry FROM ledger_record WHERE id = ANY(%s::bigint[]) ORDER BY id", [array_of(record_ids)]
        )
        entries: list[tuple[int, bytes]] = cursor.fetchall()
    assert len(entries) == len(record_ids), "a record that waits for the log is missing"
    return entries


def _append(edge: Edge, entries: Sequence[tuple[int, bytes]]) -> None:
    leaves = [(edge.size + at, record_id, leaf_hash(bytes(entry))) for at, (record_id, entry) in enumerate(entries)]
    copy_rows(LogLeaf, ("index", "record_id", "leaf_hash"), ("int8", "int8", "bytea"), leaves)
    _extend(edge, [leaf for _index, _record_id, leaf in leaves])


def _read_edge() -> Edge:
    last = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    if last is None:
        return Edge(0, [[]])
    size = last + 1
    start = size - size % TILE_WIDTH
    hashes = LogLeaf.objects.filter(index__gte=start).order_by("index").values_list("leaf_hash", flat=True)
    levels = [[bytes(leaf) for leaf in hashes]]
    full_tiles = size // TILE_WIDTH
    while full_tiles:
        start = full_tiles - full_tiles % TILE_WIDTH
        roots = (
            LogTile.objects.filter(level=len(levels) - 1, number__gte=start, number__lt=full_tiles)
            .order_by("number")
            .values_list("root", flat=True)
        )
        levels.append([bytes(root) for root in roots])
        full_tiles //= TILE_WIDTH
    return Edge(size, levels)


def _extend(edge: Edge, leaves: Sequence[bytes]) -> None:
    """Append leaves to the edge, and write the tiles that become full."""
    tiles: list[tuple[int, int, bytes, bytes]] = []
    for leaf in leaves:
        edge.levels[0].append(leaf)
        edge.size += 1
        level = 0
        while len(edge.levels[level]) == TILE_WIDTH:
            hashes = b"".join(edge.levels[level])
            number = edge.size // TILE_WIDTH ** (level + 1) - 1
            root = whole_root(hashes)
            tiles.append((level, number, hashes, root))
            edge.levels[level] = []
            level += 1
            if level == len(edge.levels):
                edge.levels.append([])
            edge.levels[level].append(root)
    copy_rows(LogTile, ("level", "number", "hashes", "root"), ("int2", "int8", "bytea", "bytea"), tiles)


def edge_root(edge: Edge) -> bytes:
    """Return the root of the tree that ends in this edge. Source: RFC 9162 §2.1.1."""
    root: bytes | None = None
    for hashes in edge.levels:
        end = len(hashes)
        width = 1
        while end:
            if end & width:
                subtree = whole_root(b"".join(hashes[end - width : end]))
                root = subtree if root is None else node_hash(subtree, root)
                end -= width
            width *= 2
    assert root is not None, "an empty tree is not signed"
    return root


def _sign(edge: Edge, previous_size: int, now: dt.datetime) -> bytes:
    signer = signer_of(signing_vkey(edge.size) or enter_first_key())
    root = edge_root(edge)
    note = signer.sign(checkpoint_text(signer.name, edge.size, root))
    Checkpoint.objects.create(
        tree_size=edge.size, previous_size=previous_size, root_hash=root, note=note, signed_at=now
    )
    return root
