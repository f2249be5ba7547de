"""A product on two database servers, a primary and its synchronous standby, with Redis and all programs: to be harmed."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config import embedded
from config.database_roles import ROLE
from config.embedded import Services, redis
from config.embedded.launch import Server
from config.processes import run_to_end
from config.run import BASE_DIR, environment_for, programs
from tests import ports
from tests.operations.failover import hosts
from tests.operations.failover.hosts import DATABASE, Host
from tests.soak.grounds import OF_OTHERS, QuietProcesses

PROGRAMS = ("web", "stream", "worker", "match-0", "beat")


@dataclass
class Grounds:
    """The servers and programs."""

    var: Path
    environment: dict[str, str]
    primary: Host
    standby: Host
    redis: Server
    programs: QuietProcesses

    @property
    def web_port(self) -> int:
        return int(self.environment["WEB_PORT"])

    @property
    def stream_port(self) -> int:
        return int(self.environment["STREAM_PORT"])

    def start(self, name: str) -> None:
        """Start one of PROGRAMS."""
        self.programs.start(name, programs(self.environment)[name])

    def lose_redis(self) -> None:
        """Kill Redis and remove all that it held."""
        self.redis.process.kill()
        self.redis.process.wait()
        shutil.rmtree(self.var / "redis")

    def start_redis(self) -> None:
        """Start Redis again, at its port, empty."""
        before = self.redis.port
        self.redis, _url = redis.start(self.var, last_port=before)
        assert self.redis.port == before, "the port of last time was taken"


@contextlib.contextmanager
def grounds(var: Path) -> Iterator[Grounds]:
    """Have an empty product with its schema on servers of its own, none of its programs started yet."""
    for name in (*OF_OTHERS, "REPLICA_URL", "MIGRATIONS_DATABASE_URL"):
        os.environ.pop(name, None)
    ports.give_servers_their_own()
    hosts.remove(var)
    var.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        primary, standby = stack.enter_context(hosts.pair(var))
        found = _start(var, primary, standby, stack)
        os.environ.update(found.environment)
        yield found


def _start(var: Path, primary: Host, standby: Host, stack: contextlib.ExitStack) -> Grounds:
    broker, redis_url = redis.start(var, last_port=embedded.free_port(standby.port + 1))
    web = embedded.free_port(ports.own(18_500))
    password = embedded.private_text(var / "application-password")
    environment = environment_for(var, Services(application_url(password, primary, standby), redis_url)) | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REPLICA_URL": replica_url(password, primary, standby),
        "RATE_READS": "100000000/60",
        "RATE_ORDERS": "100000000/60",
        "RATE_VISITORS": "100000000/60",
        "WEB_PORT": str(web),
        "STREAM_PORT": str(embedded.free_port(web + 1)),
    }
    owner = environment | {"MIGRATIONS_DATABASE_URL": primary.url()}
    for command in ("migrate", "database_roles"):
        words = [sys.executable, "manage.py", command, "--verbosity", "0"]
        assert run_to_end(words, folder=BASE_DIR, environment=owner) == 0, command
    processes = QuietProcesses(BASE_DIR, environment)
    found = Grounds(var, environment, primary, standby, broker, processes)
    stack.callback(lambda: redis.stop_saving(found.redis))
    processes.log = stack.enter_context((var / "programs.log").open("wb"))
    stack.callback(processes.stop)
    return found


def application_url(password: str, *servers: Host) -> str:
    """Return the address by which the application finds whichever of the servers takes writes."""
    return f"postgresql://{_netloc(password, servers)}/{DATABASE}?target_session_attrs=read-write"


def replica_url(password: str, *servers: Host) -> str:
    """Return the address by which it finds whichever of them is a standby."""
    return f"postgresql://{_netloc(password, servers)}/{DATABASE}?target_session_attrs=standby"


def _netloc(password: str, servers: tuple[Host, ...]) -> str:
    return f"{ROLE}:{quote(password)}@" + ",".join(f"127.0.0.1:{server.port}" for server in servers)
