"""An empty machine, as far as a test can have one: a root folder of its own, in which docs/deployment.md is followed.

Paths in a block lead into the folder. What only a real machine can do is named in ON_A_MACHINE_ONLY, and done instead by what
stands beside it here; everything else is run as it is written.
"""

import ctypes
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg

from config.embedded import free_port, postgres, redis
from config.processes import WATCHDOG
from config.programs import BASE_DIR
from tests import ports
from tests.operations.deploy.deployed import Unit, env_file, read_unit
from tests.operations.notified import Notified

NAME = "registry.example.cn"
OWNER, APPLICATION = "deployed", "deployed_app"
PATHS = ("/opt/tianhui", "/etc/", "/var/lib/tianhui", "/var/www", "/usr/local/bin")
ON_A_MACHINE_ONLY = {
    "apt-get": "packages are the suite's own: its virtual environment, its PostgreSQL, its Redis",
    "git": "the code is this very tree, not a version of it",
    "python3 -m venv": "the suite's virtual environment is used",
    "pip": "the same; a test compares it with requirements.txt",
    "systemctl": "there is no service manager: the test starts what the units say, in their environment",
    "systemd-sysusers": "done in test_units.py, in a root of its own",
    "systemd-tmpfiles": "the same",
    "tianhui-manage": "it asks the service manager; the command is run in the environment that all units have",
    "chown": "the suite has one user",
    "certbot": "there is no authority that would give a certificate",
    "nginx": "done in test_containers.py, where nginx is installed",
    "docker": "there is no engine",
}
STOP_SECONDS = 30.0
_PR_SET_MDWE = 65


@dataclass
class Machine:
    """The folder, and what runs on it."""

    root: Path
    web_port: int = 0
    stream_port: int = 0
    redis_port: int = 0
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    # What each program tells systemd.
    notified: dict[str, Notified] = field(default_factory=dict)
    # Ends whatever we have started, where we are killed.
    watchdog: subprocess.Popen[bytes] | None = None

    def path(self, path: str) -> Path:
        """Return where a path of the documentation is."""
        return self.root / path.lstrip("/")

    # Steps of the documentation

    def follow(self, block: str) -> str:
        """Run a block of the documentation, without the lines that only a machine can run; return what it prints."""
        lines = [line for line in _statements(block) if not only_on_a_machine(line)]
        text = self.inside("\n".join(lines))
        environment = {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "NAME": NAME, "LANG": "C.UTF-8"}
        found = subprocess.run(
            ["sh", "-eu", "-c", text], env=environment, capture_output=True, text=True, cwd=self.root
        )
        assert found.returncode == 0, f"{text}\n{found.stdout}{found.stderr}"
        return found.stdout

    def inside(self, text: str) -> str:
        """Return a text whose paths lead into the folder."""
        for path in PATHS:
            text = re.sub(rf"(?<![\w.]){re.escape(path)}", f"{self.root}{path}", text)
        return text

    def lay_out(self) -> None:
        """Do what the packages would, and what only root may: folders, the code, Python, and two commands."""
        for folder in (
            "etc/sysusers.d", "etc/tmpfiles.d", "etc/systemd/system", "etc/redis", "etc/nginx/sites-available",
            "etc/nginx/sites-enabled", "etc/tianhui/secrets", "opt/tianhui", "usr/local/bin", "var/lib/tianhui", "bin",
        ):  # fmt: skip
            self.path(folder).mkdir(parents=True)
        self.path("etc/redis/redis.conf").write_text("bind 127.0.0.1\n")
        shutil.copytree(
            BASE_DIR,
            self.path("opt/tianhui/app"),
            ignore=shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "browser"),
            symlinks=True,
        )
        (self.path("opt/tianhui/venv")).symlink_to(sys.prefix, target_is_directory=True)
        # As PostgreSQL's superuser, whose server is the suite's; the names of the documentation are taken there.
        self._command(
            "runuser",
            f'shift 3; sed -E "s/\\btianhui\\b/{OWNER}/g" | PGPASSWORD="{_server().password}" "{postgres.bin_dir()}/$@" '
            f"--host 127.0.0.1 --port {_server().port} --username {_server().username} --dbname postgres",
        )

    def _command(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def correct_addresses(self) -> None:
        """Have the secrets that name servers name the suite's, and ports that are free."""
        secrets = self.path("/etc/tianhui/secrets")
        for name in ("database-url", "migrations-database-url"):
            said = (secrets / name).read_text().replace(":5432/tianhui", f":{_server().port}/{OWNER}")
            said = said.replace("//tianhui_app:", f"//{APPLICATION}:").replace("//tianhui:", f"//{OWNER}:")
            (secrets / name).write_text(said)
        self.redis_port = free_port(ports.own(24_000))
        said = (secrets / "redis-url").read_text().replace(":6379/", f":{self.redis_port}/")
        (secrets / "redis-url").write_text(said)
        self.web_port = free_port(ports.own(24_040))
        self.stream_port = free_port(self.web_port + 1)

    # What the service manager does

    def start_broker(self) -> None:
        """Start Redis as its package would, but for where it keeps its data and listens."""
        own = ["--port", str(self.redis_port), "--dir", str(self.root), "--save", "", "--logfile", "redis.log"]
        config = self.path("/etc/redis/redis.conf")
        self._start("redis", [str(redis.server_path()), str(config), *own], {}, self.root)

    def start(self, name: str) -> None:
        """Start a unit's program as the unit says."""
        unit = read_unit(name, self.path("/etc/systemd/system"))
        for folder in unit.last("StateDirectory").split():
            self.path(f"/var/lib/{folder}").mkdir(mode=0o700, exist_ok=True)
        environment = self.environment_of(unit)
        if unit.all("Type")[-1:] == ["notify"]:
            self.notified[name] = Notified()
            environment["NOTIFY_SOCKET"] = self.notified[name].address
        self._start(name, self._command_of(unit), environment, self.path(unit.last("WorkingDirectory")))

    def run(self, name: str) -> str:
        """Run a unit's program to its end, which must be a good one; return what it says."""
        self.start(name)
        process = self.running.pop(name)
        assert process.wait() == 0, self.said(name)
        return self.said(name)

    def manage(self, *words: str) -> str:
        """Run a management command as `tianhui-manage` does: in the environment that all units have in common."""
        self._command_unit("tianhui-manage.service", words)
        return self.run("tianhui-manage.service")

    def _command_unit(self, name: str, words: tuple[str, ...]) -> None:
        command = " ".join(("/opt/tianhui/venv/bin/python -m config.programs manage", *words))
        self.path(f"/etc/systemd/system/{name}").write_text(f"[Service]\nExecStart={command}\n")

    def _command_of(self, unit: Unit) -> list[str]:
        return self.inside(unit.last("ExecStart")).split()

    def environment_of(self, unit: Unit) -> dict[str, str]:
        """Return a unit's environment, with its secrets handed in as the service manager hands them in."""
        handed_in = self.root / "run/credentials" / unit.name
        shutil.rmtree(handed_in, ignore_errors=True)
        handed_in.mkdir(parents=True)
        for credential, source in unit.credentials().items():
            shutil.copyfile(self.path(source), handed_in / credential)
            (handed_in / credential).chmod(0o440)
        settings = env_file(self.path(unit.last("EnvironmentFile")).read_text())
        settings |= {
            name: self.inside(value).replace("%d", str(handed_in)).replace("%t", str(self.path("/run")))
            for name, value in unit.environment().items()
        }
        system = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "CREDENTIALS_DIRECTORY": str(handed_in)}
        own = {"WEB_PORT": str(self.web_port), "STREAM_PORT": str(self.stream_port)}
        own |= {"PULSE_FILE": str(self.pulse_of(unit.name))}
        return settings | system | own

    def pulse_of(self, name: str) -> Path:
        """Return where a program leaves its sign of life, as it would in a container."""
        return self.root / f"{name}.pulse"

    def _start(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_deny_memory_that_is_written_and_executed,
            )
        if self.watchdog is None:
            command = [sys.executable, "-I", "-S", str(WATCHDOG)]
            self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        assert self.watchdog.stdin is not None
        self.watchdog.stdin.write(f"{self.running[name].pid}\n".encode())
        self.watchdog.stdin.flush()

    def said(self, name: str) -> str:
        """Return what a program has printed."""
        return (self.root / f"{name}.log").read_text(errors="replace")

    def stop(self, *names: str) -> dict[str, int]:
        """Stop programs as the service manager does, and return with what status each has ended."""
        for name in names:
            self.running[name].send_signal(signal.SIGTERM)
        statuses = {}
        deadline = time.monotonic() + STOP_SECONDS
        for name in names:
            process = self.running.pop(name)
            try:
                statuses[name] = process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                statuses[name] = -signal.SIGKILL
            # What it may have left behind in its group.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return statuses


