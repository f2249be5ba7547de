"""Restore: a base backup into an empty folder, and its WAL up to a moment. What comes of it is marked as a copy.

The mark is in the copy's own configuration before its server starts for the first time: it is read-only, the log's key does
not sign for it and no worker runs on it, until somebody takes it into service (`manage.py take_into_service`).
"""

import datetime as dt
import json
import os
import re
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyrage

from config.embedded.account import Account, unprivileged_account
from config.embedded.launch import Server, as_options, launch
from config.embedded.postgres import stop_fast
from config.operations.backup import sealing, signing
from config.operations.backup.archive import HISTORY, VERIFIED, Archive, Base, check_sealed, next_segment, run_from
from config.operations.backup.errors import BackupError, Damaged
from config.operations.backup.manifest import verify_folder
from config.operations.backup.source import program
from config.operations.backup.wal import PARTIAL
from ledger.transparency.notes import Verifier

START_SECONDS = 3_600.0
# Its socket lies in a folder of its own that nobody else may enter; it listens nowhere.
SETTINGS = {
    "listen_addresses": "",
    "hot_standby": "off",
    "archive_mode": "off",
    "synchronous_standby_names": "",
    "primary_conninfo": "",
    "log_checkpoints": "off",
    "max_wal_senders": "10",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
}
_RESTORED = re.compile(r'restored log file "([0-9A-F]{24})" from archive')
_LAST = re.compile(r"last completed transaction was at log time (.+)")
_STOPPED = re.compile(r"recovery stopping (?:before|after) commit of transaction \d+, time (.+)")
_NO_TARGET = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens and believes an archive: the private keys, and the key that signed it."""

    identities: list[pyrage.x25519.Identity]
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a restore has come to."""

    base: str
    label: str
    database: str
    owner: str
    system_identifier: str
    timeline: int
    lsn: str
    segments_applied: int
    # The last transaction that is in the copy, and the first that is not, where recovery stopped at a moment.
    last_commit_at: str
    stopped_before: str


def choose_base(archive: Archive, verifier: Verifier, until: dt.datetime | None) -> Base:
    """Return the newest backup by which one can restore to a moment; the newest of all for None.

    Raises: BackupError where there is none, Damaged.
    """
    bases = archive.bases(verifier)
    fitting = [base for base in bases if until is None or base.finished_at <= until]
    if fitting:
        return fitting[-1]
    if not bases:
        raise BackupError(f"{archive.folder} has no backup.")
    raise BackupError(
        f"No backup was ended before {until}: the oldest one can be restored from {bases[0].finished_at.isoformat()} on."
    )


def unpack_base(base: Base, opener: Opener, target: Path, *, bin_dir: str = "") -> None:
    """Write a base backup into an empty folder, and let PostgreSQL compare every file with its manifest.

    Raises: Damaged, BackupError.
    """
    check_sealed(base.file, base.said)
    _refuse_what_is_there(target)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    reading, writing = os.pipe()
    problems: list[BaseException] = []

    def extract() -> None:
        with os.fdopen(reading, "rb") as stream:
            try:
                with tarfile.open(fileobj=stream, mode="r|", bufsize=sealing.CHUNK) as tar:
                    tar.extractall(target, filter="data")
            except Exception as error:
                problems.append(error)
            while stream.read(sealing.CHUNK):
                pass

    thread = threading.Thread(target=extract, name="unpacking")
    thread.start()
    try:
        with os.fdopen(writing, "wb") as stream:
            sealing.unseal(base.file, stream, opener.identities)
    finally:
        thread.join()
    if problems:
        raise Damaged(f"{base.file} cannot be unpacked: {problems[0]}.")
    os.chmod(target, 0o700)
    verify_folder(target, bin_dir=bin_dir)


