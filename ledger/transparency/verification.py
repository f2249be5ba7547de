"""Rebuild the log from its entries, and compare every leaf, tile and signed checkpoint with what is stored."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
from django.db import connection
from django.db.models import Q

from ledger.transparency import merkle
from ledger.transparency.keychain import ROTATION, Keychain, first_vkey, history_differences
from ledger.transparency.models import Checkpoint, LogTile
from ledger.transparency.notes import CheckpointBody, NoteError
from ledger.transparency.selectors import latest_checkpoint
from ledger.transparency.tiles import TILE_HEIGHT, TILE_WIDTH

CHUNK = 8_192
"""Leaves that are read at once, so that memory stays the same however long the log is."""

LEVELS = 8
_LEVEL_OF_WIDTH = {TILE_WIDTH**level: level for level in range(1, LEVELS)}


@dataclass(frozen=True, slots=True)
class LogVerification:
    """What the entries come to, and the first difference from what is stored, in words; empty where all agree."""

    size: int
    root: bytes
    difference: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes of one level, and the root over them."""

    level: int
    number: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in the log, and the record there; kind and entry are None where there is no such record."""

    index: int
    record_id: int
    leaf_hash: bytes
    kind: str | None
    entry: bytes | None


@dataclass(slots=True)
class RebuiltTree:
    """A tree that grows leaf by leaf: its whole subtrees from left to right, and the tiles that are not full yet.

    It shares nothing with the sequencer but the hash functions, so that one cannot hide the other's error.
    """

    size: int = 0
    subtrees: list[tuple[int, bytes]] = field(default_factory=list)
    open_tiles: dict[int, bytes] = field(default_factory=lambda: defaultdict(bytes))

    def append(self, leaf: bytes) -> list[Tile]:
        """Append a leaf hash, and return the tiles that are full with it, from the lowest level up."""
        self.size += 1
        self.open_tiles[0] += leaf
        full = []
        width, node = 1, leaf
        while self.subtrees and self.subtrees[-1][0] == width:
            node = merkle.node_hash(self.subtrees.pop()[1], node)
            width *= 2
            if (level := _LEVEL_OF_WIDTH.get(width)) is not None:
                full.append(Tile(level - 1, self.size // width - 1, self.open_tiles.pop(level - 1), node))
                self.open_tiles[level] += node
        self.subtrees.append((width, node))
        return full

    def root(self) -> bytes:
        """Return the root over the leaves so far. Source: RFC 9162 §2.1.1."""
        if not self.subtrees:
            return merkle.empty_root()
        node = self.subtrees[-1][1]
        for _width, left in reversed(self.subtrees[:-1]):
            node = merkle.node_hash(left, node)
        return node


def verify_log() -> LogVerification:
    """Rebuild the tree up to the newest checkpoint, and stop at the first thing that does not agree.

    Whoever sequences meanwhile does no harm: what has come after that checkpoint is left for the next time.
    """
    newest = latest_checkpoint()
    tree = RebuiltTree()
    difference = next(_differences(tree, newest.tree_size if newest else 0), "")
    return LogVerification(tree.size, tree.root(), difference)


def _differences(tree: RebuiltTree, size: int) -> Iterator[str]:
    keys = Keychain(first_vkey())
    signed = 0
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        tiles = _tiles(start, end)
        checkpoints = _checkpoints(start, end)
        for leaf in _leaves(start, end):
            yield from _leaf_differences(leaf, tree.size)
            if leaf.kind == ROTATION and leaf.entry is not None:
                yield from keys.rotate(leaf.record_id, leaf.entry)
            for tile in tree.append(leaf.leaf_hash):
                yield from _tile_differences(tile, tiles.get((tile.level, tile.number)))
            if (checkpoint := checkpoints.get(tree.size)) is not None:
                yield from _checkpoint_differences(checkpoint, tree, keys, signed)
                signed = tree.size
        if tree.size != end:
            yield f"leaf {tree.size} is missing"
    yield from history_differences(keys, size)
    yield from _stray_rows()


def _leaf_differences(leaf: Leaf, expected_index: int) -> Iterator[str]:
    name = f"record {leaf.record_id} at leaf {leaf.index}"
    if leaf.index != expected_index:
        yield f"leaf {expected_index} is missing"
    if leaf.entry is None:
        yield f"{name} is missing"
    elif merkle.leaf_hash(leaf.entry) != leaf.leaf_hash:
        yield f"{name} has another hash than the leaf: its entry, or the leaf, was changed"
    elif _named_in(leaf.entry) != (str(leaf.record_id), leaf.kind):
        yield f"{name} has another id or kind than its entry"


def _named_in(entry: bytes) -> tuple[object, object]:
    try:
        content = orjson.loads(entry)
        return content["id"], content["kind"]
    except (ValueError, TypeError, KeyError):
        return None, None


def _tile_differences(tile: Tile, stored: LogTile | None) -> Iterator[str]:
    name = f"tile {tile.level}/{tile.number}"
    if stored is None:
        yield f"{name} is missing"
    elif (bytes(stored.hashes), bytes(stored.root)) != (tile.hashes, tile.root):
        yield f"{name} is not what its entries give"


def _checkpoint_differences(checkpoint: Checkpoint, tree: RebuiltTree, keys: Keychain, signed: int) -> Iterator[str]:
    name = f"the checkpoint of size {checkpoint.tree_size}"
    try:
        body = keys.verify(checkpoint)
    except NoteError as error:
        yield f"{name}: {error}"
        return
    if body.root != tree.root():
        yield f"{name} was signed over another root: an entry of leaves {signed} to {tree.size - 1} was changed"
    elif (body, bytes(checkpoint.root_hash)) != (CheckpointBody(keys.origin, tree.size, tree.root()), tree.root()):
        yield f"{name} says something else than its signed note"


def _leaves(start: int, end: int) -> Iterator[Leaf]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT leaf.index, leaf.record_id, leaf.leaf_hash, record.kind, record.entry
              FROM ledger_logleaf leaf LEFT JOIN ledger_record record ON record.id = leaf.record_id
             WHERE leaf.index >= %s AND leaf.index < %s
             ORDER BY leaf.index
            """,
            [start, end],
        )
        for index, record_id, leaf_hash, kind, entry in cursor.fetchall():
            yield Leaf(index, record_id, bytes(leaf_hash), kind, None if entry is None else bytes(entry))


