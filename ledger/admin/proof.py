"""The inclusion proof of a record, made from the tiles and verified at once as anybody can verify it."""

import base64
from dataclasses import dataclass

from ledger.transparency.merkle import ProofError, leaf_hash, verify_inclusion
from ledger.transparency.models import Checkpoint, Record
from ledger.transparency.selectors import latest_checkpoint, tile_hashes
from ledger.transparency.tiles import TileError, TileTree


@dataclass(frozen=True, slots=True)
class Proof:
    """The hashes that lead from a record's bytes to the root of the newest checkpoint, and what is wrong with them."""

    checkpoint: Checkpoint
    index: int
    leaf: str
    hashes: list[str]
    problem: str

    @property
    def root(self) -> str:
        return in_base64(self.checkpoint.root_hash)


def proof_of(record: Record) -> Proof | None:
    """Return the proof that a record is in the log, or None while it waits for its place.

    The leaf's hash is computed from the record's own bytes, and the root is the signed one: were either changed, the hashes
    would not lead from one to the other.
    """
    newest = latest_checkpoint()
    if newest is None or not hasattr(record, "leaf") or record.leaf.index >= newest.tree_size:
        return None
    index, leaf = record.leaf.index, leaf_hash(bytes(record.entry))
    hashes: list[bytes] = []
    problem = ""
    try:
        hashes = TileTree(newest.tree_size, _read_tile).inclusion_proof(index)
        verify_inclusion(index, newest.tree_size, leaf, hashes, bytes(newest.root_hash))
    except (ProofError, TileError) as error:
        problem = str(error)
    return Proof(newest, index, in_base64(leaf), [in_base64(value) for value in hashes], problem)


def _read_tile(level: int, number: int, width: int) -> bytes:
    hashes = tile_hashes(level, number, width)
    if hashes is None:
        raise TileError(f"tile {level}/{number} is missing")
    return hashes


def in_base64(value: bytes | memoryview) -> str:
    """Return a hash as checkpoints write it."""
    return base64.b64encode(bytes(value)).decode()
