"""Read the log: its newest checkpoint, where a record stands, its tiles and entries, what witnesses have seen."""

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from ledger.transparency.cosignatures import CosignatureVerifier
from ledger.transparency.keys import verify_fast
from ledger.transparency.models import Checkpoint, Cosignature, LogLeaf, Record, UnsequencedRecord
from ledger.transparency.tiles import TILE_WIDTH, Tile, TileTree

LEVELS = 8
TOO_MANY_TILES = 2**55  # their leaves have no index


@dataclass(frozen=True, slots=True)
class PlacedLeaf:
    """Where a record stands, the newest signed state, which has it, and a tree with the tiles at hand that prove it."""

    record_id: int
    index: int
    leaf_hash: bytes
    newest: Checkpoint
    tree: TileTree


@dataclass(frozen=True, slots=True)
class ConfiguredWitness:
    """A witness whose cosignatures are kept; the URL is empty where it comes by itself."""

    verifier: CosignatureVerifier
    url: str


@dataclass(frozen=True, slots=True)
class WitnessState:
    """How far a witness has got: the size that it cosigned last, when (None: never), and how many records it is behind."""

    name: str
    url: str
    size: int
    cosigned_at: dt.datetime | None
    behind: int


def latest_checkpoint() -> Checkpoint | None:
    """Return the newest signed state of the log, or None while it is empty."""
    return Checkpoint.objects.order_by("-tree_size").first()


def witnessed_checkpoint() -> Checkpoint | None:
    """Return the newest signed state that a witness has cosigned, or None while there is none."""
    newest = Cosignature.objects.order_by("-checkpoint_id").values("checkpoint_id")[:1]
    return Checkpoint.objects.filter(tree_size__in=newest).first()


def cosigned_note(checkpoint: Checkpoint) -> str:
    """Return a checkpoint's signed note with the lines of the witnesses below the log's."""
    lines = checkpoint.cosignatures.order_by("pk").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def record_index(record_id: int) -> int | None:
    """Return the place of a record in the log, or None while it waits for one."""
    return LogLeaf.objects.filter(record_id=record_id).values_list("index", flat=True).first()


def waiting_records() -> int:
    """Return how many records wait for their place."""
    return UnsequencedRecord.objects.count()


def place_of_record(record_id: int, size: int | None = None) -> PlacedLeaf | None:
    """Return where a record stands, or None where it is unknown or waits for its place.

    The tree is the newest signed one, or that of the size where it is smaller; it may be too small to have the record.
    """
    return _placed("record_id", record_id, size)


def place_of_index(index: int, size: int | None = None) -> PlacedLeaf | None:
    """Return which record stands at a place, or None where the log has not got so far. The tree: as `place_of_record`."""
    return _placed("index", index, size)


def place_of_hash(leaf_hash: bytes, size: int | None = None) -> PlacedLeaf | None:
    """Return where the entry of a leaf hash stands, or None where the log has none. The tree: as `place_of_record`."""
    return _placed("leaf_hash", leaf_hash, size)


def _placed(column: str, value: int | bytes, size: int | None) -> PlacedLeaf | None:
    with connection.cursor() as cursor:
        cursor.execute(_PLACED.format(leaf_is=f"leaf.{column} = %s"), [size, value])
        rows = cursor.fetchall()
    if not rows:
        return None
    record_id, index, leaf_hash, newest_size, root, note, tree_size = rows[0][:7]
    tree = tree_of(tree_size)
    for level, number, width, hashes in (row[7:] for row in rows):
        tree.keep((level, number, width), bytes(hashes))
    newest = Checkpoint(tree_size=newest_size, root_hash=root, note=note)
    return PlacedLeaf(record_id, index, bytes(leaf_hash), newest, tree)


def tile_hashes(level: int, number: int, width: int = TILE_WIDTH) -> bytes | None:
    """Return the first `width` hashes of a tile, or None where the log has not got so far. Source: C2SP tlog-tiles."""
    if level >= LEVELS or number >= TOO_MANY_TILES:
        return None
    found = _read_tiles([(level, number, width)])[0]
    return found if len(found) == 32 * width else None


def tree_of(size: int) -> TileTree:
    """Return the log's tree as it was at a size, which the log has reached: it gives roots and proofs, a query each."""
    return TileTree.read_together(size, _read_tiles)


def _read_tiles(tiles: Sequence[Tile]) -> list[bytes]:
    """Return the hashes of each tile, fewer than asked for where the log has not got so far."""
    levels, numbers, widths = zip(*tiles, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_TILES, [list(levels), list(numbers), list(widths)])
        return [bytes(hashes or b"") for (hashes,) in cursor.fetchall()]


