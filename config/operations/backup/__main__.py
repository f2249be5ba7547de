"""Back up and restore: `python -m config.operations.backup COMMAND`. See docs/backup.md.

Every option can stand in the environment: BACKUP_ARCHIVE, BACKUP_DATABASE_URL (or _FILE), BACKUP_RECIPIENTS,
BACKUP_SIGNING_KEY_FILE, BACKUP_VKEY, BACKUP_IDENTITY_FILE, BACKUP_SPOOL, BACKUP_SLOT, BACKUP_PG_BIN, BACKUP_STATUS_FILE, DOCUMENTS_DIR.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage

from config import env
from config.operations.backup import sealing, signing
from config.operations.backup.archive import Archive, Base
from config.operations.backup.bases import take_base
from config.operations.backup.documents import copy_documents
from config.operations.backup.drilling import Checks, Report, restore_and_check
from config.operations.backup.errors import BackupError
from config.operations.backup.restoring import Opener, verify_base
from config.operations.backup.retention import Documents, plan_pruning, prune
from config.operations.backup.source import Source
from config.operations.backup.wal import Shipper, receive
from ledger.transparency.notes import Signer, Verifier

DONE, FAILED, BROKEN = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says, and return the exit status: 0 done, 1 failed, 2 the copy does not hold."""
    options = _parse(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except (BackupError, env.SettingError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _keys(options: argparse.Namespace) -> int:
    """Make the key that opens backups, and the key that signs them. The first belongs on another host, and into a safe."""
    identity_file = Path(options.identity)
    if identity_file.exists():
        raise BackupError(f"{identity_file} is there already, and stays.")
    identity = pyrage.x25519.Identity.generate()
    identity_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(identity_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    signer = signing.signer_in(Path(options.signing_key), make=True)
    print(f"BACKUP_RECIPIENTS={identity.to_public()}")
    print(f"BACKUP_VKEY={signer.vkey}")
    return DONE


def _seal_key(options: argparse.Namespace) -> int:
    """Seal the log's signing key by itself: it is in no other backup, and its state (what it signed last) never is."""
    target = Path(options.target)
    with Path(options.file).open("rb") as file:
        sealing.seal(file, target, _recipients(options))
    print(f"{target} opens with: age -d -i IDENTITY {target.name} | gunzip")
    return DONE


def _base(options: argparse.Namespace) -> int:
    archive = Archive(Path(options.archive))
    recipients = _recipients(options)
    documents = Path(options.documents) if options.documents else None
    base = take_base(archive, _source(), recipients, _signer(options), documents=documents, bin_dir=options.bin)
    copied = 0 if documents is None else copy_documents(archive, documents, recipients)
    print(
        f"{base.name}  {base.said['sealed_bytes']:,} bytes sealed, {base.said['files']:,} files, {copied} new documents"
    )
    if options.status_file:
        _tell(Path(options.status_file), base)
    return DONE


def _tell(file: Path, base: Base) -> None:
    """Touch the file by whose age the status page and the alerts judge, once all of a backup is there: what it says is for people.

    Raises: BackupError.
    """
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_text(f"{base.name}\n", encoding="utf-8")
        draft.chmod(0o644)
        os.replace(draft, file)
    except OSError as error:
        raise BackupError(
            f"The backup is whole, but {file} cannot be written, so that the alert on an old backup will ring: {error.strerror}."
        ) from None


def _receive(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    shipper = Shipper(Archive(Path(options.archive)), Path(options.spool), _recipients(options), _signer(options))
    receive(
        shipper,
        _source(),
        slot=options.slot,
        documents=Path(options.documents) if options.documents else None,
        partial_seconds=options.partial_seconds,
        must_stop=stop.is_set,
        bin_dir=options.bin,
    )
    return DONE


def _list(options: argparse.Namespace) -> int:
    archive = Archive(Path(options.archive))
    for base in archive.bases(_verifier(options)):
        mark = "verified" if base.is_verified else "not verified"
        print(f"{base.name}  from {base.finished_at.isoformat()}  {base.said['sealed_bytes']:>15,} bytes  {mark}")
    wal = sorted(archive.sealed_names())
    print(f"WAL: {len(wal)} files" + (f", {wal[0]} to {wal[-1]}" if wal else ""))
    return DONE


def _verify(options: argparse.Namespace) -> int:
    archive, opener = Archive(Path(options.archive)), _opener(options)
    bases = [archive.base(options.name, opener.verifier)] if options.name else archive.bases(opener.verifier)[-1:]
    if not bases:
        raise BackupError(f"{archive.folder} has no backup.")
    for base in bases:
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            verify_base(base, opener, Path(folder), bin_dir=options.bin)
        print(f"{base.name}  every file is what PostgreSQL's manifest says")
    return DONE


def _prune(options: argparse.Namespace) -> int:
    archive = Archive(Path(options.archive))
    plan = plan_pruning(
        archive,
        _verifier(options),
        daily=options.daily,
        weekly=options.weekly,
        documents=_documents(options),
        many_documents=options.many_documents,
    )
    if plan.why_nothing:
        print(plan.why_nothing)
        return DONE
    for base in plan.bases:
        print(f"goes   {base.name}")
    for base in plan.kept:
        print(f"stays  {base.name}")
    print(f"{len(plan.wal)} files of WAL go")
    print(f"{len(plan.documents)} documents go" + (f": {plan.why_no_documents}" if plan.why_no_documents else ""))
    if not options.dry_run:
        prune(plan, archive)
    return DONE


def _documents(options: argparse.Namespace) -> Documents | None:
    if not options.documents:
        return None
    url = env.text("BACKUP_DATABASE_URL", "")
    return Documents(Path(options.documents), Source(url).documents_named() if url else None)


def _restore(options: argparse.Namespace) -> int:
    report = _restored(options, Path(options.target), Path(options.documents_to))
    print("The copy is read-only, and signs and sends nothing, until `manage.py take_into_service` (docs/backup.md).")
    return DONE if report.holds else BROKEN


def _drill(options: argparse.Namespace) -> int:
    work = Path(options.work) if options.work else None
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="drill-", dir=work))
    # The unprivileged user that the server runs as must get through.
    folder.chmod(0o711)
    try:
        report = _restored(options, folder / "data", folder / "documents")
    finally:
        shutil.rmtree(folder)
    return DONE if report.holds else BROKEN


def _restored(options: argparse.Namespace, target: Path, documents: Path) -> Report:
    checks = Checks(options.log_key or "", options.witness, options.witnessed)
    report = restore_and_check(
        Archive(Path(options.archive)),
        _opener(options),
        target.resolve(),
        until=_moment(options.until),
        documents=documents.resolve(),
        checks=checks,
        lost_at=_moment(options.lost_at),
        bin_dir=options.bin,
    )
    print(report.as_text(), end="")
    if options.report:
        path = Path(options.report)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".json").write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
        path.with_suffix(".txt").write_text(report.as_text(), encoding="utf-8")
    return report


def _moment(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BackupError(f"{text} is no time: write it as 2026-11-30T14:05:00+08:00.") from None
    if found.tzinfo is None:
        raise BackupError(f"{text} says no time zone: 2026-11-30T14:05:00+08:00 is a time in China.")
    return found


def _source() -> Source:
    return Source(env.text("BACKUP_DATABASE_URL"))


def _recipients(options: argparse.Namespace) -> list[pyrage.x25519.Recipient]:
    return sealing.read_recipients(options.recipient or env.words("BACKUP_RECIPIENTS"))


def _signer(options: argparse.Namespace) -> Signer:
    return signing.signer_in(Path(options.signing_key))


def _verifier(options: argparse.Namespace) -> Verifier:
    if options.vkey:
        return signing.verifier_of(options.vkey)
    if options.signing_key and Path(options.signing_key).exists():
        return signing.verifier_of(signing.signer_in(Path(options.signing_key)).vkey)
    raise BackupError("Who signs the backups? Give the verifier key that `keys` has printed (BACKUP_VKEY).")


def _opener(options: argparse.Namespace) -> Opener:
    return Opener(sealing.read_identities(Path(options.identity)), _verifier(options))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.operations.backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    archive = _options(
        ("--archive", "BACKUP_ARCHIVE", "the folder of the archive"),
        ("--bin", "BACKUP_PG_BIN", "PostgreSQL's programs"),
    )
    signs = _options(("--signing-key", "BACKUP_SIGNING_KEY_FILE", "the key that signs what is backed up"))
    checks = _options(("--vkey", "BACKUP_VKEY", "the verifier key of who signs backups"))
    opens = _options(("--identity", "BACKUP_IDENTITY_FILE", "the private key that opens backups"))
    seals = argparse.ArgumentParser(add_help=False)
    seals.add_argument(
        "--recipient", action="append", help="a public key that backups are sealed to (BACKUP_RECIPIENTS)"
    )
    documents = _options(("--documents", "DOCUMENTS_DIR", "the folder of documents"))

    def command(
        name: str, run: Callable[[argparse.Namespace], int], what: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=what, description=run.__doc__ or what, parents=parents)
        found.set_defaults(run=run)
        return found

    command("keys", _keys, "make the keys", opens, signs)
    one = command("seal-key", _seal_key, "seal the log's signing key by itself", seals)
    one.add_argument("file")
    one.add_argument("target")
    one = command("base", _base, "make a base backup", archive, signs, seals, documents)
    one.add_argument(
        "--status-file",
        default=os.environ.get("BACKUP_STATUS_FILE", ""),
        help="a file that is touched once all is there, for the status page and the alerts (BACKUP_STATUS_FILE)",
    )
    one = command("receive", _receive, "receive WAL and documents until stopped", archive, signs, seals, documents)
    one.add_argument("--spool", default=os.environ.get("BACKUP_SPOOL"), help="where WAL waits to be sealed")
    one.add_argument("--slot", default=os.environ.get("BACKUP_SLOT", "tianhui_backup"), help="the replication slot")
    one.add_argument(
        "--partial-seconds", type=float, default=5.0, help="how often the segment that is not full is sealed"
    )
    command("list", _list, "list what there is", archive, signs, checks)
    one = command("verify", _verify, "open a backup and check every file", archive, signs, checks, opens)
    one.add_argument("name", nargs="?", help="not given: the newest")
    one.add_argument("--work", help="where it is unpacked, and thrown away")
    one = command("prune", _prune, "throw away what need not be kept", archive, signs, checks, documents)
    one.add_argument("--daily", type=int, default=7)
    one.add_argument("--weekly", type=int, default=5)
    one.add_argument("--many-documents", action="store_true", help="let more documents go than a few")
    one.add_argument("--dry-run", action="store_true")
    for name, run, what in (
        ("restore", _restore, "restore into new folders, and check"),
        ("drill", _drill, "restore, check, report, and throw away"),
    ):
        one = command(name, run, what, archive, signs, checks, opens)
        one.add_argument("--until", help="a moment, such as 2026-11-30T14:05:00+08:00; not given: the end")
        one.add_argument("--lost-at", help="when the live database was lost, for the report")
        one.add_argument(
            "--log-key", default=os.environ.get("BACKUP_LOG_VKEY"), help="the log's verifier key, as handed out"
        )
        one.add_argument("--witness", action="append", default=[], help="a witness that must have cosigned")
        one.add_argument(
            "--witnessed", action="append", default=[], type=Path, help="a checkpoint that is kept elsewhere"
        )
        one.add_argument("--report", help="write the report here, as .json and .txt")
        if name == "restore":
            one.add_argument("target")
            one.add_argument("--documents-to", required=True, help="a new folder for the documents")
        else:
            one.add_argument("--work", help="where it is restored, and thrown away")
    return parser.parse_args(arguments)


def _options(*named: tuple[str, str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    for option, setting, what in named:
        default = os.environ.get(setting)
        is_optional = option in ("--bin", "--documents", "--vkey", "--signing-key")
        parser.add_argument(
            option, default=default or "", required=not default and not is_optional, help=f"{what} ({setting})"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
