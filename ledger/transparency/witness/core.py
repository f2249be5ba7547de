"""What a witness does with a checkpoint: check the signature, the consistency with what it saw, remember, cosign.

Source: C2SP tlog-witness.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.merkle import ProofError, empty_root, verify_consistency
from ledger.transparency.notes import (
    CheckpointBody,
    NoteError,
    UnknownKeyError,
    Verifier,
    parse_checkpoint,
    parse_note,
    parse_size,
)
from ledger.transparency.proofs import decode_hashes, encode_hashes
from ledger.transparency.witness.state import StateFolder

NOTHING = CheckpointBody("", 0, empty_root())


class Refusal(Exception):
    """The witness does not sign: an HTTP status and why, with the size that it has where that is what differs."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.size = status, reason, size


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint, and the proof that it extends the tree of the old size."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def encode_submission(submission: Submission) -> bytes:
    """Return the body of a request to add a checkpoint."""
    lines = [f"old {submission.old_size}", *encode_hashes(submission.proof)]
    return "\n".join(lines).encode() + b"\n\n" + submission.note


def decode_submission(body: bytes) -> Submission:
    """Return what the body of a request says.

    Raises: Refusal (400) where it is malformed.
    """
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
        if not separator or not first.startswith("old "):
            raise NoteError("a request is old and a size, hashes, an empty line, and a checkpoint")
        return Submission(parse_size(first[4:]), decode_hashes(hashes), note)
    except UnicodeError:
        raise Refusal(400, "size and hashes are in ASCII") from None
    except NoteError as error:
        raise Refusal(400, str(error)) from None


class Witness:
    """Cosigns checkpoints of the logs whose keys it was given; threads may share it.

    It never signs two roots of one size, and never a smaller tree than it has signed: what it signs is remembered first.
    """

    def __init__(
        self,
        signer: CosignatureSigner,
        log_keys: Iterable[Verifier],
        state: StateFolder,
        clock: Callable[[], float],
    ) -> None:
        self.signer = signer
        self._state = state
        self._clock = clock
        self._logs: dict[str, list[Verifier]] = {}
        for key in log_keys:
            self._logs.setdefault(key.name, []).append(key)
        self._one_at_a_time = threading.Lock()

    def last_seen(self, origin: str) -> CheckpointBody | None:
        """Return what the witness has cosigned last of a log.

        Raises: StateError.
        """
        return self._state.read(origin)

    def add_checkpoint(self, submission: Submission) -> str:
        """Return the cosignature line of a checkpoint that extends what was seen before; the first one is pinned.

        Locks: one at a time; the state's folder excludes other processes.
        Raises: Refusal, StateError.
        """
        text, body = self._read(submission.note)
        if submission.old_size > body.size:
            raise Refusal(400, f"the old size {submission.old_size} is above the checkpoint's, {body.size}")
        with self._one_at_a_time:
            seen = self._state.read(body.origin) or NOTHING
            self._check(seen, body, submission)
            self._state.write(body.origin, submission.note)
            return self.signer.signature_line(text, int(self._clock()))

    def _read(self, note: bytes) -> tuple[str, CheckpointBody]:
        try:
            text = parse_note(note).text
            body = parse_checkpoint(text)
        except NoteError as error:
            raise Refusal(400, str(error)) from None
        keys = self._logs.get(body.origin)
        if keys is None:
            raise Refusal(404, "the log is not known here")
        if not any(_has_signed(key, note) for key in keys):
            raise Refusal(403, "none of the log's known keys has signed the checkpoint")
        return text, body

    def _check(self, seen: CheckpointBody, body: CheckpointBody, submission: Submission) -> None:
        if submission.old_size != seen.size:
            raise Refusal(409, f"the size seen last is {seen.size}", seen.size)
        if body.size == seen.size and body.root != seen.root:
            self._state.keep_evidence(body.origin, submission.note)
            raise Refusal(409, f"the log has signed two roots of size {body.size}", seen.size)
        try:
            _prove(seen, body, submission.proof)
        except ProofError as error:
            raise Refusal(422, str(error)) from None


def _has_signed(key: Verifier, note: bytes) -> bool:
    try:
        key.verify(note)
    except UnknownKeyError:
        return False
    except NoteError as error:
        raise Refusal(403, str(error)) from None
    return True


def _prove(seen: CheckpointBody, body: CheckpointBody, proof: tuple[bytes, ...]) -> None:
    """Check that a tree extends the one seen. Nothing is extended by everything, without a proof."""
    if seen.size:
        verify_consistency(seen.size, body.size, proof, seen.root, body.root)
    elif proof:
        raise ProofError("a proof from size 0 is empty")
