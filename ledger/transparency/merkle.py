"""The Merkle tree of RFC 6962 and RFC 9162: hashes, roots, proofs.

Verification is written from the verification algorithms and shares nothing with generation but the two hash functions, so
that one cannot hide the other's error.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32

RootOf = Callable[[int, int], bytes]
"""Returns the root over the leaves from the first to (not with) the second index."""


class ProofError(ValueError):
    """A proof does not prove what it is said to."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf. Source: RFC 9162 §2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node. Source: RFC 9162 §2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def empty_root() -> bytes:
    """Return the root of a tree without leaves. Source: RFC 9162 §2.1.1."""
    return hashlib.sha256(b"").digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes. Source: RFC 9162 §2.1.1."""
    if not leaves:
        return empty_root()
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        width, node = 1, leaf
        while stack and stack[-1][0] == width:
            node = node_hash(stack.pop()[1], node)
            width *= 2
        stack.append((width, node))
    node = stack.pop()[1]
    while stack:
        node = node_hash(stack.pop()[1], node)
    return node


def whole_root(hashes: bytes) -> bytes:
    """Return the root over a power of two of hashes, one after the other, faster than `root`. Source: RFC 9162 §2.1.1."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH_BYTES:
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)])
    return hashes


def split(size: int) -> int:
    """Return the largest power of two smaller than a size above one."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, root_of: RootOf) -> list[bytes]:
    """Return the proof that a leaf is in a tree of that size. Source: RFC 9162 §2.1.3.1.

    Raises: ProofError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            proof.append(root_of(middle, end))
            end = middle
        else:
            proof.append(root_of(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, root_of: RootOf) -> list[bytes]:
    """Return the proof that a tree of the new size extends one of the old size. Source: RFC 9162 §2.1.4.1.

    Raises: ProofError where the sizes are not in order.
    """
    if not 0 < old <= new:
        raise ProofError(f"no consistency proof from size {old} to size {new}")
    proof: list[bytes] = []
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            proof.append(root_of(middle, end))
            end = middle
        else:
            proof.append(root_of(start, middle))
            start, is_whole = middle, False
    if not is_whole:
        proof.append(root_of(start, end))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected_root: bytes) -> None:
    """Check that a leaf is in the tree. Source: RFC 9162 §2.1.3.2.

    Raises: ProofError where it is not proven.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    _check_hashes((leaf, expected_root, *proof))
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    if sn:
        raise ProofError("the proof is too short")
    if r != expected_root:
        raise ProofError("the proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the new tree extends the old one. Source: RFC 9162 §2.1.4.2.

    Raises: ProofError where it is not proven; also from size 0, which would prove nothing.
    """
    if not 0 < old <= new:
        raise ProofError(f"nothing can be proven from size {old} to size {new}")
    _check_hashes((old_root, new_root, *proof))
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("one size, but another root or a proof that is not empty")
        return
    path = list(proof)
    if not old & (old - 1):
        path.insert(0, old_root)
    if not path:
        raise ProofError("the proof is empty")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    if sn:
        raise ProofError("the proof is too short")
    if fr != old_root:
        raise ProofError("the proof leads to another old root")
    if sr != new_root:
        raise ProofError("the proof leads to another new root")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash has 32 bytes")
