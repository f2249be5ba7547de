"""Rebuild the Merkle tree from its leaves, tile by tile. Shares nothing with the sequencer but the hash functions.

Source: RFC 9162 §2.1.1, C2SP tlog-tiles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.transparency.merkle import empty_root, node_hash
from ledger.transparency.tiles import TILE_WIDTH


@dataclass(frozen=True, slots=True)
class RebuiltTile:
    """The hashes of one level that stand in one tile, as the entries give them."""

    level: int
    number: int
    hashes: list[bytes]


class GrowingTree:
    """A tree that grows by tiles of leaves. `edges` are, for each level, the hashes of its last tile while it is not full."""

    def __init__(self) -> None:
        self.size = 0
        self._edges: list[list[bytes]] = [[]]

    def append(self, leaves: Sequence[bytes]) -> Iterator[RebuiltTile]:
        """Append the leaves of one tile, and yield the tiles that become full, from the lowest level up.

        Only the last tile may have fewer leaves than 256.
        """
        assert self.size % TILE_WIDTH == 0
        assert len(leaves) <= TILE_WIDTH
        self.size += len(leaves)
        self._edges[0] = list(leaves)
        level = 0
        while len(self._edges[level]) == TILE_WIDTH:
            hashes = self._edges[level]
            yield RebuiltTile(level, (self.size >> 8 * (level + 1)) - 1, hashes)
            self._edges[level] = []
            level += 1
            if level == len(self._edges):
                self._edges.append([])
            self._edges[level].append(root_of(hashes))

    def partial_tiles(self) -> Iterator[RebuiltTile]:
        """Yield the last tile of each level where it is not full."""
        for level, hashes in enumerate(self._edges):
            if hashes:
                yield RebuiltTile(level, self.size >> 8 * (level + 1), hashes)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return self.root_after(self._edges[0])

    def root_after(self, leaves: Sequence[bytes]) -> bytes:
        """Return the root that the tree has when the last tile holds these leaves."""
        below: list[bytes] = []
        for hashes in (leaves, *self._edges[1:]):
            if level_hashes := [*hashes, *below]:
                below = [root_of(level_hashes)]
        return below[0] if below else empty_root()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over subtrees of one size, of which only the last may be smaller."""
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes += odd
    return hashes[0]
