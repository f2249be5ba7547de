"""The product spread over hosts: a database with its broker, web, streams, and workers, each on a host of its own.

The servers listen on the network, with passwords; the programs are started by the very commands of `config.run`. Whoever
tests is on a host too, `clients`, and works on that database as the application's role.
"""

import contextlib
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config import embedded
from config.database_roles import ROLE, set_up_role
from config.embedded import Services, postgres
from config.embedded import redis as embedded_redis
from config.processes import Processes
from config.run import BASE_DIR, environment_for, programs
from tests.operations.hosts.network import SUBNET, Host, Network, network

HOSTS = ("db", "web", "stream", "a", "b", "control", "clients")
WEB_PORT, STREAM_PORT = 8000, 8001
# The test's data may be lost with the machine.
QUICK = {"fsync": "off", "full_page_writes": "off"}


@dataclass
class Product:
    """Hosts, what runs on them, and the environment that all programs have."""

    network: Network
    environment: Mapping[str, str]
    owner_url: str
    _running: dict[tuple[str, str], Processes] = field(default_factory=dict)

    @contextlib.contextmanager
    def at_hand(self) -> Iterator[None]:
        """Be on the host of the clients, and work on this product's database, as long as the context lasts."""
        redis_url, shards = self.environment["REDIS_URL"], int(self.environment["MATCHING_SHARDS"])
        with (
            self.network["clients"].inside(),
            working_on(self.environment["DATABASE_URL"]),
            _setting(REDIS_URL=redis_url, MATCHING_SHARDS=shards),
        ):
            yield

    def start(self, host: str, program: str, *options: str) -> None:
        """Start one of the product's programs on a host; options go to the end of its command."""
        processes = Processes(BASE_DIR, self.environment)
        command = [*programs(self.environment)[program], *options]
        processes.start(f"{host}:{program}", self.network[host].command(command))
        self._running[host, program] = processes

    def manage(self, host: str, *words: str) -> str:
        """Run a management command on a host to its end, and return what it says."""
        command = self.network[host].command([sys.executable, "manage.py", *words])
        run = subprocess.run(command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def stop(self, host: str, program: str) -> None:
        """Stop a program in order."""
        self._running.pop((host, program)).stop()

    def ended(self) -> list[str]:
        """Return which programs have ended by themselves."""
        return [f"{host}:{program}" for (host, program), each in self._running.items() if each.ended() is not None]

    def stop_all(self) -> None:
        """Stop whatever runs."""
        with contextlib.ExitStack() as stack:
            for processes in self._running.values():
                # All at once: each takes a while.
                processes._signal(signal.SIGTERM)
                stack.callback(processes.stop)
            self._running.clear()


@contextlib.contextmanager
def product(
    var_dir: Path, *, like: str = "", shards: int = 2, postgres_settings: Mapping[str, str] = QUICK
) -> Iterator[Product]:
    """Have hosts with a database, and no program yet; it is migrated, or as the one at the address `like`, which is sooner done.

    Raises: NotPermitted.
    """
    content = dumped(like) if like else b""
    with network(*HOSTS) as hosts, _servers(var_dir, hosts["db"], postgres_settings) as (owner_url, redis_url):
        password = secrets.token_urlsafe(16)
        url = urlsplit(owner_url)
        application_url = url._replace(netloc=f"{ROLE}:{quote(password)}@{url.hostname}:{url.port}").geturl()
        with hosts["clients"].inside(), working_on(owner_url):
            if content:
                _run("psql", "-q", "-v", "ON_ERROR_STOP=1", owner_url, content=content)
            else:
                call_command("migrate", verbosity=0)
            set_up_role(ROLE, password=password)
        found = Product(hosts, _environment(var_dir, hosts, application_url, redis_url, shards), owner_url)
        try:
            yield found
        finally:
            found.stop_all()


def _environment(var_dir: Path, hosts: Network, application_url: str, redis_url: str, shards: int) -> Mapping[str, str]:
    # What this process has of its own servers goes: it is theirs that count.
    ours = {"CELERY_BROKER_URL": "", "DATABASE_URL": application_url, "REDIS_URL": redis_url}
    return (
        environment_for(var_dir, Services(application_url, redis_url))
        | ours
        | {
            "MATCHING_SHARDS": str(shards),
            "ALLOWED_HOSTS": ",".join(host.address for host in hosts.hosts.values()),
            "WEB_HOST": hosts["web"].address,
            "WEB_PORT": str(WEB_PORT),
            "STREAM_HOST": hosts["stream"].address,
            "STREAM_PORT": str(STREAM_PORT),
            "STREAM_URL": f"http://{hosts['stream'].address}:{STREAM_PORT}",
        }
    )


@contextlib.contextmanager
def working_on(url: str) -> Iterator[None]:
    """Let this process's connection be to another database as long as the context lasts."""
    parts = urlsplit(url)
    there = {
        "HOST": parts.hostname,
        "PORT": str(parts.port),
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password,
        "OPTIONS": {name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "options"},
    }
    before = {name: connection.settings_dict[name] for name in there}
    connection.close()
    connection.settings_dict.update(there)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextlib.contextmanager
def _setting(**values: Any) -> Iterator[None]:
    before = {name: getattr(settings, name) for name in values}
    for name, value in values.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


@contextlib.contextmanager
def _servers(var_dir: Path, host: Host, postgres_settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Run PostgreSQL and Redis on a host, for whoever on the network has their passwords; both begin with nothing."""
    embedded.remove(var_dir)
    var_dir.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        stack.callback(embedded.remove, var_dir)
        with host.inside():
            cluster = postgres.prepare(var_dir, _silent)
            with (cluster.files / "pg_hba.conf").open("a") as access:
                access.write(f"host all all {SUBNET}.0/24 scram-sha-256\n")
            listen = {"listen_addresses": f"127.0.0.1,{host.address}"}
            server, url = postgres.start(var_dir, settings={**postgres_settings, **listen}, last_port=None, say=_silent)
            stack.callback(postgres.stop_fast, server)
            broker, redis_url = embedded_redis.start(var_dir, last_port=None)
            stack.callback(embedded_redis.stop_saving, broker)
            with redis.Redis.from_url(redis_url) as client:
                client.config_set("bind", f"127.0.0.1 {host.address}")
        yield url.replace("127.0.0.1", host.address), redis_url.replace("127.0.0.1", host.address)


def dumped(url: str) -> bytes:
    """Return what makes a database like the one at an address."""
    return _run("pg_dump", "--no-owner", "--no-privileges", url)


def _run(program: str, *arguments: str, content: bytes = b"") -> bytes:
    command = [str(postgres.bin_dir() / program), *arguments]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def _silent(_message: str) -> None:
    pass