def _tiles(start: int, end: int) -> dict[tuple[int, int], LogTile]:
    """Return the tiles that become full within a run of leaves."""
    within = Q()
    for level in range(LEVELS):
        shift = TILE_HEIGHT * (level + 1)
        within |= Q(level=level, number__gte=start >> shift, number__lt=end >> shift)
    return {(tile.level, tile.number): tile for tile in LogTile.objects.filter(within)}


def _checkpoints(start: int, end: int) -> dict[int, Checkpoint]:
    found = Checkpoint.objects.filter(tree_size__gt=start, tree_size__lte=end)
    return {checkpoint.tree_size: checkpoint for checkpoint in found}


def _stray_rows() -> Iterator[str]:
    """Yield rows outside what is signed. One statement sees one state, with the newest checkpoint in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH signed AS (SELECT coalesce(max(tree_size), 0) AS size FROM ledger_checkpoint)
            SELECT 'leaf ' || index FROM ledger_logleaf, signed WHERE index NOT BETWEEN 0 AND size - 1
             UNION ALL
            SELECT 'tile ' || level || '/' || number FROM ledger_logtile, signed
             WHERE number < 0 OR (number + 1) * 256::numeric ^ (level + 1) > size
             UNION ALL
            SELECT 'the checkpoint of size ' || tree_size FROM ledger_checkpoint WHERE tree_size <= 0
            LIMIT 1
            """
        )
        for (name,) in cursor.fetchall():
            yield f"{name} is outside the tree that is signed"
