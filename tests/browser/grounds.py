"""The product, served on a database that the scene has furnished: once for each process that tests."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import psycopg
from django.db import connection
from psycopg import sql

from config.embedded import Services, free_port
from config.processes import Processes
from config.run import BASE_DIR, environment_for, programs
from tests import ports
from tests.database import application_url
from tests.running import wait_until
from tests.servers import VAR


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
    """Furnish a copy of the test's database, which is migrated, and return it.

    It is done by a process of its own, as in the product: what the tests changed in this one is not there.
    """
    database = f"{connection.settings_dict['NAME']}_scene"
    copy_database(str(connection.settings_dict["NAME"]), database)
    facts, environment = VAR / "scene.json", _environment(database)
    for command in (["manage.py", "seed_demo"], ["-m", "tests.browser", "furnish", str(facts)]):
        subprocess.run(
            [sys.executable, "-W", "ignore", *command], env=environment, cwd=BASE_DIR, check=True, capture_output=True
        )
    found = json.loads(facts.read_text(encoding="utf-8"))
    password = (VAR / "scene-password").read_text(encoding="utf-8").strip()
    return Furnished(database, found["names"], found["sessions"], password, found["desk"])


def copy_database(source: str, copy: str) -> None:
    """Make a database that is as another, to which nobody may be connected just now."""
    connection.close()
    owner = urlsplit(application_url())._replace(path="/postgres")
    settings = connection.settings_dict
    owner = owner._replace(netloc=f"{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}")
    with psycopg.connect(owner.geturl(), autocommit=True) as admin:
        # A server's process ends a moment after its connection.
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        wait_until(lambda: admin.execute(others, [source]).fetchone() == (0,))
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy)))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(source)))


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
        for name, command in programs(environment).items():
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
    try:
        # Straight to this machine, whatever proxy the environment names.
        with build_opener(ProxyHandler({})).open(url, timeout=5):
            return True
    except OSError:
        return False


def _environment(database: str) -> dict[str, str]:
    url = urlsplit(application_url())._replace(path=f"/{database}").geturl()
    given = environment_for(VAR, Services(url, os.environ["REDIS_URL"]))
    return given | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO_PASSWORD_FILE": str(VAR / "scene-password"),
        # As in the demo: who has no second factor is let in. The tests of the log-in itself ask for it.
        "SECOND_FACTOR_REQUIRED": "0",
    }
