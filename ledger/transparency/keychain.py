"""The keys of the log as its own entries tell them, for verification: which signs next, and is the history written down so?"""

from collections.abc import Iterator

import orjson

from ledger.transparency.history import key_periods
from ledger.transparency.keys import key_file, log_signer, signer_in, verify_fast
from ledger.transparency.models import Checkpoint
from ledger.transparency.notes import CheckpointBody, Verifier, parse_checkpoint, rotation_text

ROTATION = "log_key_rotated"


class Keychain:
    """The key that signs at this place of the log, and those before it, each with the record that put it in place."""

    def __init__(self, vkey: str) -> None:
        self.taken_over: list[tuple[str, int | None]] = [(vkey, None)]
        self._verifier = Verifier(vkey, verify_fast)

    @property
    def origin(self) -> str:
        """The log's name, which is its keys' too."""
        return self._verifier.name

    def rotate(self, record_id: int, entry: bytes) -> Iterator[str]:
        """Let the key that an entry names sign from here on, and yield what is wrong with the entry."""
        old = self.taken_over[-1][0]
        try:
            body = orjson.loads(entry)["body"]
            new = Verifier(body["new_vkey"], verify_fast)
            texts = {verifier.verify(body["note"]) for verifier in (self._verifier, new)}
        except (ValueError, KeyError, TypeError) as error:
            yield f"record {record_id} does not hand the log over to another key: {error}"
            return
        if texts != {rotation_text(old, body["new_vkey"])} or new.name != self.origin:
            yield f"record {record_id} hands the log over from or to another key than both keys have signed"
        self.taken_over.append((body["new_vkey"], record_id))
        self._verifier = new

    def verify(self, checkpoint: Checkpoint) -> CheckpointBody:
        """Return what a checkpoint's note says.

        Raises: NoteError where the key that signs at this place has not signed it.
        """
        return parse_checkpoint(self._verifier.verify(checkpoint.note))


def first_vkey() -> str:
    """Return the key with which the log begins."""
    periods = key_periods()
    return periods[0].vkey if periods else log_signer().vkey


def history_differences(keys: Keychain, size: int) -> Iterator[str]:
    """Yield where the keys that are written down, up to a size, are not those that the entries tell."""
    written = [(period.vkey, period.record_id) for period in key_periods() if period.from_size <= size]
    if written and written != keys.taken_over:
        yield "the keys that are written down are not those that the log's entries put in place"
    # Whoever can write all tables could have put another log in place of this one: the file's key is out of their reach.
    if key_file().exists() and signer_in(key_file()).vkey not in {vkey for vkey, _record_id in keys.taken_over}:
        yield "the key in the key file has signed nothing of this log"
