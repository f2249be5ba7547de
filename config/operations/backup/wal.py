"""Keep the WAL as it is written: `pg_receivewal` streams it to this host, and each segment is sealed into the archive.

A segment that is not full yet is sealed every few seconds, too: where the primary and this host are both lost, no more than
that is lost with them. The replication slot keeps on the primary what has not come here: give it a bound
(`max_slot_wal_keep_size`), and watch it.
"""

import datetime as dt
import hashlib
import io
import logging
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

logger = logging.getLogger(__name__)

PARTIAL = ".partial"
PARTIAL_TURNS = (0, 1)
DOCUMENTS_SECONDS = 30.0
LOOK_SECONDS = 0.5
SLOT_SECONDS = 5.0
STUCK_SECONDS = 60.0
"""pg_receivewal comes again every five seconds: a slot by which nobody receives for so long has not the WAL that comes next."""


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


@dataclass(slots=True)
class SlotKeeper:
    """Sees that the primary has the replication slot: a standby that was promoted has none, and pg_receivewal would ask in vain."""

    source: Source
    name: str
    bin_dir: str = ""
    _active_at: float = field(default_factory=time.monotonic)

    def make(self) -> None:
        """Make the slot where there is none.

        Raises: BackupError.
        """
        receiver = program("pg_receivewal", self.bin_dir)
        self.source.run([receiver, "-S", self.name, "--create-slot", "--if-not-exists", "--no-password"])

    def look(self) -> None:
        """Make the slot anew where it is missing, or keeps nothing any more. Where no primary answers, wait for one.

        Raises: BackupError where the primary answers and nothing comes.
        """
        now = time.monotonic()
        try:
            slot = self.source.slot(self.name)
            if slot is not None and not slot.is_active and slot.is_lost:
                self.source.drop_slot(self.name)
                slot = None
            if slot is None:
                self.make()
                self._active_at = now
                logger.warning(
                    "the primary had no replication slot %s (another server, or it was given up): it is made anew."
                    " Make a base backup now, so that no moment depends on what may be missing between.",
                    self.name,
                )
                return
        except BackupError as error:
            # In the middle of a failover there is nobody to ask.
            logger.warning("%s", error)
            self._active_at = now
            return
        if slot.is_active:
            self._active_at = now
        elif now - self._active_at > STUCK_SECONDS:
            raise BackupError(
                "The primary has not the WAL that comes next: move the spool's files away, start `receive` again, and make a base"
                " backup. Until then what was committed meanwhile cannot be restored (docs/backup.md, After a failover)."
            )


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

    It follows a failover to the new primary, and makes its slot there.

    Raises: BackupError where pg_receivewal ends by itself, or nothing comes though the primary answers.
    """
    shipper.archive.make()
    shipper.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    receiver = program("pg_receivewal", bin_dir)
    keeper = SlotKeeper(source, slot, bin_dir)
    keeper.make()
    processes = Processes(shipper.spool, source.environment())
    # What is flushed here is told to the primary at once: with the slot it knows what it may forget.
    processes.start("receive", [receiver, "-D", str(shipper.spool), "-S", slot, "--synchronous", "--no-password"])
    last_partial = last_documents = 0.0
    last_look = time.monotonic()
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
            if time.monotonic() - last_look >= SLOT_SECONDS:
                keeper.look()
                last_look = time.monotonic()
            time.sleep(LOOK_SECONDS)
    finally:
        processes.stop()
        shipper.ship(with_partial=True)
        if documents is not None:
            copy_documents(shipper.archive, documents, shipper.recipients)