def only_on_a_machine(line: str) -> bool:
    """Return whether a line of the documentation begins with what is named above."""
    words = line.strip().removeprefix("/opt/tianhui/venv/bin/")
    words = re.sub(r"^([A-Z_]+=\S+ )+", "", words)
    return any(words == command or words.startswith(f"{command} ") for command in ON_A_MACHINE_ONLY)


def _statements(block: str) -> list[str]:
    """Return a block's lines, with what goes on after a backslash in one."""
    return re.sub(r"\\\n\s*", " ", block).splitlines()


def _deny_memory_that_is_written_and_executed() -> None:
    """Do to a program what MemoryDenyWriteExecute=yes does, where the kernel can (Linux 6.3)."""
    ctypes.CDLL(None).prctl(_PR_SET_MDWE, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Server:
    port: int
    username: str
    password: str


def _server() -> _Server:
    url = urlsplit(os.environ["DATABASE_URL"])
    assert url.port
    assert url.username
    assert url.password
    return _Server(url.port, url.username, url.password)


@contextmanager
def machine(root: Path) -> Iterator[Machine]:
    """Have a machine as long as the context lasts; its roles and its database go with it."""
    found = Machine(root)
    # What a run has left that was killed.
    _forget_database()
    try:
        yield found
    finally:
        found.stop(*found.running)
        for notified in found.notified.values():
            notified.close()
        if found.watchdog is not None:
            found.watchdog.kill()
            found.watchdog.communicate()
        _forget_database()


def _forget_database() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {OWNER} WITH (FORCE)")
        for role in (APPLICATION, OWNER):
            connection.execute(f"DROP ROLE IF EXISTS {role}")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


class Visitor:
    """A browser behind the proxy: its cookies are secure ones, and its forms say where they come from."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, **fields: str) -> Answer:
        """Send the form of a page, with the word in it that shows that it is the page's."""
        page = self.get(path)
        word = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert word is not None, f"{path}: {page.status} {page.text[:300]}"
        body = urlencode(fields | {"csrfmiddlewaretoken": word[1]})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}"}
        return self._ask("POST", path, body, headers)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        as_proxied = {
            "Host": NAME,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.9",
            "Accept-Language": "en",
        }
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        connection.request(method, path, body, as_proxied | cookie | headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        found = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return Answer(answer.status, found, text)
