"""Prove that a backup can be restored: restore it, check everything in it as an auditor would, and say what it took."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from config.operations.backup.archive import Archive
from config.operations.backup.documents import restore_documents
from config.operations.backup.errors import BackupError
from config.operations.backup.restoring import Opener, Recovery, restore, running

BASE_DIR = Path(__file__).resolve().parents[3]
NOWHERE = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, slots=True)
class Checks:
    """With what a restored copy is compared: the log's key, its witnesses, checkpoints that are kept elsewhere."""

    log_key: str = ""
    witnesses: Sequence[str] = ()
    witnessed: Sequence[Path] = ()

    def options(self) -> list[str]:
        """Return them as options of `manage.py verify_restored`."""
        words = ["--log-key", self.log_key] if self.log_key else []
        for vkey in self.witnesses:
            words += ["--witness", vkey]
        for path in self.witnessed:
            words += ["--witnessed", str(path)]
        return words


@dataclass(slots=True)
class Report:
    """What a restore has come to, and what it took."""

    archive: str
    asked_for: str
    lost_at: str
    recovery: Recovery
    restore_seconds: float
    documents: int
    documents_seconds: float
    check_seconds: float = 0.0
    checks: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything in the copy agrees."""
        return bool(self.checks.get("holds"))

    @property
    def recovery_time_seconds(self) -> float:
        """Return how long it took until the copy could have been taken into service, checked (RTO)."""
        return self.restore_seconds + self.documents_seconds + self.check_seconds

    @property
    def lost_seconds(self) -> float | None:
        """Return how much time before the loss is not in the copy (RPO); None where it was restored to a moment."""
        if self.asked_for or not self.recovery.last_commit_at:
            return None
        last = dt.datetime.fromisoformat(self.recovery.last_commit_at)
        return (dt.datetime.fromisoformat(self.lost_at) - last).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """Return all of it."""
        return asdict(self) | {
            "holds": self.holds,
            "recovery_time_seconds": round(self.recovery_time_seconds, 2),
            "lost_seconds": self.lost_seconds,
        }

    def as_text(self) -> str:
        """Return it for people."""
        log, trades = self.checks.get("log", {}), self.checks.get("trades", {})
        offline, books = self.checks.get("offline", {}), self.checks.get("books", [])
        lost = offline.get("witnessed_elsewhere_and_lost") or []
        rows = [
            ("archive", self.archive),
            ("backup", self.recovery.base),
            ("restored to", self.asked_for or "the end of the archive"),
            ("last commit", self.recovery.last_commit_at or "that of the backup"),
            ("stopped before", self.recovery.stopped_before or "-"),
            (
                "WAL applied",
                f"{self.recovery.segments_applied} segments, to {self.recovery.lsn}, now timeline {self.recovery.timeline}",
            ),
            ("documents", str(self.documents)),
            ("log", f"{log.get('size')} records, root {log.get('root')}, {log.get('waiting')} waiting"),
            ("log's key", f"{offline.get('signed_by')} ({offline.get('key_from')})"),
            (
                "consistent with",
                ", ".join(map(str, offline.get("consistent_with", []))) or "no checkpoint kept elsewhere",
            ),
            (
                "cosigned in it",
                f"{offline.get('witnessed', {}).get('size', 0)} by {', '.join(offline.get('witnessed', {}).get('by', [])) or '-'}",
            ),
            ("signed and lost", ", ".join(map(str, lost)) or "none that is known"),
            ("trades", f"{trades.get('count')}, the newest at {trades.get('newest_at')}"),
            ("books", f"{sum(each['holds'] for each in books)} of {len(books)} invariants hold"),
            ("lost (RPO)", "-" if self.lost_seconds is None else f"{self.lost_seconds:.1f} s before {self.lost_at}"),
            (
                "time needed (RTO)",
                f"{self.recovery_time_seconds:.1f} s: restore {self.restore_seconds:.1f}, documents {self.documents_seconds:.1f}, checks {self.check_seconds:.1f}",
            ),
        ]
        lines = [f"{name:<18} {value}" for name, value in rows]
        lines += [f"{'PROBLEM':<18} {problem}" for problem in self.checks.get("problems", [])]
        lines.append(
            f"{'holds' if self.holds else 'BROKEN':<18} {'everything in the copy agrees' if self.holds else 'see above'}"
        )
        return "\n".join(lines) + "\n"


def restore_and_check(
    archive: Archive,
    opener: Opener,
    target: Path,
    *,
    until: dt.datetime | None,
    documents: Path,
    checks: Checks,
    lost_at: dt.datetime | None = None,
    bin_dir: str = "",
) -> Report:
    """Restore into new folders, check everything in the copy, and leave its server stopped.

    Raises: BackupError.
    """
    lost_at = lost_at or dt.datetime.now(dt.UTC)
    began = time.monotonic()
    recovery = restore(archive, opener, target, until=until, bin_dir=bin_dir)
    restored = time.monotonic()
    count = restore_documents(archive, documents, opener.identities)
    copied = time.monotonic()
    report = Report(
        str(archive.folder),
        until.isoformat() if until else "",
        lost_at.isoformat(),
        recovery,
        restored - began,
        count,
        copied - restored,
    )
    with running(target, bin_dir=bin_dir) as copy:
        report.checks = check_copy(copy.url(recovery.owner, recovery.database), documents, checks)
    report.check_seconds = time.monotonic() - copied
    return report


def check_copy(url: str, documents: Path, checks: Checks) -> dict[str, Any]:
    """Let `manage.py verify_restored` look at a copy that runs.

    Raises: BackupError where it cannot.
    """
    environment = copy_environment(url, documents)
    command = [sys.executable, "-W", "ignore", "manage.py", "verify_restored", "--documents", *checks.options()]
    for attempt in range(50):
        run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
        if ("starting up" not in run.stderr and "No such file or directory" not in run.stderr) or attempt == 49:
            break
        time.sleep(0.2)
    try:
        found = json.loads(run.stdout)
    except ValueError:
        raise BackupError(f"The copy could not be checked:\n{run.stderr.strip()[-3_000:]}") from None
    assert isinstance(found, dict)
    return found


def copy_environment(url: str, documents: Path) -> dict[str, str]:
    """Return the environment of a command that looks at a copy: away from everything that is live."""
    theirs = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "MIGRATIONS_", "LOG_S", "EMAIL_"))
    }
    secret = {} if {"SECRET_KEY", "SECRET_KEY_FILE"} & theirs.keys() else {"SECRET_KEY": "of-no-use"}
    ours = {
        "DATABASE_URL": url,
        "REDIS_URL": NOWHERE,
        "CELERY_BROKER_URL": NOWHERE,
        "DOCUMENTS_DIR": str(documents),
        "LOG_SIGNING_KEY_FILE": str(documents.parent / "no-signing-key"),
        "LOG_LEVEL": "ERROR",
    }
    return theirs | secret | ours
