"""Cosignatures: what witnesses put under a checkpoint. Verification needs only the standard library.

Source: C2SP tlog-cosignature.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.notes import (
    CheckpointBody,
    NoteError,
    Signature,
    SigningKey,
    Verifier,
    VerifyingKey,
    parse_checkpoint,
    parse_note,
)

COSIGNATURE = 4
COSIGNATURE_BYTES = 8 + 64
MAX_SECONDS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cosignature:
    """What a witness says by a signature that holds: at this time, this was the largest tree that it had seen."""

    name: str
    key_id: bytes
    seconds: int
    line: str


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    body: CheckpointBody
    text: str
    cosignatures: tuple[Cosignature, ...]


class CosignatureSigner(SigningKey):
    """A witness's key. It must be of no other use: the message does not say whose it is."""

    key_type = COSIGNATURE

    def signature_line(self, text: str, seconds: int) -> str:
        """Return the line that cosigns a checkpoint's text at a POSIX time."""
        parse_checkpoint(text)
        signed = seconds.to_bytes(8, "big") + self._key.sign(_cosigned_message(text, seconds))
        return Signature(self.name, self.key_id, signed).line


class CosignatureVerifier(VerifyingKey):
    """A witness's key that checks cosignatures."""

    key_type = COSIGNATURE

    def find(self, note: str | bytes) -> Cosignature | None:
        """Return the newest cosignature of this witness under a checkpoint, or None where it has none.

        Raises: NoteError where a line of this key does not hold.
        """
        parsed = parse_note(note)
        found = [self._check(parsed.text, line) for line in self.signatures_in(parsed)]
        return max(found, key=lambda each: each.seconds, default=None)

    def _check(self, text: str, line: Signature) -> Cosignature:
        seconds = int.from_bytes(line.signature[:8], "big")
        self.require(len(line.signature) == COSIGNATURE_BYTES and seconds <= MAX_SECONDS)
        self.require(self._verify(self.public_key, _cosigned_message(text, seconds), line.signature[8:]))
        return Cosignature(self.name, self.key_id, seconds, line.line)


def verify_checkpoint(
    note: str | bytes, log: Verifier, witnesses: Sequence[CosignatureVerifier] = ()
) -> VerifiedCheckpoint:
    """Return what a checkpoint says that the log has signed, with the cosignatures of these witnesses.

    How many of them are enough is the caller's to say. A witness that appears under two names counts once.

    Raises: NoteError where the log has not signed it, it is another log's, or a line of a known key does not hold.
    """
    text = log.verify(note)
    body = parse_checkpoint(text)
    if body.origin != log.name:
        raise NoteError(f"the checkpoint is of another log, {body.origin}")
    found: dict[bytes, Cosignature] = {}
    for witness in witnesses:
        cosignature = witness.find(note)
        if cosignature is not None:
            found.setdefault(witness.public_key, cosignature)
    return VerifiedCheckpoint(body, text, tuple(found.values()))


def _cosigned_message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
