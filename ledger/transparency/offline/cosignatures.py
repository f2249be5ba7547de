"""Check what witnesses say about a checkpoint. Source: C2SP tlog-cosignature."""

import base64
import binascii
import datetime as dt
from dataclasses import dataclass

from ledger.transparency import ed25519
from ledger.transparency.notes import NoteError, key_id, parse_note

COSIGNATURE = 4
_TIME_BYTES = 8
_VKEY_FORM = "a witness's verifier key is name+keyid+base64, of key type 0x04"


@dataclass(frozen=True, slots=True)
class Witness:
    """A key with which a witness cosigns."""

    name: str
    public_key: bytes

    @classmethod
    def from_vkey(cls, vkey: str) -> "Witness":
        """Return the witness of a verifier key.

        Raises: NoteError.
        """
        try:
            name, hex_id, encoded = vkey.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise NoteError(_VKEY_FORM) from None
        if not name or any(letter.isspace() for letter in name) or len(raw) != 33 or raw[0] != COSIGNATURE:
            raise NoteError(_VKEY_FORM)
        if key_id(name, COSIGNATURE, raw[1:]).hex() != hex_id:
            raise NoteError("the witness's key id is not of its key")
        return cls(name, raw[1:])

    def cosigned_at(self, checkpoint: str) -> dt.datetime:
        """Return when the witness cosigned a checkpoint.

        Raises: NoteError where it did not, or the signature does not hold.
        """
        note = parse_note(checkpoint)
        own_id = key_id(self.name, COSIGNATURE, self.public_key)
        for line in note.signatures:
            if line.name == self.name and line.key_id == own_id:
                return self._check(note.text, line.signature)
        raise NoteError(f"{self.name} has not cosigned it with this key")

    def _check(self, text: str, payload: bytes) -> dt.datetime:
        seconds, signature = int.from_bytes(payload[:_TIME_BYTES], "big"), payload[_TIME_BYTES:]
        if not ed25519.verify(self.public_key, cosigned_text(text, seconds), signature):
            raise NoteError(f"the cosignature of {self.name} does not hold")
        try:
            return dt.datetime.fromtimestamp(seconds, dt.UTC)
        except (ValueError, OverflowError, OSError):
            raise NoteError(f"the cosignature of {self.name} is of no time that there is") from None


def cosigned_text(checkpoint_text: str, seconds: int) -> bytes:
    """Return the bytes that a witness signs."""
    return f"cosignature/v1\ntime {seconds}\n{checkpoint_text}".encode()
