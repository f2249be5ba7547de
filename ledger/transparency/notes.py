"""Signed notes, checkpoints and verifier keys, as C2SP specifies them. Verification needs only the standard library.

Source: C2SP signed-note, tlog-checkpoint.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ledger.transparency import ed25519

ED25519 = 1
KEY_ID_BYTES = 4
ROOT_BYTES = 32
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
MAX_SIZE = 2**63 - 1

Verify = Callable[[bytes, bytes, bytes], bool]
"""Returns whether a signature holds: public key, message, signature."""


class NoteError(ValueError):
    """A note, a checkpoint or a key is malformed, or its signature does not hold."""


class UnknownKeyError(NoteError):
    """A note carries no signature of the key that is asked for."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The signature line, with its newline."""
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


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


class SigningKey:
    """An Ed25519 key that signs, under a name. The seed has 32 bytes."""

    key_type: int

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.name = _check_name(name)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.key_id = key_id(name, self.key_type, self.public_key)

    @property
    def vkey(self) -> str:
        """The verifier key, which is handed to those who check."""
        return encode_vkey(self.name, self.public_key, self.key_type)


class Signer(SigningKey):
    """An Ed25519 key that signs notes."""

    key_type = ED25519

    def sign(self, text: str) -> str:
        """Return the note: the text, an empty line, and one signature line."""
        return f"{text}\n{self.signature_line(text)}"

    def signature_line(self, text: str) -> str:
        """Return the line that signs a text."""
        _check_text(text)
        return Signature(self.name, self.key_id, self._key.sign(text.encode())).line


class VerifyingKey:
    """A public key that checks signatures, from its verifier key; by the standard library, or by a faster `verify`."""

    key_type: int

    def __init__(self, vkey: str, verify: Verify = ed25519.verify) -> None:
        self.name, self.public_key = decode_vkey(vkey, self.key_type)
        self.key_id = key_id(self.name, self.key_type, self.public_key)
        self._verify = verify

    def signatures_in(self, note: Note) -> list[Signature]:
        """Return the signatures of this key under a note, not checked yet."""
        return [line for line in note.signatures if (line.name, line.key_id) == (self.name, self.key_id)]

    def require(self, holds: bool) -> None:
        """Refuse a signature of this key that does not hold.

        Raises: NoteError.
        """
        if not holds:
            raise NoteError(f"the signature of {self.name} does not hold")


class Verifier(VerifyingKey):
    """An Ed25519 key that checks notes."""

    key_type = ED25519

    def verify(self, note: str | bytes) -> str:
        """Return the text of a note that carries this key's signature; lines of other keys are not looked at.

        Raises: NoteError where a line of this key does not hold, UnknownKeyError where there is none.
        """
        parsed = parse_note(note)
        lines = self.signatures_in(parsed)
        if not lines:
            raise UnknownKeyError(f"no signature of {self.name} with this key")
        for line in lines:
            self.require(self._verify(self.public_key, parsed.text.encode(), line.signature))
        return parsed.text


def encode_vkey(name: str, public_key: bytes, key_type: int = ED25519) -> str:
    """Return a verifier key: name, key id and key."""
    encoded = base64.b64encode(bytes([key_type]) + public_key).decode()
    return f"{name}+{key_id(name, key_type, public_key).hex()}+{encoded}"


def decode_vkey(vkey: str, key_type: int = ED25519) -> tuple[str, bytes]:
    """Return name and public key of a verifier key of this type.

    Raises: NoteError.
    """
    try:
        name, hex_id, encoded = vkey.strip().split("+", 2)
    except ValueError:
        raise NoteError("a verifier key is name+keyid+base64") from None
    raw = decode_base64(encoded, "a verifier key")
    if len(raw) != 33 or raw[0] != key_type:
        raise NoteError(f"the verifier key is not of an Ed25519 key of type {key_type}")
    if key_id(_check_name(name), key_type, raw[1:]).hex() != hex_id:
        raise NoteError("the verifier key's id is not of its key")
    if not ed25519.is_public_key(raw[1:]):
        raise NoteError("the verifier key is of no point that can be trusted")
    return name, raw[1:]


def parse_note(note: str | bytes) -> Note:
    """Return the text and the signature lines of a note.

    Raises: NoteError.
    """
    text, separator, block = _decoded(note).rpartition("\n\n")
    if not separator or not block.endswith("\n"):
        raise NoteError("a note is text, an empty line, and signature lines")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _decoded(note: str | bytes) -> str:
    try:
        raw = note.encode() if isinstance(note, str) else note
        if len(raw) > MAX_NOTE_BYTES:
            raise NoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
        text = raw.decode()
    except UnicodeError:
        raise NoteError("a note is in UTF-8") from None
    if _has_control_characters(text):
        raise NoteError("a note has no control characters")
    return text


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014":
        raise NoteError("a signature line is — name base64")
    raw = decode_base64(parts[2], "a signature")
    if len(raw) <= KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    return Signature(_check_name(parts[1]), raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text that a log signs. Source: C2SP tlog-checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def parse_checkpoint(text: str) -> CheckpointBody:
    """Return what a checkpoint's text says; lines after the third are extensions, which nobody need understand.

    Raises: NoteError.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise NoteError("a checkpoint is origin, size and root, a line each")
    root = decode_base64(lines[2], "a checkpoint's root")
    if len(root) != ROOT_BYTES:
        raise NoteError("a checkpoint's root has 32 bytes")
    return CheckpointBody(lines[0], parse_size(lines[1]), root)


def parse_size(text: str) -> int:
    """Return a tree size from its digits.

    Raises: NoteError for any other spelling than the shortest.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise NoteError("a tree size is a decimal number")
    size = int(text)
    if str(size) != text or size > MAX_SIZE:
        raise NoteError("a tree size has no leading zero, and 63 bits")
    return size


def decode_base64(text: str, what: str) -> bytes:
    """Return the bytes of base64 in its one form: padded, nothing else in it, no bits left over.

    Raises: NoteError.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise NoteError(f"{what} is in base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteError(f"{what} is in the canonical form of base64")
    return raw


def rotation_text(old_vkey: str, new_vkey: str) -> str:
    """Return the text that both keys sign where one follows the other. Source: docs/log-entries.md."""
    return f"log key rotation\n{old_vkey}\n{new_vkey}\n"


def _check_name(name: str) -> str:
    if not name or "+" in name or any(letter.isspace() for letter in name) or _has_control_characters(name):
        raise NoteError("a key's name has no space and no plus sign")
    return name


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _has_control_characters(text):
        raise NoteError("a note's text ends with a newline and has no other control characters")


def _has_control_characters(text: str) -> bool:
    return any(letter < " " and letter != "\n" for letter in text)
