"""Read the log: its newest checkpoint, where a record stands, its tiles and entries."""

from ledger.transparency.models import Checkpoint, LogLeaf, LogTile, Record, UnsequencedRecord
from ledger.transparency.tiles import TILE_WIDTH, TileTree


def latest_checkpoint() -> Checkpoint | None:
    """Return the newest signed state of the log, or None while it is empty."""
    return Checkpoint.objects.order_by("-tree_size").first()


def record_index(record_id: int) -> int | None:
    """Return the place of a record in the log, or None while it waits for one."""
    return LogLeaf.objects.filter(record_id=record_id).values_list("index", flat=True).first()


def waiting_records() -> int:
    """Return how many records wait for their place."""
    return UnsequencedRecord.objects.count()


def tile_hashes(level: int, number: int, width: int = TILE_WIDTH) -> bytes | None:
    """Return the first `width` hashes of a tile, or None where the log has not got so far.

    Source: C2SP tlog-tiles. A tile that is not full is read from the leaves, or from the full tiles one level down.
    """
    full = LogTile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    if full is not None:
        return bytes(full)[: 32 * width]
    start = number * TILE_WIDTH
    if level == 0:
        leaves = LogLeaf.objects.filter(index__gte=start, index__lt=start + width)
        hashes = list(leaves.order_by("index").values_list("leaf_hash", flat=True))
    else:
        tiles = LogTile.objects.filter(level=level - 1, number__gte=start, number__lt=start + width)
        hashes = list(tiles.order_by("number").values_list("root", flat=True))
    found = b"".join(bytes(part) for part in hashes)
    return found if len(found) == 32 * width else None


def tree_of(size: int) -> TileTree:
    """Return the log's tree as it was at a size, which the log has reached: it gives roots and proofs."""
    return TileTree(size, _read_tile)


def _read_tile(level: int, number: int, width: int) -> bytes:
    hashes = tile_hashes(level, number, width)
    assert hashes is not None, f"the log has no tile {level}/{number} of {width}"
    return hashes


def entries(first: int, count: int) -> list[bytes]:
    """Return the exact bytes of `count` entries of the log from index `first` on."""
    leaves = LogLeaf.objects.filter(index__gte=first, index__lt=first + count).order_by("index")
    record_ids = list(leaves.values_list("record_id", flat=True))
    found = dict(Record.objects.filter(pk__in=record_ids).values_list("pk", "entry"))
    return [bytes(found[record_id]) for record_id in record_ids]
