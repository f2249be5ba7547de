"""The host of the backups in a drill: it receives WAL through a failover and a switchover, and what it has is restored."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pyrage

from config.operations.backup.source import Source
from config.processes import Processes
from config.run import BASE_DIR
from tests.operations.backup.conftest import Grounds as Archived
from tests.operations.failover.hosts import DATABASE, USER, Host
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.operations.failover.drill import Report

COMES_SECONDS = 60.0
_RECEIVED = "SELECT flush_lsn >= %s FROM pg_stat_replication WHERE application_name = 'tianhui-backup'"


class Backups:
    """An archive of the two servers, by whichever of them takes writes."""

    def __init__(self, folder: Path, *servers: Host) -> None:
        password = servers[0].cluster.password
        netloc = ",".join(f"127.0.0.1:{server.port}" for server in servers)
        source = Source(f"postgresql://{USER}:{quote(password)}@{netloc}/{DATABASE}")
        self.folder = folder
        self.archived = Archived(folder, source, pyrage.x25519.Identity.generate())

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """Make a base backup, and receive from before it until the context ends, and has all that was written until then."""
        receiver = Processes(BASE_DIR, self.archived.environment())
        receiver.start("receive", self.archived.command("receive", "--partial-seconds", "1"))
        try:
            wait_until(lambda: self._has_come(self._written()), "nothing is received", seconds=COMES_SECONDS)
            self._run("base")
            yield
            written = self._written()
            wait_until(lambda: self._has_come(written), "not all is received", seconds=COMES_SECONDS)
            assert receiver.ended() is None, "who receives has ended"
        finally:
            # What has come and is not sealed yet is sealed now.
            receiver.stop()

    def restored(self) -> dict[str, Any]:
        """Restore all that was received, check it, throw it away, and return the report."""
        file = self.folder / "restored"
        self._run("drill", "--work", self.folder, "--report", file)
        report: dict[str, Any] = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        return report

    def _run(self, *words: object) -> None:
        status, said, errors = self.archived.run(*words)
        assert status != 1, said + errors

    def _ask(self, statement: str, *values: object) -> Any:
        with psycopg.connect(self.archived.source.address, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(statement, values).fetchone()
            return None if row is None else row[0]

    def _written(self) -> str:
        return str(self._ask("SELECT pg_current_wal_insert_lsn()"))

    def _has_come(self, place: str) -> bool:
        return bool(self._ask(_RECEIVED, place))


@contextlib.contextmanager
def backups(*servers: Host) -> Iterator[Backups]:
    """Have a host of backups of these servers, in a folder that the unprivileged user may enter as whom PostgreSQL runs."""
    with tempfile.TemporaryDirectory(prefix="tianhui-backups-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        yield Backups(Path(name), *servers)


def compare(report: "Report", restored: dict[str, Any], there: dict[str, int]) -> None:
    """Hold the restored copy against what the exchange has: it has to the last order what was received over both changes."""
    checks = restored["checks"]
    found = {"orders": checks["orders"], "trades": checks["trades"]["count"]}
    report.check(restored["holds"], f"the restored backup does not hold: {checks.get('problems')}")
    report.check(found == there, f"the restored backup has {found}, the exchange {there}")
    report.figures["orders and trades in the restored backup"] = list(found.values())
    report.figures["timeline of the restored copy"] = restored["recovery"]["timeline"]
