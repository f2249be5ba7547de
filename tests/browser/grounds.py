"""The product, served on a database that the scene has furnished: once for all processes that share the tests."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import psycopg
from django.db import connection
from psycopg import sql

from config.embedded import Services, free_port
from config.embedded.postgres import bin_dir
from config.processes import Processes
from config.run import BASE_DIR, environment_for
from tests import ports
from tests.database import application_url
from tests.running import commands
from tests.servers import VAR
from tests.waiting import wait_until

# Where who furnishes for all leaves what others take over: a dump of the database, facts about it, and its files.
SHARED = BASE_DIR / "var" / "scene"
# Where this process has the files of its own copy: keys, documents, the people's password.
FILES = VAR / "scene"
# What the processes that share the tests of one run have in common; one that is alone furnishes for itself.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")


@dataclass(frozen=True, slots=True)
class Scene:
    """A site with everything in it: where it is, the names that complete addresses, and people's sessions and password, the desk."""

    site: str
    names: dict[str, str]
    sessions: dict[str, str]
    password: str
    desk: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Furnished:
    """A database that was furnished, to be copied."""

    database: str
    names: dict[str, str]
    sessions: dict[str, str]
    password: str
    desk: dict[str, list[str]]


def furnish() -> Furnished:
    """Furnish a database, or take over what another process of this run has furnished, and return it."""
    database = f"{connection.settings_dict['NAME']}_scene"
    if not RUN:
        _furnish(database)
    else:
        with _one_at_a_time():
            if (SHARED / "run").exists() and (SHARED / "run").read_text() == RUN:
                _take_over(database)
            else:
                _furnish(database)
                _leave_to_others(database)
    found = json.loads((FILES / "scene.json").read_text(encoding="utf-8"))
    password = (FILES / "demo-password").read_text(encoding="utf-8").strip()
    return Furnished(database, found["names"], found["sessions"], password, found["desk"])


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with SHARED.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _furnish(database: str) -> None:
    """Furnish a copy of the test's database, which is migrated.

    It is done by a process of its own, as in the product: what the tests changed in this one is not there.
    """
    copy_database(str(connection.settings_dict["NAME"]), database)
    FILES.mkdir(exist_ok=True)
    for command in (["manage.py", "seed_demo"], ["-m", "tests.browser", "furnish", str(FILES / "scene.json")]):
        subprocess.run(
            [sys.executable, "-W", "ignore", *command],
            env=_environment(database),
            cwd=BASE_DIR,
            check=True,
            capture_output=True,
        )


def _leave_to_others(database: str) -> None:
    shutil.rmtree(SHARED, ignore_errors=True)
    shutil.copytree(FILES, SHARED / "files")
    _of_postgres("pg_dump", "--format=custom", f"--file={SHARED / 'dump'}", _owner_url(database))
    # Last, so that nobody takes over what is not whole.
    (SHARED / "run").write_text(RUN)


def _take_over(database: str) -> None:
    with _administering() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    _of_postgres("pg_restore", "--exit-on-error", f"--dbname={_owner_url(database)}", str(SHARED / "dump"))
    shutil.copytree(SHARED / "files", FILES)


def _of_postgres(program: str, *arguments: str) -> None:
    subprocess.run([str(bin_dir() / program), *arguments], check=True, capture_output=True)


def _owner_url(database: str) -> str:
    settings = connection.settings_dict
    netloc = f"{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}"
    return urlsplit(application_url())._replace(netloc=netloc, path=f"/{database}").geturl()


@contextmanager
def _administering() -> Iterator[psycopg.Connection]:
    with psycopg.connect(_owner_url("postgres"), autocommit=True) as admin:
        yield admin


def copy_database(source: str, copy: str) -> None:
    """Make a database that is as another, to which nobody may be connected just now."""
    connection.close()
    with _administering() as admin:
        # A server's process ends a moment after its connection.
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        wait_until(lambda: admin.execute(others, [source]).fetchone() == (0,))
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy)))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(source)))
    # The copy goes on from what the key has signed of the other, of which it may not have signed anything.
    _state_file(copy).unlink(missing_ok=True)
    if _state_file(source).exists():
        shutil.copyfile(_state_file(source), _state_file(copy))


@contextmanager
def serving(furnished: Furnished, *names: str, database: str | None = None) -> Iterator[Scene]:
    """Serve what was furnished by these programs (web, worker …) as long as the context lasts."""
    web = free_port(ports.own(18_100))
    stream = free_port(web + 1)
    environment = _environment(database or furnished.database) | {"WEB_PORT": str(web), "STREAM_PORT": str(stream)}
    if "stream" in names:
        environment["STREAM_URL"] = f"http://127.0.0.1:{stream}"
    processes = Processes(BASE_DIR, environment)
    site = f"http://127.0.0.1:{web}"
    try:
        for name, command in commands(environment).items():
            if name in names:
                processes.start(name, command)
        wait_until_there(f"{site}/login")
        yield Scene(site, furnished.names, furnished.sessions, furnished.password, furnished.desk)
    finally:
        processes.stop()


def wait_until_there(url: str) -> None:
    """Wait until a page is there: a process that has just begun has everything to load first.

    Raises: AssertionError where it is not there in time.
    """
    wait_until(lambda: answers(url), seconds=60)


def answers(url: str) -> bool:
    """Return whether a page is there."""
    address = urlsplit(url)
    try:
        # Most often nobody listens yet, which is known at once.
        socket.create_connection((address.hostname, address.port), timeout=5).close()
        # Straight to this machine, whatever proxy the environment names.
        with build_opener(ProxyHandler({})).open(url, timeout=5):
            return True
    except OSError:
        return False


def _state_file(database: str) -> Path:
    """Return where it is kept what the one key has signed of a database: each of them has a log of its own."""
    return FILES / f"log-state-{database}"


def _environment(database: str) -> dict[str, str]:
    url = urlsplit(application_url())._replace(path=f"/{database}").geturl()
    given = environment_for(FILES, Services(url, os.environ["REDIS_URL"]))
    return given | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # Beside the database, whatever the tests in this process have.
        "DEMO_PASSWORD_FILE": str(FILES / "demo-password"),
        "DOCUMENTS_DIR": str(FILES / "documents"),
        "LOG_SIGNING_KEY_FILE": str(FILES / "log-signing-key"),
        "LOG_STATE_FILE": str(_state_file(database)),
        "REGISTRY_FILES": str(FILES / "registry"),
        # As in the demo: who has no second factor is let in. The tests of the log-in itself ask for it.
        "SECOND_FACTOR_REQUIRED": "0",
    }
