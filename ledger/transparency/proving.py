"""Prove what stands in the log, from tiles: O(log n) of them."""

from dataclasses import dataclass

from ledger.transparency.models import Checkpoint
from ledger.transparency.proofs import InclusionText, encode_inclusion
from ledger.transparency.selectors import PlacedLeaf, tree_of


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a leaf is in the tree of a size."""

    record_id: int
    index: int
    leaf_hash: bytes
    tree_size: int
    root_hash: bytes
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of one size begins with that of another."""

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    hashes: list[bytes]


def prove_inclusion(leaf: PlacedLeaf) -> Inclusion:
    """Return the proof that a leaf is in the tree that came with it, which must have it."""
    tree = leaf.tree
    root = bytes(leaf.newest.root_hash) if tree.size == leaf.newest.tree_size else tree.root()
    return Inclusion(leaf.record_id, leaf.index, leaf.leaf_hash, tree.size, root, tree.inclusion_proof(leaf.index))


def prove_consistency(first: int, second: int) -> Consistency:
    """Return the proof that the log only grew from one size to another, which it has reached."""
    signed = Checkpoint.objects.filter(tree_size__in=(first, second)).values_list("tree_size", "root_hash")
    roots = {size: bytes(root) for size, root in signed}
    for size in {first, second} - roots.keys():
        roots[size] = tree_of(size).root()
    hashes = tree_of(second).consistency_proof(first)
    return Consistency(first, second, roots[first], roots[second], hashes)


def inclusion_text(proof: Inclusion, note: str, entry: bytes = b"") -> str:
    """Return a proof as text, with the note of the checkpoint of its size below it.

    Source: C2SP tlog-proof; the entry is its extra data.
    """
    return encode_inclusion(InclusionText(proof.index, tuple(proof.hashes), note, entry))
