"""Two PostgreSQL servers, one following the other, each on data of its own: as two hosts would be.

PostgreSQL's own programs do all of it: pg_basebackup, pg_promote, pg_rewind. What an operator does by hand, and Patroni by
itself, is here a function each (docs/failover.md).
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.embedded import free_port, postgres
from config.embedded.launch import Server, bare_environment, write_private
from tests import ports
from tests.soak.chaos import children_of
from tests.waiting import wait_until

USER = DATABASE = postgres.USER
SETTINGS = {
    # A page that a query of the standby still reads is kept by the primary for that long: no query there is cancelled.
    "hot_standby_feedback": "on",
    # What a standby has yet to fetch is kept, but not until the primary's disk is full.
    "max_slot_wal_keep_size": "4GB",
    # Without checksums pg_rewind needs these.
    "wal_log_hints": "on",
    # Either end notices within seconds that the other one says nothing.
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    # On the disk of both before anybody is told: what is acknowledged outlives either.
    "synchronous_commit": "on",
}


@dataclass
class Host:
    """One server: its name among those that follow each other, its data, and its process while it runs."""

    name: str
    var: Path
    settings: dict[str, str] = field(default_factory=dict)
    server: Server | None = None
    last_port: int | None = None

    @property
    def cluster(self) -> postgres.Cluster:
        return postgres.prepare(self.var, lambda _message: None)

    @property
    def port(self) -> int:
        assert self.last_port is not None
        return self.last_port

    def url(self) -> str:
        """Return the address of its owner."""
        return self.cluster.url(self.port)

    def start(self) -> None:
        """Start it on what it has: as a primary, or where standby.signal says so as a standby."""
        settings = SETTINGS | {"cluster_name": self.name} | self.settings
        server, _url = postgres.start(self.var, settings=settings, last_port=self.last_port, say=lambda _message: None)
        assert self.last_port in (None, server.port), "the port of last time was taken"
        self.server, self.last_port = server, server.port

    def stop(self) -> None:
        if self.server is not None:
            postgres.stop_fast(self.server)

    def die(self) -> None:
        """Kill all its processes at once, as if the host had lost its power."""
        assert self.server is not None
        process = self.server.process
        # Nobody is born any more while its children are counted.
        os.kill(process.pid, signal.SIGSTOP)
        for child in children_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.kill()
        process.wait()

    def ask(self, statement: str, **parameters: Any) -> Any:
        """Return the first value of a statement that its owner makes."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(statement, parameters).fetchone()
            return None if row is None else row[0]

    def set(self, name: str, value: str) -> None:
        """Set something for good, without a restart."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))  # type: ignore[arg-type]
            )
            connection.execute("SELECT pg_reload_conf()")

    def is_primary(self) -> bool:
        return not self.ask("SELECT pg_is_in_recovery()")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as whoever the server runs as.

        Raises: AssertionError with what it says where it fails.
        """
        cluster = self.cluster
        run_program(cluster.bin_dir / program, arguments, cluster.home, cluster.account)


def run_program(program: Path, arguments: tuple[str, ...], home: Path, account: Any) -> None:
    who = account.arguments() if account else {}
    command = [str(program), *arguments]
    run = subprocess.run(
        command, cwd=home, env=bare_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False, **who
    )
    assert run.returncode == 0, f"{program.name}: {run.stderr.decode()}"


def conninfo(home: Path, port: int, password: str, account: Any) -> str:
    """Return how a server logs in to another one; the password stands in a file, not in a command line."""
    passfile = home / "pgpass"
    write_private(passfile, f"*:*:*:{USER}:{password}\n")
    if account:
        os.chown(passfile, account.uid, account.gid)
    return f"host=127.0.0.1 port={port} user={USER} passfile={passfile}"


def copy_primary(name: str, var: Path, *, port: int, password: str, settings: Mapping[str, str] | None = None) -> Host:
    """Return a host whose data are a copy of a running primary's, to be started as its standby."""
    var.mkdir(parents=True, exist_ok=True)
    write_private(var / postgres.PASSWORD_NAME, password)
    account = postgres._account(var)
    home = postgres._home(var, account)
    shutil.rmtree(home / "data", ignore_errors=True)
    login = conninfo(home, port, password, account)
    run_program(
        postgres._reachable_binaries(home, account) / "pg_basebackup",
        (
            # With a slot: what happens between the copy and the start is kept for it.
            *("-d", f"{login} application_name={name}", "-D", str(home / "data"), "-R", "-C", "-S", name),
            *("-X", "stream", "--checkpoint=fast"),
        ),
        home,
        account,
    )
    return Host(name, var, dict(settings or {}))


