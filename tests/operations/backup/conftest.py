"""A small server of its own to back up, the keys, and commands run as their own processes."""

import io
import os
import signal
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyrage
import pytest

from config.embedded import postgres
from config.operations.backup import signing
from config.operations.backup.__main__ import main
from config.operations.backup.archive import Archive
from config.operations.backup.restoring import Opener
from config.operations.backup.source import Source
from config.processes import Processes
from config.run import BASE_DIR
from tests.waiting import wait_until


@dataclass(frozen=True)
class Grounds:
    """An archive with its keys, of a server."""

    folder: Path
    source: Source
    identity: pyrage.x25519.Identity

    @property
    def archive(self):
        return Archive(self.folder / "archive")

    @property
    def recipients(self):
        return [self.identity.to_public()]

    @property
    def signer(self):
        return signing.signer_in(self.folder / "backup-key", make=True)

    @property
    def opener(self):
        return Opener([self.identity], signing.verifier_of(self.signer.vkey))

    @property
    def slot(self):
        return "t_" + self.folder.name.lower().replace("-", "_")[-40:]

    def environment(self):
        """Return the settings of the commands."""
        (self.folder / "identity").touch(mode=0o600)
        (self.folder / "identity").write_text(f"{self.identity}\n")
        named = {
            "BACKUP_ARCHIVE": self.archive.folder,
            "BACKUP_DATABASE_URL": self.source.url,
            "BACKUP_RECIPIENTS": self.identity.to_public(),
            "BACKUP_SIGNING_KEY_FILE": self.folder / "backup-key",
            "BACKUP_VKEY": self.signer.vkey,
            "BACKUP_IDENTITY_FILE": self.folder / "identity",
            "BACKUP_SPOOL": self.folder / "spool",
            "BACKUP_SLOT": self.slot,
        }
        return dict(os.environ) | {name: str(value) for name, value in named.items()}

    def command(self, *words):
        return [sys.executable, "-m", "config.operations.backup", *map(str, words)]

    def run(self, *words, **environment):
        """Run a command to its end, and return its exit status, what it printed and what it said of errors."""
        said, errors = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ.update(self.environment() | environment)
        try:
            with redirect_stdout(said), redirect_stderr(errors):
                status = main([str(word) for word in words])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return status, said.getvalue(), errors.getvalue()

    def execute(self, statement):
        with psycopg.connect(self.source.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    @contextmanager
    def receiving(self):
        """Receive WAL by a process of its own; at the end, all that the server has written until then is in the archive."""
        processes = Processes(BASE_DIR, self.environment())
        processes.start("receive", self.command("receive", "--partial-seconds", "0.2", "--slot", self.slot))
        try:
            wait_until(lambda: self.execute(_RECEIVES), seconds=60)
            yield processes
            # What is committed may not be flushed yet.
            end = self.execute("SELECT pg_current_wal_insert_lsn()")
            wait_until(lambda: self.execute(_RECEIVED.format(end)), seconds=60)
        finally:
            processes.stop()
            wait_until(lambda: not self.execute(_RECEIVES), seconds=60)
            self.execute(f"SELECT pg_drop_replication_slot('{self.slot}')")


_RECEIVES = (
    "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 'tianhui-backup' AND state = 'streaming')"
)
_RECEIVED = (
    "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 'tianhui-backup' AND flush_lsn >= '{}')"
)


def kill(process):
    """Kill a process and all that it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def small_server(tmp_path_factory):
    """Return the address of a server with nothing in it but what a test writes."""
    folder = tmp_path_factory.mktemp("small")
    server, url = postgres.start(folder, settings={"fsync": "off", "shared_buffers": "16MB"}, last_port=None, say=print)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE fact (id bigint PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
    yield url
    postgres.stop_fast(server)


@pytest.fixture
def open_folder():
    """Return a folder that the unprivileged user, as whom PostgreSQL runs where we are root, may go through."""
    with tempfile.TemporaryDirectory(prefix="tianhui-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def grounds(small_server, tmp_path):
    return Grounds(tmp_path, Source(small_server), pyrage.x25519.Identity.generate())
