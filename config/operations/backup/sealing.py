"""Compress and encrypt what goes into the archive, and back: age (age-encryption.org), to public keys.

The host that makes backups has public keys alone: whoever takes it over reads no backup. Every file opens with the usual
tools, without a line of ours: `age -d -i identity FILE.gz.age | gunzip`.
"""

import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import pyrage

from config.operations.backup.errors import BackupError, Damaged

CHUNK = 1 << 20
GZIP = 31
"""The window of zlib with which it reads and writes gzip."""
LEVEL = 1
SUFFIX = ".gz.age"


class Reads(Protocol):
    """Something to read bytes from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes; none at the end."""
        ...


class Writes(Protocol):
    """Something to write bytes to."""

    def write(self, content: bytes, /) -> object:
        """Take bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a file was before it was sealed, and what it is in the archive."""

    plain_bytes: int
    plain_sha256: str
    sealed_bytes: int
    sealed_sha256: str


class _Compressed:
    """What is read from another, as gzip; it keeps the error that stopped it, which the cipher does not hand on."""

    def __init__(self, source: Reads) -> None:
        self._source = source
        self._gzip = zlib.compressobj(LEVEL, wbits=GZIP)
        self._ready = b""
        self._is_over = False
        self.error: BaseException | None = None
        self.size = 0
        self.hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        try:
            while not self._ready and not self._is_over:
                self._fill()
        except BaseException as error:
            self.error = error
            raise
        cut = len(self._ready) if size < 0 else size
        given, self._ready = self._ready[:cut], self._ready[cut:]
        return given

    def _fill(self) -> None:
        chunk = self._source.read(CHUNK)
        if chunk:
            self.size += len(chunk)
            self.hash.update(chunk)
            self._ready = self._gzip.compress(chunk)
        else:
            self._ready, self._is_over = self._gzip.flush(), True


class _Expanding:
    """Writes what it is given to another, out of gzip."""

    def __init__(self, target: Writes) -> None:
        self._target = target
        self._gzip = zlib.decompressobj(wbits=GZIP)
        self.hash = hashlib.sha256()
        self.error: BaseException | None = None

    def write(self, content: bytes, /) -> int:
        size = len(content)
        try:
            while content:
                plain = self._gzip.decompress(content, CHUNK)
                content = self._gzip.unconsumed_tail
                self.hash.update(plain)
                self._target.write(plain)
        except BaseException as error:
            self.error = error
            raise
        return size

    def flush(self) -> None:
        """Nothing is kept back before the end."""

    def finish(self) -> None:
        """Write what is left.

        Raises: zlib.error where it does not end here.
        """
        plain = self._gzip.flush()
        self.hash.update(plain)
        self._target.write(plain)
        if not self._gzip.eof:
            raise zlib.error("it ends too early")


def read_recipients(words: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Return the public keys to which backups are sealed.

    Raises: BackupError.
    """
    if not words:
        raise BackupError("To whom are backups sealed? Give at least one public key (BACKUP_RECIPIENTS=age1…).")
    try:
        return [pyrage.x25519.Recipient.from_str(word) for word in words]
    except pyrage.RecipientError as error:
        raise BackupError(f"BACKUP_RECIPIENTS holds what is no public key of age: {error}.") from None


def read_identities(path: Path) -> list[pyrage.x25519.Identity]:
    """Return the private keys in a file as `age-keygen` writes it.

    Raises: BackupError where it cannot be read, or others can read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise BackupError(f"{path} can be read by others: chmod 600 it.")
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None
    except (pyrage.IdentityError, UnicodeError):
        found = []
    if not found:
        raise BackupError(f"{path} holds no private key of age (AGE-SECRET-KEY-1…).")
    return found


def seal(source: Reads, target: Path, recipients: Sequence[pyrage.x25519.Recipient]) -> Sealed:
    """Write what is read into a file of the archive, durably, and return what it was and is.

    The file has its name once it is whole. What the source raises is raised.
    """
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    compressed = _Compressed(source)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            hashing = _Hashing(file)
            try:
                pyrage.encrypt_io(compressed, hashing, list(recipients))
            except Exception:
                if compressed.error is not None:
                    raise compressed.error from None
                raise
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    os.replace(draft, target)
    sync_folder(target.parent)
    return Sealed(compressed.size, compressed.hash.hexdigest(), hashing.size, hashing.hash.hexdigest())


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.hash = hashlib.sha256()

    def write(self, content: bytes, /) -> int:
        self.size += len(content)
        self.hash.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def unseal(path: Path, target: Writes, identities: Sequence[pyrage.x25519.Identity]) -> str:
    """Write what a file of the archive holds, and return its SHA-256. What was written before an error is of no use.

    Raises: BackupError where no key opens it, Damaged where it is not whole. What the target raises is raised.
    """
    expanding = _Expanding(target)
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, expanding, list(identities))
        expanding.finish()
    except FileNotFoundError:
        raise Damaged(f"{path} is missing.") from None
    except (pyrage.DecryptError, OSError, zlib.error) as error:
        if expanding.error is not None and not isinstance(expanding.error, zlib.error):
            raise expanding.error from None
        if "matching keys" in str(error).lower():
            raise BackupError(f"No key in the identity file opens {path}: it was sealed to another one.") from None
        raise Damaged(f"{path} is damaged or cut short: {error}.") from None
    return expanding.hash.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