# A tile that is not full is read from the leaves, or from the roots of the full tiles one level down.
_HASHES = """
    coalesce(
      (SELECT substr(hashes, 1, 32 * asked.width) FROM ledger_logtile
        WHERE level = asked.level AND number = asked.number),
      CASE WHEN asked.level = 0
        THEN (SELECT string_agg(leaf_hash, ''::bytea ORDER BY index) FROM ledger_logleaf
               WHERE index >= asked.number * 256 AND index < asked.number * 256 + asked.width)
        ELSE (SELECT string_agg(root, ''::bytea ORDER BY number) FROM ledger_logtile
               WHERE level = asked.level - 1
                 AND number >= asked.number * 256 AND number < asked.number * 256 + asked.width)
      END)
"""

_TILES = f"""
SELECT {_HASHES}
  FROM unnest(%s::int[], %s::bigint[], %s::int[]) WITH ORDINALITY AS asked (level, number, width, place)
 ORDER BY asked.place
"""

# A leaf with all that its proof is made of: of each level, the tile above the leaf and the one at the right-hand edge. One
# statement sees one state: whatever has a place in it is in the checkpoint beside it.
_PLACED = f"""
WITH newest AS (SELECT * FROM ledger_checkpoint ORDER BY tree_size DESC LIMIT 1),
     leaf AS (
       SELECT leaf.*, newest.tree_size, newest.root_hash, newest.note, least(%s, newest.tree_size) AS size
         FROM ledger_logleaf leaf CROSS JOIN newest WHERE {{leaf_is}} ORDER BY leaf.index LIMIT 1)
SELECT leaf.record_id, leaf.index, leaf.leaf_hash, leaf.tree_size, leaf.root_hash, leaf.note, leaf.size,
       asked.level, asked.number, asked.width, {_HASHES}
  FROM leaf
 CROSS JOIN LATERAL (
       SELECT DISTINCT level, number, least((size >> 8 * level) - number * 256, 256)::int AS width
         FROM generate_series(0, {LEVELS - 2}) level
        CROSS JOIN LATERAL (VALUES (index >> 8 * (level + 1)), (size >> 8 * (level + 1))) AS above (number)
        WHERE number * 256 < size >> 8 * level) asked
"""


def entries(first: int, count: int) -> list[bytes]:
    """Return the exact bytes of `count` entries of the log from index `first` on."""
    leaves = LogLeaf.objects.filter(index__gte=first, index__lt=first + count).order_by("index")
    record_ids = list(leaves.values_list("record_id", flat=True))
    found = dict(Record.objects.filter(pk__in=record_ids).values_list("pk", "entry"))
    return [bytes(found[record_id]) for record_id in record_ids]


def configured_witnesses() -> tuple[ConfiguredWitness, ...]:
    """Return the witnesses that the settings name."""
    return _witnesses(tuple(settings.LOG_WITNESSES))


@functools.lru_cache(maxsize=8)
def _witnesses(named: tuple[tuple[str, str], ...]) -> tuple[ConfiguredWitness, ...]:
    return tuple(ConfiguredWitness(CosignatureVerifier(vkey, verify_fast), url) for vkey, url in named)


def witness_states() -> list[WitnessState]:
    """Return how far each configured witness has got, in the order of the settings."""
    witnesses = configured_witnesses()
    if not witnesses:
        return []
    verifiers = [each.verifier for each in witnesses]
    with connection.cursor() as cursor:
        cursor.execute(_WITNESSED, [[each.name for each in verifiers], [each.key_id for each in verifiers]])
        rows = cursor.fetchall()
    return [
        WitnessState(each.verifier.name, each.url, size, signed_at, newest - size)
        for each, (newest, size, signed_at) in zip(witnesses, rows, strict=True)
    ]


_WITNESSED = """
SELECT (SELECT coalesce(max(tree_size), 0) FROM ledger_checkpoint), coalesce(last.checkpoint_id, 0), last.signed_at
  FROM unnest(%s::text[], %s::bytea[]) WITH ORDINALITY AS witness (name, key_id, place)
  LEFT JOIN LATERAL (
         SELECT checkpoint_id, signed_at FROM ledger_cosignature
          WHERE name = witness.name AND key_id = witness.key_id
          ORDER BY checkpoint_id DESC LIMIT 1) last ON true
 ORDER BY witness.place
"""
