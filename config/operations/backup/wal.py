"""Keep the WAL as it is written: `pg_receivewal` streams it to this host, and each segment is sealed into the archive.

A segment that is not full yet is sealed every few seconds, too: where the primary and this host are both lost, no more than
that is lost with them. The replication slot keeps on the primary what has not come here: give it a bound
(`max_slot_wal_keep_size`), and watch it.
"""

import datetime as dt
import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from config.operations.backup import sealing, signing
from config.operations.backup.archive import HISTORY, SEGMENT, Archive
from config.operations.backup.bases import vars_of
from config.operations.backup.documents import copy_documents
from config.operations.backup.errors import BackupError
from config.operations.backup.source import Source, program
from config.processes import Processes
from ledger.transparency.notes import Signer

PARTIAL = ".partial"
PARTIAL_TURNS = (0, 1)
DOCUMENTS_SECONDS = 30.0
LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Shipper:
    """Seals what has come into the spool folder: segments once, the one that is not full whenever it has grown."""

    archive: Archive
    spool: Path
    recipients: list[pyrage.x25519.Recipient]
    signer: Signer
    _partial: dict[str, str] = field(default_factory=dict)

    def ship(self, *, with_partial: bool) -> int:
        """Seal what is new, and return how many files that were. A segment leaves the spool when the next one is sealed."""
        names = sorted(path.name for path in self.spool.iterdir())
        full = [name for name in names if SEGMENT.fullmatch(name) or HISTORY.fullmatch(name)]
        there = self.archive.sealed_names()
        shipped = 0
        for name in full:
            if name not in there:
                self._write(name, (self.spool / name).read_bytes())
                shipped += 1
            self._forget(name + PARTIAL)
        if with_partial:
            shipped += sum(self._ship_partial(name) for name in names if name.endswith(PARTIAL))
        # The last one stays: by it pg_receivewal knows where to go on.
        for name in [name for name in full if SEGMENT.fullmatch(name)][:-1]:
            (self.spool / name).unlink()
        return shipped

    def _ship_partial(self, name: str) -> int:
        try:
            content = (self.spool / name).read_bytes()
        except FileNotFoundError:
            # Full meanwhile: the next round has it under its own name.
            return 0
        digest = hashlib.sha256(content).hexdigest()
        if self._partial.get(name) == digest:
            return 0
        # Two by turns: while one is written anew, the other still stands.
        self._write(min(self._turns(name), key=self._written_at), content)
        self._partial[name] = digest
        return 1

    def _turns(self, partial: str) -> list[str]:
        return [f"{partial}.{turn}" for turn in PARTIAL_TURNS]

    def _written_at(self, name: str) -> float:
        try:
            return self.archive.wal_note(name).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def _write(self, name: str, content: bytes) -> None:
        # The note of what it was before goes first: a file counts with its own alone.
        self.archive.wal_note(name).unlink(missing_ok=True)
        sealed = sealing.seal(io.BytesIO(content), self.archive.wal_file(name), self.recipients)
        said = {"kind": "wal", "name": name, "sealed_at": dt.datetime.now(dt.UTC).isoformat(), **vars_of(sealed)}
        signing.write_note(self.archive.wal_note(name), said, self.signer)

    def _forget(self, partial: str) -> None:
        self._partial.pop(partial, None)
        for name in self._turns(partial):
            self.archive.wal_note(name).unlink(missing_ok=True)
            self.archive.wal_file(name).unlink(missing_ok=True)


def receive(
    shipper: Shipper,
    source: Source,
    *,
    slot: str,
    documents: Path | None,
    partial_seconds: float,
    must_stop: Callable[[], bool],
    bin_dir: str = "",
) -> None:
    """Receive, seal and copy documents until somebody stops it. Killed and started again, it goes on where it was.

    Raises: BackupError where pg_receivewal ends by itself.
    """
    shipper.archive.make()
    shipper.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    receiver = program("pg_receivewal", bin_dir)
    source.run([receiver, "-S", slot, "--create-slot", "--if-not-exists", "--no-password"])
    processes = Processes(shipper.spool, source.environment())
    # What is flushed here is told to the primary at once: with the slot it knows what it may forget.
    processes.start("receive", [receiver, "-D", str(shipper.spool), "-S", slot, "--synchronous", "--no-password"])
    last_partial = last_documents = 0.0
    try:
        while not must_stop():
            if processes.ended() is not None:
                raise BackupError("pg_receivewal ended: see what it said above.")
            is_due = time.monotonic() - last_partial >= partial_seconds
            shipper.ship(with_partial=is_due)
            if is_due:
                last_partial = time.monotonic()
            if documents is not None and time.monotonic() - last_documents >= DOCUMENTS_SECONDS:
                copy_documents(shipper.archive, documents, shipper.recipients)
                last_documents = time.monotonic()
            time.sleep(LOOK_SECONDS)
    finally:
        processes.stop()
        shipper.ship(with_partial=True)
        if documents is not None:
            copy_documents(shipper.archive, documents, shipper.recipients)
