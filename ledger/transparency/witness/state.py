"""What a witness remembers: for each log the checkpoint that it cosigned last, in a folder that one process has."""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from ledger.transparency.notes import CheckpointBody, NoteError, parse_checkpoint, parse_note
from ledger.transparency.seeds import sync_folder


class StateError(Exception):
    """The folder is in another process's hands, or holds something else than it should."""


class StateFolder:
    """The folder, locked for as long as this object is open. Losing it loses the memory: keep it as the key is kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise StateError(f"another witness works in {folder}") from None

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def read(self, origin: str) -> CheckpointBody | None:
        """Return what was cosigned last of a log, or None where nothing was.

        Raises: StateError where the file is damaged: guessing could sign a second root of one size.
        """
        path = self._path(origin, "checkpoint")
        try:
            body = parse_checkpoint(parse_note(path.read_bytes()).text)
        except FileNotFoundError:
            return None
        except NoteError as error:
            raise StateError(f"{path} is damaged: {error}") from None
        if body.origin != origin:
            raise StateError(f"{path} is of another log, {body.origin}")
        return body

    def write(self, origin: str, note: bytes) -> None:
        """Remember a checkpoint, durably: all of it or the one before."""
        self._replace(self._path(origin, "checkpoint"), note)

    def keep_evidence(self, origin: str, note: bytes) -> None:
        """Keep a checkpoint that the log signed though it contradicts the remembered one: both together prove a fork."""
        self._replace(self._path(origin, "fork"), note)

    def _path(self, origin: str, ending: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.{ending}"

    def _replace(self, path: Path, content: bytes) -> None:
        descriptor, fresh = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except BaseException:
            os.unlink(fresh)
            raise
        sync_folder(self._folder)