def confirm_by(primary: Host, standby: Host) -> None:
    """Let commits on the primary wait until the standby has them on its disk, and wait until it is so."""
    primary.set("synchronous_standby_names", standby.name)
    wait_until(
        lambda: (
            primary.ask(
                "SELECT sync_state FROM pg_stat_replication WHERE application_name = %(name)s", name=standby.name
            )
            == "sync"
        ),
        f"{standby.name} does not follow {primary.name}",
    )


def fence(host: Host) -> None:
    """Make a host that is down come back as a standby, of nobody: whoever looks for a primary passes over it."""
    signal_file = host.cluster.files / "standby.signal"
    signal_file.touch()
    if account := host.cluster.account:
        os.chown(signal_file, account.uid, account.gid)


def acknowledges_nothing(host: Host, *, port: int, seconds: float) -> bool:
    """Start what was a primary as it is, at a port that nobody knows, and tell whether a commit there waits in vain.

    It waits for the word of the standby that it had, which follows it no more. It is down again afterwards.
    """
    (host.cluster.files / "standby.signal").unlink(missing_ok=True)
    usual, host.last_port = host.port, port
    host.start()
    try:
        assert host.is_primary(), "it has come back as a standby, which nobody has told it to be"
        with contextlib.closing(psycopg.connect(host.url(), autocommit=True)) as connection:
            connection.pgconn.send_query(b"SELECT pg_logical_emit_message(true, 'fence', '')")
            answered, _, _ = select.select([connection.pgconn.socket], [], [], seconds)
            waits = host.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            return not answered and waits >= 1
    finally:
        host.die()
        host.last_port = usual


def promote(host: Host) -> None:
    """Make a standby the primary. It waits for nobody's word: the one that it followed is gone."""
    host.set("synchronous_standby_names", "")
    assert host.ask("SELECT pg_promote(true, 60)"), "it is not promoted within a minute"


def rejoin(host: Host, primary: Host) -> None:
    """Make what was the primary a standby of the new one: what it has that nobody was told of is taken back."""
    cluster = host.cluster
    primary.ask("SELECT pg_create_physical_replication_slot(%(name)s, true)", name=host.name)
    # pg_rewind lets it recover by itself first, which is no standby's way.
    (cluster.files / "standby.signal").unlink(missing_ok=True)
    (cluster.files / "postmaster.pid").unlink(missing_ok=True)
    login = conninfo(cluster.home, primary.port, cluster.password, cluster.account)
    host.run(
        "pg_rewind",
        "-D",
        str(cluster.files),
        "-R",
        f"--source-server={login} application_name={host.name} dbname={DATABASE}",
    )
    host.settings["primary_slot_name"] = host.name
    host.start()


def switch_over(old: Host, new: Host) -> None:
    """Have a standby take the primary's place in order: the primary hands on all that it has, and ends first."""
    old.stop()
    promote(new)
    new.ask(
        "SELECT pg_create_physical_replication_slot(%(name)s, true)"
        " WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = %(name)s)",
        name=old.name,
    )
    # Both ended at the same place: there is nothing to rewind.
    fence(old)
    old.settings["primary_slot_name"] = old.name
    old.start()
    # Nobody fetches anything by this one any more: it would keep what is written for ever.
    old.ask(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %(name)s",
        name=new.name,
    )
    confirm_by(new, old)


def first_port() -> int:
    """Return from where on this process looks for ports that it comes back to after a while.

    Nobody else looks there, no connection is given one by the kernel, and another run on the same machine begins elsewhere.
    """
    return ports.own(22_000) + os.getpid() % 48 * 4


@contextlib.contextmanager
def pair(var: Path) -> Iterator[tuple[Host, Host]]:
    """Have a primary and its synchronous standby on new data as long as the context lasts."""
    primary = Host("a", var / "a", last_port=free_port(first_port()))
    hosts = [primary]
    try:
        primary.var.mkdir(parents=True, exist_ok=True)
        primary.start()
        standby = copy_primary("b", var / "b", port=primary.port, password=primary.cluster.password)
        hosts.append(standby)
        standby.last_port = free_port(primary.port + 1)
        standby.start()
        confirm_by(primary, standby)
        yield primary, standby
    finally:
        for host in hosts:
            host.stop()


def remove(var: Path) -> None:
    """Remove the data of a pair that has stopped, wherever they are."""
    for part in ("a", "b"):
        for home in postgres.homes(var / part):
            shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(var, ignore_errors=True)
