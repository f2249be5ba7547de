"""Signed notes, checkpoints and verifier keys, as C2SP specifies them. Verification needs only the standard library.

Source: C2SP signed-note, tlog-checkpoint.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from ledger.transparency import ed25519

ED25519 = 1
KEY_ID_BYTES = 4
MAX_NOTE_BYTES = 1_000_000


class NoteError(ValueError):
    """A note, a checkpoint or a key is malformed, or its signature does not hold."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class CheckpointBody:
    origin: str
    size: int
    root: bytes


def key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    """Return the four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:KEY_ID_BYTES]


class Signer:
    """An Ed25519 key that signs notes. The seed has 32 bytes."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.name = _check_name(name)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """The verifier key, which is handed to auditors."""
        return encode_vkey(self.name, self.public_key)

    def sign(self, text: str) -> str:
        """Return the note: the text, an empty line, and one signature line."""
        _check_text(text)
        signed = key_id(self.name, ED25519, self.public_key) + self._key.sign(text.encode())
        return f"{text}\n\u2014 {self.name} {base64.b64encode(signed).decode()}\n"


class Verifier:
    """An Ed25519 key that checks notes, from its verifier key."""

    def __init__(self, vkey: str) -> None:
        self.name, self.public_key = decode_vkey(vkey)
        self._key_id = key_id(self.name, ED25519, self.public_key)

    def verify(self, note: str) -> str:
        """Return the text of a note that carries this key's signature.

        Raises: NoteError where it does not.
        """
        parsed = parse_note(note)
        for line in parsed.signatures:
            if line.name != self.name or line.key_id != self._key_id:
                continue
            if ed25519.verify(self.public_key, parsed.text.encode(), line.signature):
                return parsed.text
            raise NoteError(f"the signature of {self.name} does not hold")
        raise NoteError(f"no signature of {self.name} with this key")


def encode_vkey(name: str, public_key: bytes) -> str:
    """Return a verifier key: name, key id and key."""
    encoded = base64.b64encode(bytes([ED25519]) + public_key).decode()
    return f"{name}+{key_id(name, ED25519, public_key).hex()}+{encoded}"


def decode_vkey(vkey: str) -> tuple[str, bytes]:
    """Return name and public key of a verifier key.

    Raises: NoteError.
    """
    try:
        name, hex_id, encoded = vkey.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("a verifier key is name+keyid+base64") from None
    if len(raw) != 33 or raw[0] != ED25519:
        raise NoteError("the verifier key is not of an Ed25519 key")
    if key_id(_check_name(name), ED25519, raw[1:]).hex() != hex_id:
        raise NoteError("the verifier key's id is not of its key")
    return name, raw[1:]


def parse_note(note: str) -> Note:
    """Return the text and the signature lines of a note.

    Raises: NoteError.
    """
    if len(note) > MAX_NOTE_BYTES or any(ord(letter) < 0x20 and letter != "\n" for letter in note):
        raise NoteError("a note is short and has no control characters")
    text, separator, block = note.rpartition("\n\n")
    if not separator or not block.endswith("\n"):
        raise NoteError("a note is text, an empty line, and signature lines")
    return Note(text + "\n", tuple(_signature(line) for line in block[:-1].split("\n")))


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014":
        raise NoteError("a signature line is — name base64")
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except binascii.Error:
        raise NoteError("a signature is not in base64") from None
    if len(raw) <= KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    return Signature(parts[1], raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text that a log signs. Source: C2SP tlog-checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def parse_checkpoint(text: str) -> CheckpointBody:
    """Return what a checkpoint's text says.

    Raises: NoteError.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not lines[1].isascii() or not lines[1].isdigit():
        raise NoteError("a checkpoint is origin, size and root, a line each")
    if str(int(lines[1])) != lines[1]:
        raise NoteError("a checkpoint's size has no leading zero")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        raise NoteError("a checkpoint's root is in base64") from None
    if len(root) != 32:
        raise NoteError("a checkpoint's root has 32 bytes")
    return CheckpointBody(lines[0], int(lines[1]), root)


def _check_name(name: str) -> str:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise NoteError("a key's name has no space and no plus sign")
    return name


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(letter) < 0x20 and letter != "\n" for letter in text):
        raise NoteError("a note's text ends with a newline and has no other control characters")
