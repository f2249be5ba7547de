"""Tiles and entry bundles, and proofs read from tiles. Source: C2SP tlog-tiles."""

import functools
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

from ledger.transparency import merkle

TILE_HEIGHT = 8
TILE_WIDTH = 256
_ADDRESS = re.compile(r"^((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?$")

Tile = tuple[int, int, int]
"""Level, number, width."""

ReadTile = Callable[[int, int, int], bytes]
"""Returns the first hashes of a tile: level, number, width."""

ReadTiles = Callable[[Sequence[Tile]], Sequence[bytes]]
"""Returns the first hashes of each tile."""


class TileError(ValueError):
    """An address or the content of a tile or bundle is malformed."""


def tile_address(number: int, width: int = TILE_WIDTH) -> str:
    """Return the last part of a tile's path, such as x001/x234/067 or 067.p/8."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03d}")
    address = "/".join(reversed(groups))
    return address if width == TILE_WIDTH else f"{address}.p/{width}"


def parse_tile_address(address: str) -> tuple[int, int]:
    """Return number and width of a tile from the last part of its path.

    Raises: TileError for any other spelling than `tile_address` gives.
    """
    match = _ADDRESS.match(address)
    if match is None:
        raise TileError(f"{address!r} is no tile's address")
    number = int(match[1].replace("x", "").replace("/", "") + match[2])
    width = int(match[3]) if match[3] else TILE_WIDTH
    if tile_address(number, width) != address:
        raise TileError(f"{address!r} is no tile's address")
    return number, width


def encode_entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return up to 256 entries, each after its length in two bytes."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def decode_entry_bundle(bundle: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises: TileError where it is cut off.
    """
    entries, at = [], 0
    while at < len(bundle):
        if at + 2 > len(bundle):
            raise TileError("the bundle ends within a length")
        (length,) = struct.unpack_from(">H", bundle, at)
        at += 2
        if at + length > len(bundle):
            raise TileError("the bundle ends within an entry")
        entries.append(bundle[at : at + length])
        at += length
    return entries


def tiles_of(size: int) -> list[tuple[int, int, int]]:
    """Return level, number and width of every tile that a tree of that size has."""
    tiles, level = [], 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        tiles += [(level, number, TILE_WIDTH) for number in range(full)]
        if rest:
            tiles.append((level, full, rest))
        size, level = full, level + 1
    return tiles


class TileTree:
    """Reads roots of subtrees from tiles, each tile once: O(log n) of them for a proof, all asked for together."""

    def __init__(self, size: int, read_tile: ReadTile) -> None:
        self.size = size
        self._read_tiles: ReadTiles = lambda tiles: [read_tile(*tile) for tile in tiles]
        self._cache: dict[tuple[int, int], bytes] = {}

    @classmethod
    def read_together(cls, size: int, read_tiles: ReadTiles) -> Self:
        """Return a tree whose tiles are read many at a time."""
        tree = cls(size, lambda *tile: read_tiles([tile])[0])
        tree._read_tiles = read_tiles
        return tree

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self.size:
            return merkle.empty_root()
        self._fetch([(0, self.size)])
        return self.root_of(0, self.size)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the proof that the leaf is in the tree."""
        return self._prove(lambda root_of: merkle.inclusion_proof(index, self.size, root_of))

    def consistency_proof(self, old: int) -> list[bytes]:
        """Return the proof that the tree extends the one of the old size."""
        return self._prove(lambda root_of: merkle.consistency_proof(old, self.size, root_of))

    def root_of(self, start: int, end: int) -> bytes:
        """Return the root over a subtree, as proofs cut them: aligned, whole or at the right-hand edge."""
        width = end - start
        if width & (width - 1):
            middle = start + merkle.split(width)
            return merkle.node_hash(self.root_of(start, middle), self.root_of(middle, end))
        level, offset, width = _place(start, width)
        at = offset % TILE_WIDTH * merkle.HASH_BYTES
        return _subtree_root(self._tile(level, offset // TILE_WIDTH)[at : at + width * merkle.HASH_BYTES])

    def _prove(self, prove: Callable[[merkle.RootOf], list[bytes]]) -> list[bytes]:
        """Make a proof twice: once to learn which roots it needs, and with their tiles at hand."""
        needed: list[tuple[int, int]] = []

        def need(start: int, end: int) -> bytes:
            needed.append((start, end))
            return b""

        prove(need)
        self._fetch(needed)
        return prove(self.root_of)

    def _fetch(self, subtrees: Iterable[tuple[int, int]]) -> None:
        places = {place for start, end in subtrees for place in _tiles_under(start, end)}
        missing = [(level, number, self._width(level, number)) for level, number in sorted(places - self._cache.keys())]
        if missing:
            for tile, content in zip(missing, self._read_tiles(missing), strict=True):
                self.keep(tile, content)

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._cache:
            tile = level, number, self._width(level, number)
            self.keep(tile, self._read_tiles([tile])[0])
        return self._cache[level, number]

    def _width(self, level: int, number: int) -> int:
        return min((self.size >> TILE_HEIGHT * level) - number * TILE_WIDTH, TILE_WIDTH)

    def keep(self, tile: Tile, content: bytes) -> None:
        """Remember a tile that is at hand already.

        Raises: TileError where it has another width.
        """
        level, number, width = tile
        if len(content) != width * merkle.HASH_BYTES:
            raise TileError(f"tile {level}/{number} has {len(content)} bytes")
        self._cache[level, number] = content


# Keyed by the hashes themselves, it is never stale: proofs share what is above the lowest tiles and at the right-hand edge.
_subtree_root = functools.lru_cache(maxsize=1_024)(merkle.whole_root)


def _place(start: int, width: int) -> tuple[int, int, int]:
    """Return where a whole subtree stands in tiles: their level, its first hash among that level's, and how many it has."""
    level = 0
    while width >= TILE_WIDTH:
        level, start, width = level + 1, start // TILE_WIDTH, width // TILE_WIDTH
    return level, start, width


def _tiles_under(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield level and number of the tiles from which the root over a subtree is made."""
    while end > start:
        width = end - start
        whole = width if not width & (width - 1) else merkle.split(width)
        level, offset, _width = _place(start, whole)
        yield level, offset // TILE_WIDTH
        start += whole
