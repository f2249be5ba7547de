"""Hashes, roots and proofs: another implementation, and every size up to some. The published vectors: test_vectors.py."""

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger.transparency.merkle import (
    ProofError,
    consistency_proof,
    empty_root,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)


def leaves(count):
    return [leaf_hash(b"entry %d" % at) for at in range(count)]


def test_the_roots_are_those_of_another_implementation():
    theirs = InmemoryTree(algorithm="sha256")
    assert empty_root() == theirs.get_root()
    for size in range(1, 70):
        theirs.append_entry(b"entry %d" % (size - 1))
        assert root(leaves(size)) == theirs.get_root()


def grown(size):
    """Return another implementation's tree, and a function that gives our roots over its leaves."""
    theirs, hashes = InmemoryTree(algorithm="sha256"), leaves(size)
    for at in range(size):
        theirs.append_entry(b"entry %d" % at)
    return theirs, lambda start, end: root(hashes[start:end])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 100, 255, 256, 257])
def test_another_implementation_accepts_our_inclusion_proofs(size):
    theirs, root_of = grown(size)
    for index in range(size):
        ours = inclusion_proof(index, size, root_of)
        proof = theirs.prove_inclusion(index + 1, size)
        assert proof.path[1:] == ours
        proof.path = [leaf_hash(b"entry %d" % index), *ours]
        pymerkle.verify_inclusion(proof.path[0], root_of(0, size), proof, index=index + 1, size=size)
        if ours:
            proof.path[-1] = leaf_hash(b"another")
            with pytest.raises(pymerkle.InvalidProof):
                pymerkle.verify_inclusion(proof.path[0], root_of(0, size), proof, index=index + 1, size=size)


@pytest.mark.parametrize("new", [2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 100, 130])
def test_another_implementation_accepts_our_consistency_proofs(new):
    theirs, root_of = grown(new)
    for old in range(1, new):
        old_root, new_root = root_of(0, old), root_of(0, new)
        ours = consistency_proof(old, new, root_of)
        verify_consistency(old, new, ours, old_root, new_root)
        proof = theirs.prove_consistency(old, new)
        if old % 2:
            # It cuts the tree as RFC 9162 does where the old one ends in a single leaf, and names that leaf second.
            first, second, *rest = ours if old > 1 else [old_root, *ours]
            proof.path = [second, first, *rest]
        pymerkle.verify_consistency(old_root, new_root, proof, prior_size=old, later_size=new)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33])
def test_every_leaf_is_proven_and_no_other_place_or_root(size):
    hashes = leaves(size)
    whole = root(hashes)
    for index in range(size):
        proof = inclusion_proof(index, size, lambda start, end: root(hashes[start:end]))
        verify_inclusion(index, size, hashes[index], proof, whole)
        wrong = [
            (index, size, leaf_hash(b"other"), proof, whole),
            (index, size, hashes[index], proof, leaf_hash(b"other")),
            (index, size, hashes[index], [*proof, whole], whole),
            (size, size, hashes[index], proof, whole),
            (-1, size, hashes[index], proof, whole),
        ]
        if proof:
            wrong += [
                (index, size, hashes[index], proof[:-1], whole),
                (index, size, hashes[index], [proof[0][:-1], *proof[1:]], whole),
                (index ^ 1, size, hashes[index], proof, whole),
            ]
        for attempt in wrong:
            with pytest.raises(ProofError):
                verify_inclusion(*attempt)


@given(st.integers(1, 200), st.data())
def test_every_size_is_consistent_with_every_later_one(new, data):
    old = data.draw(st.integers(1, new))
    hashes = leaves(new)
    proof = consistency_proof(old, new, lambda start, end: root(hashes[start:end]))
    verify_consistency(old, new, proof, root(hashes[:old]), root(hashes))
    if old < new:
        with pytest.raises(ProofError):
            verify_consistency(old, new, proof, leaf_hash(b"rewritten"), root(hashes))
        with pytest.raises(ProofError):
            verify_consistency(old, new, proof, root(hashes[:old]), leaf_hash(b"rewritten"))
        with pytest.raises(ProofError):
            verify_consistency(old, new, [*proof, proof[0]], root(hashes[:old]), root(hashes))


def test_nothing_is_proven_from_nothing():
    for old, new in ((0, 1), (2, 1), (-1, 1)):
        with pytest.raises(ProofError):
            consistency_proof(old, new, lambda start, end: b"")
        with pytest.raises(ProofError):
            verify_consistency(old, new, [], empty_root(), empty_root())
    for index, size in ((0, 0), (1, 1), (-1, 1)):
        with pytest.raises(ProofError):
            inclusion_proof(index, size, lambda start, end: b"")
