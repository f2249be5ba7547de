"""Follow the log's signing key through its rotations, each signed by the old key and the new one."""

from dataclasses import dataclass

from ledger.transparency.notes import NoteError, Verifier, rotation_text
from ledger.transparency.offline.fields import Body, text
from ledger.transparency.offline.findings import Fault


@dataclass(frozen=True, slots=True)
class Rotation:
    """The record from which on checkpoints are signed by another key."""

    index: int
    old_vkey: str
    new_vkey: str


class Rotations:
    """The rotations that the log tells, in order."""

    def __init__(self) -> None:
        self.found: list[Rotation] = []

    def rotate(self, index: int, body: Body) -> None:
        """Note a rotation.

        Raises: Fault where it does not go on from the key before, or lacks a signature of either key.
        """
        old_vkey, new_vkey, note = text(body, "old_vkey"), text(body, "new_vkey"), text(body, "note")
        before = self.found[-1].new_vkey if self.found else old_vkey
        try:
            old, new = Verifier(old_vkey), Verifier(new_vkey)
            said = {old.verify(note), new.verify(note)}
        except NoteError as error:
            raise Fault(f"the change of the log's key is not signed by both keys: {error}") from None
        if said != {rotation_text(old_vkey, new_vkey)}:
            raise Fault("the note of the log's change of key says something else than its record")
        if old_vkey != before:
            raise Fault("the log's key changes from another one than it last had")
        if old.name != new.name:
            raise Fault("the log's key changes to one of another name")
        self.found.append(Rotation(index, old_vkey, new_vkey))

    def keys(self) -> list[str]:
        """Return all keys that the log had, the first one first; none where it was never rotated."""
        return [self.found[0].old_vkey, *(rotation.new_vkey for rotation in self.found)] if self.found else []
