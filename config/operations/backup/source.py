"""The server that is backed up, spoken to by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import psycopg

from config.embedded import EmbeddedError, postgres
from config.operations.backup.errors import BackupError

ERRORS_KEPT = 4_000
# Where libpq has another name for a parameter in the environment than its own without underlines.
_VARIABLES = {"application_name": "PGAPPNAME", "connect_timeout": "PGCONNECT_TIMEOUT"}
_PRIMARY = "target_session_attrs"


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a server and reads its WAL."""

    system_identifier: str
    version: str
    segment_bytes: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot: whether somebody receives by it, and whether the primary has thrown away what it was to keep."""

    is_active: bool
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A server, by the URL of a role that may replicate."""

    url: str

    @property
    def database(self) -> str:
        return unquote(urlsplit(self.url).path.lstrip("/"))

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).netloc.rpartition("@")[0].partition(":")[0])

    @property
    def address(self) -> str:
        """The URL, by which of several hosts the primary is found."""
        url = urlsplit(self.url)
        if "," not in url.netloc or _PRIMARY in url.query:
            return self.url
        return urlunsplit(url._replace(query="&".join(filter(None, [url.query, f"{_PRIMARY}=read-write"]))))

    def environment(self) -> dict[str, str]:
        """Return the environment by which PostgreSQL's programs connect: no password stands in a command line."""
        url = urlsplit(self.address)
        # Several hosts, of which one is the primary (docs/failover.md): libpq takes them as they stand, and urlsplit does not.
        login, _at, servers = url.netloc.rpartition("@")
        user, _colon, password = login.partition(":")
        hosts, ports = zip(*(_host_and_port(server) for server in servers.split(",")), strict=True)
        found = {
            "PGHOST": ",".join(hosts),
            "PGPORT": ",".join(ports) if any(ports) else "",
            "PGUSER": unquote(user),
            "PGPASSWORD": unquote(password),
            "PGDATABASE": self.database,
            "PGAPPNAME": "tianhui-backup",
        }
        options = {
            _VARIABLES.get(name, f"PG{name.upper().replace('_', '')}"): value for name, value in parse_qsl(url.query)
        }
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
        return kept | {"LC_ALL": "C"} | {name: value for name, value in (found | options).items() if value}

    def facts(self) -> Facts:
        """Ask the server who it is.

        Raises: BackupError where it does not answer.
        """
        try:
            with psycopg.connect(self.address, connect_timeout=10) as connection:
                row = connection.execute(
                    "SELECT (SELECT system_identifier FROM pg_control_system())::text, current_setting('server_version'),"
                    " (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size')"
                ).fetchone()
        except psycopg.Error as error:
            raise BackupError(f"The database does not answer: {str(error).strip()}") from None
        assert row is not None
        return Facts(*row)

    def documents_named(self) -> frozenset[str] | None:
        """Return the hashes of all documents that rows name; None where this role may not read them, or the server does not answer."""
        try:
            with psycopg.connect(self.address, connect_timeout=10) as connection:
                rows = connection.execute(
                    "SELECT sha256 FROM ledger_document UNION SELECT public_sha256 FROM ledger_document WHERE public_sha256 <> ''"
                ).fetchall()
        except psycopg.Error:
            return None
        return frozenset(sha256 for (sha256,) in rows)

    def slot(self, name: str) -> Slot | None:
        """Return how a replication slot stands on the primary of this moment; None where it has none of that name.

        Raises: BackupError where no primary answers.
        """
        try:
            with psycopg.connect(self.address, connect_timeout=10) as connection:
                row = connection.execute(
                    "SELECT active, coalesce(wal_status = 'lost', false) FROM pg_replication_slots WHERE slot_name = %s",
                    [name],
                ).fetchone()
        except psycopg.Error as error:
            raise BackupError(f"The database does not answer: {str(error).strip()}") from None
        return None if row is None else Slot(*row)

    def drop_slot(self, name: str) -> None:
        """Drop a replication slot that nobody uses.

        Raises: BackupError.
        """
        try:
            with psycopg.connect(self.address, connect_timeout=10, autocommit=True) as connection:
                connection.execute("SELECT pg_drop_replication_slot(%s)", [name])
        except psycopg.Error as error:
            raise BackupError(f"The replication slot {name} cannot be dropped: {str(error).strip()}") from None

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


def _host_and_port(server: str) -> tuple[str, str]:
    one = urlsplit(f"//{server}")
    try:
        return unquote(one.hostname or ""), str(one.port or "5432")
    except ValueError as error:
        raise BackupError(f"BACKUP_DATABASE_URL names a server that is none, {server!r}: {error}.") from None


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
