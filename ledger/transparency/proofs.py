"""Inclusion proofs as text that can be checked without the log: a place, hashes, a checkpoint.

Source: C2SP tlog-proof.
"""

import base64
from dataclasses import dataclass

from ledger.transparency.merkle import HASH_BYTES
from ledger.transparency.notes import NoteError, decode_base64, parse_size

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class InclusionText:
    """`extra` is what the hashes do not vouch for by themselves: here the entry, whose leaf hash they do vouch for."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""


def encode_inclusion(proof: InclusionText) -> str:
    """Return the text of a proof."""
    lines = [HEADER]
    if proof.extra:
        lines.append(f"extra {base64.b64encode(proof.extra).decode()}")
    lines.append(f"index {proof.index}")
    lines += encode_hashes(proof.hashes)
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def decode_inclusion(text: str) -> InclusionText:
    """Return what the text of a proof says, none of it checked yet.

    Raises: NoteError where it is malformed.
    """
    head, separator, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if not separator or header != HEADER:
        raise NoteError(f"a proof begins with {HEADER}, and ends with a checkpoint after an empty line")
    extra = decode_base64(lines.pop(0)[6:], "the extra data") if lines and lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index "):
        raise NoteError("a proof names the index of the entry")
    return InclusionText(parse_size(lines[0][6:]), decode_hashes(lines[1:]), checkpoint, extra)


def encode_hashes(hashes: tuple[bytes, ...] | list[bytes]) -> list[str]:
    """Return a line of base64 for each hash, without newlines."""
    return [base64.b64encode(value).decode() for value in hashes]


def decode_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """Return the hashes that lines of base64 say.

    Raises: NoteError where they are malformed, or more than a tree of 2^63 leaves needs.
    """
    if len(lines) > MAX_HASHES:
        raise NoteError(f"a proof has at most {MAX_HASHES} hashes")
    hashes = tuple(decode_base64(line, "a hash") for line in lines)
    if any(len(value) != HASH_BYTES for value in hashes):
        raise NoteError("a hash has 32 bytes")
    return hashes
