"""The server that is backed up, spoken to by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg

from config.embedded import EmbeddedError, postgres
from config.operations.backup.errors import BackupError

ERRORS_KEPT = 4_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a server and reads its WAL."""

    system_identifier: str
    version: str
    segment_bytes: int


@dataclass(frozen=True, slots=True)
class Source:
    """A server, by the URL of a role that may replicate."""

    url: str

    @property
    def database(self) -> str:
        return unquote(urlsplit(self.url).path.lstrip("/"))

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).username or "")

    def environment(self) -> dict[str, str]:
        """Return the environment by which PostgreSQL's programs connect: no password stands in a command line."""
        url = urlsplit(self.url)
        found = {
            "PGHOST": unquote(url.hostname or ""),
            "PGPORT": str(url.port or ""),
            "PGUSER": self.user,
            "PGPASSWORD": unquote(url.password or ""),
            "PGDATABASE": self.database,
            "PGAPPNAME": "tianhui-backup",
        }
        options = {f"PG{name.upper()}": value for name, value in parse_qsl(url.query)}
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
        return kept | {"LC_ALL": "C"} | {name: value for name, value in (found | options).items() if value}

    def facts(self) -> Facts:
        """Ask the server who it is.

        Raises: BackupError where it does not answer.
        """
        try:
            with psycopg.connect(self.url, connect_timeout=10) as connection:
                row = connection.execute(
                    "SELECT (SELECT system_identifier FROM pg_control_system())::text, current_setting('server_version'),"
                    " (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size')"
                ).fetchone()
        except psycopg.Error as error:
            raise BackupError(f"The database does not answer: {str(error).strip()}") from None
        assert row is not None
        return Facts(*row)

    @contextmanager
    def output_of(self, command: list[str]) -> Iterator[IO[bytes]]:
        """Run one of PostgreSQL's programs, and give what it writes; it is ended where nobody reads on.

        Raises: BackupError at the end where it has failed, with what it said.
        """
        with subprocess.Popen(
            command,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            said = process.stderr.read().decode("utf-8", "replace").strip()[-ERRORS_KEPT:]
        if process.returncode:
            raise BackupError(f"{Path(command[0]).name} failed: {said}")

    def run(self, command: list[str]) -> None:
        """Run one of PostgreSQL's programs to its end.

        Raises: BackupError.
        """
        with self.output_of(command) as output:
            output.read()


def program(name: str, folder: str = "") -> str:
    """Return the path of one of PostgreSQL's programs: in the folder given, of the wheel, or where PATH has it.

    Raises: BackupError.
    """
    if folder:
        return str(Path(folder) / name)
    try:
        return str(postgres.bin_dir() / name)
    except EmbeddedError:
        found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} of PostgreSQL is not installed: name its folder (BACKUP_PG_BIN).")
    return found