def _refuse_what_is_there(target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty: restore into a new folder.")


def verify_base(base: Base, opener: Opener, folder: Path, *, bin_dir: str = "") -> None:
    """Open a backup in a folder that is thrown away, and note that it was whole. Only then older ones may go.

    Raises: Damaged, BackupError.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="verify-") as name:
        unpack_base(base, opener, Path(name) / "data", bin_dir=bin_dir)
    note_verified(base)


def note_verified(base: Base) -> None:
    """Note that a backup was found whole."""
    said = {"verified_at": dt.datetime.now(dt.UTC).isoformat(), "by": "its manifest"}
    draft = base.folder / f".{VERIFIED}"
    draft.write_text(json.dumps(said) + "\n", encoding="utf-8")
    os.replace(draft, base.folder / VERIFIED)


def stage_wal(archive: Archive, base: Base, opener: Opener, folder: Path, *, has: set[str], to_a_gap: bool) -> str:
    """Write the WAL from the backup on into a folder, and return the first segment that is not there.

    `has` are the segments that the backup has itself. With `to_a_gap` what lies before a missing segment will do.

    Raises: Damaged for a segment that is not what was signed, or one that is missing between others.
    """
    names = archive.sealed_names()
    segment_bytes = int(base.said["segment_bytes"])
    run = list(run_from(base.first_segment, names | has, segment_bytes))
    wanted = next_segment(run[-1], segment_bytes) if run else base.first_segment
    later = sorted(name for name in names if len(name) == 24 and name[8:] > wanted[8:])
    if later and not to_a_gap:
        raise Damaged(
            f"The WAL segment {wanted} is missing in {archive.wal}: after it there are {len(later)}, from {later[0]} on. "
            "Without it nothing after it can be restored; restore to a moment before it (--until)."
        )
    folder.mkdir(mode=0o700, parents=True)
    for name in [*(name for name in run if name in names), *(name for name in names if HISTORY.fullmatch(name))]:
        _stage(archive, name, folder / name, opener)
    # The one that was being written: on the newest timeline that has it, as it was last.
    partial = [name for name in names if PARTIAL in name and name[8:24] == wanted[8:]]
    if partial:
        newest = max(partial, key=lambda name: (name[:8], _sealed_at(archive, name, opener)))
        _stage(archive, newest, folder / newest[:24], opener)
    return wanted


def _sealed_at(archive: Archive, name: str, opener: Opener) -> str:
    return str(signing.read_note(archive.wal_note(name), opener.verifier)["sealed_at"])


def _stage(archive: Archive, name: str, target: Path, opener: Opener) -> None:
    said = signing.read_note(archive.wal_note(name), opener.verifier)
    path = archive.wal_file(name)
    if said["name"] != name:
        raise Damaged(f"{path} was signed as {said['name']}.")
    check_sealed(path, said)
    with target.open("wb") as file:
        if sealing.unseal(path, file, opener.identities) != said["plain_sha256"]:
            raise Damaged(f"{path} holds something else than was signed.")


def restore(
    archive: Archive,
    opener: Opener,
    target: Path,
    *,
    until: dt.datetime | None,
    base: Base | None = None,
    bin_dir: str = "",
) -> Recovery:
    """Restore into an empty folder to a moment (None: to the last that the archive has), and leave the server stopped.

    Raises: BackupError where the archive does not reach that far, Damaged where something in it is not whole.
    """
    base = base or choose_base(archive, opener.verifier, until)
    _refuse_what_is_there(target)
    account = unprivileged_account()
    if account is not None and not account.can("-x", target.parent):
        raise BackupError(f"PostgreSQL runs as {account.name}, who may not enter {target.parent}: restore elsewhere.")
    unpack_base(base, opener, target, bin_dir=bin_dir)
    note_verified(base)
    wal = target.with_name(f"{target.name}.wal")
    try:
        has = {path.name for path in (target / "pg_wal").iterdir()}
        # For a moment in the past, what lies before a gap may do: recovery will tell.
        missing = stage_wal(archive, base, opener, wal, has=has, to_a_gap=until is not None)
        label = f"{base.name} to {until.isoformat() if until else 'the end'}, made {dt.datetime.now(dt.UTC).isoformat(timespec='seconds')}"
        _configure(target, wal, label, until)
        _give(account, target, wal)
        with running(target, bin_dir=bin_dir) as server:
            return _recover(server, base, label, missing, archive)
    finally:
        shutil.rmtree(wal, ignore_errors=True)


def _configure(target: Path, wal: Path, label: str, until: dt.datetime | None) -> None:
    settings = {
        "restore_command": f'cp "{wal}/%f" "%p"',
        "recovery_target_action": "promote",
        "recovery_target_timeline": "latest",
        "default_transaction_read_only": "on",
        "tianhui.restored": label,
    }
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    lines = ["# Restored: taken away by `manage.py take_into_service`."]
    lines += [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    with (target / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", *lines, ""]))
    for name in ("standby.signal", "postmaster.pid"):
        (target / name).unlink(missing_ok=True)
    (target / "recovery.signal").touch(mode=0o600)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _give(account: Account | None, *folders: Path) -> None:
    if account is None:
        return
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


@dataclass(frozen=True, slots=True)
class RunningCopy:
    """A restored server at work, reached by its socket alone."""

    server: Server
    sockets: Path

    def url(self, user: str, database: str) -> str:
        """Return the address by which whoever may enter the folder of its socket connects."""
        return f"postgresql://{user}@/{database}?host={self.sockets}"

    def said(self) -> str:
        """Return the server's log."""
        return self.server.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(target: Path, *, bin_dir: str = "", settings: dict[str, str] | None = None) -> Iterator[RunningCopy]:
    """Run the server of a restored folder where nobody but us can reach it."""
    account = unprivileged_account()
    # Short, since the path of a socket may have a hundred characters only.
    with tempfile.TemporaryDirectory(prefix="thr-", dir="/tmp") as name:
        sockets = Path(name)
        hba = sockets / "hba.conf"
        hba.write_text("local all all trust\n", encoding="utf-8")
        for path in (sockets, hba):
            if account:
                os.chown(path, account.uid, account.gid)
        options = SETTINGS | {"unix_socket_directories": name, "hba_file": str(hba)} | (settings or {})
        command = [_reachable(program("postgres", bin_dir), account, sockets), "-D", str(target)]
        log = target.with_name(f"{target.name}.log")
        server = launch("PostgreSQL", command + as_options(options), port=5432, log=log, cwd=sockets, account=account)
        try:
            yield RunningCopy(server, sockets)
        finally:
            stop_fast(server)


def _reachable(postgres: str, account: Account | None, folder: Path) -> str:
    """Return a path of the program that the account may run: in a private home, binaries are copied."""
    if account is None or account.can("-x", Path(postgres)):
        return postgres
    package = Path(postgres).parents[2]
    copy = folder / package.name
    shutil.copytree(Path(postgres).parents[1], copy / Path(postgres).parents[1].name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    _give(account, copy)
    return str(copy / Path(postgres).relative_to(package))


def _recover(copy: RunningCopy, base: Base, label: str, missing: str, archive: Archive) -> Recovery:
    database, owner = str(base.said["database"]), str(base.said["owner"])
    deadline = time.monotonic() + START_SECONDS
    while True:
        if copy.server.has_ended():
            raise _failure(copy.said(), missing, archive)
        try:
            with psycopg.connect(copy.url(owner, database), connect_timeout=5) as connection:
                row = connection.execute(
                    "SELECT system_identifier::text, timeline_id, pg_last_wal_replay_lsn()::text, pg_is_in_recovery()"
                    "  FROM pg_control_system(), pg_control_checkpoint()"
                ).fetchone()
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if (
                "database system is" not in str(error)
                and "No such file" not in str(error)
                and "refused" not in str(error)
            ):
                raise BackupError(f"The restored server does not answer: {str(error).strip()}") from None
            row = None
        if row is not None and not row[3]:
            break
        if time.monotonic() > deadline:
            raise BackupError(
                f"The restored server is still in recovery after {START_SECONDS:.0f} s; its log: {copy.server.log}"
            )
        time.sleep(0.1)
    said = copy.said()
    return Recovery(
        base.name,
        label,
        database,
        owner,
        row[0],
        row[1],
        row[2] or str(base.said["end_lsn"]),
        len(set(_RESTORED.findall(said))),
        _only(_LAST.findall(said)),
        _only(_STOPPED.findall(said)),
    )


def _only(found: Sequence[str]) -> str:
    return found[-1].strip() if found else ""


def _failure(said: str, missing: str, archive: Archive) -> BackupError:
    if _NO_TARGET in said:
        last = _only(_LAST.findall(said)) or "the backup itself"
        return BackupError(
            f"The archive does not reach that moment: it ends at {last}. The next WAL segment, {missing}, is not in "
            f"{archive.wal}. Restore to an earlier moment, or to the end (without --until)."
        )
    return BackupError("The restored server did not start. Its log ends:\n" + said.strip()[-2_000:])
