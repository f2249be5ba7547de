"""Read the entries of a log bundle by bundle, and some of them once more. Source: C2SP tlog-tiles."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.merkle import HASH_BYTES, leaf_hash
from ledger.transparency.offline.sources import MAX_BUNDLE_BYTES, MAX_TILE_BYTES, NotThere, Source
from ledger.transparency.tiles import TILE_WIDTH, tile_address

MAX_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Bundle:
    """Up to 256 entries, the hashes that they give, and the hashes that stand in the tile over them, where it is whole.

    `problem` is what keeps further entries from being read, if anything does.
    """

    start: int
    entries: list[bytes]
    leaves: list[bytes]
    tile: list[bytes] | None
    problem: str
    tile_problem: str


class Bundles:
    """The entries of a log of some size."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._size = source, size
        self._digests: list[bytes] = []
        self._remembered: dict[int, list[bytes]] = {}

    def __len__(self) -> int:
        return -(-self._size // TILE_WIDTH)

    def read(self, number: int) -> Bundle:
        """Return a bundle; each is read once, in order.

        Raises: SourceError.
        """
        entries, problem = self._entries(number)
        leaves = [leaf_hash(entry) for entry in entries]
        self._digests.append(_digest(leaves))
        tile, tile_problem = self._tile(number)
        return Bundle(number * TILE_WIDTH, entries, leaves, tile, problem, tile_problem)

    def read_again(self, index: int) -> bytes | None:
        """Return an entry that has been read before, or None where its bundle is not the same any more.

        Raises: SourceError.
        """
        number, at = divmod(index, TILE_WIDTH)
        if number not in self._remembered:
            entries, _problem = self._entries(number)
            # The bundle that is being read now has its digest already; what comes later is not asked for.
            if _digest([leaf_hash(entry) for entry in entries]) != self._digests[number]:
                return None
            if len(self._remembered) == MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[number] = entries
        entries = self._remembered[number]
        return entries[at] if at < len(entries) else None

    def _width(self, number: int) -> int:
        return min(self._size - number * TILE_WIDTH, TILE_WIDTH)

    def _entries(self, number: int) -> tuple[list[bytes], str]:
        width = self._width(number)
        path = f"tile/entries/{tile_address(number, width)}"
        try:
            entries, rest = split_bundle(self._source.read(path, MAX_BUNDLE_BYTES))
        except NotThere as error:
            return [], str(error)
        if rest:
            return entries[:width], f"The file {path} ends within an entry"
        if len(entries) != width:
            return entries[:width], f"The file {path} has {len(entries)} entries, not {width}"
        return entries, ""

    def _tile(self, number: int) -> tuple[list[bytes] | None, str]:
        width = self._width(number)
        path = f"tile/0/{tile_address(number, width)}"
        try:
            content = self._source.read(path, MAX_TILE_BYTES)
        except NotThere as error:
            return None, str(error)
        if len(content) != width * HASH_BYTES:
            return None, f"The file {path} has {len(content)} bytes, not {width * HASH_BYTES}"
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)], ""


def split_bundle(bundle: bytes) -> tuple[list[bytes], bool]:
    """Return the whole entries of a bundle, and whether it is cut off after them."""
    entries, at, end = [], 0, len(bundle)
    while at + 2 <= end:
        (length,) = struct.unpack_from(">H", bundle, at)
        if at + 2 + length > end:
            break
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    return entries, at != end


def _digest(leaves: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join(leaves)).digest()
