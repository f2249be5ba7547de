"""Run the product on one machine: `python -m config.run demo`. The Makefile calls this.

Every program gets its settings by the environment; what the environment says already is left as it is.
"""

import argparse
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote, urlsplit

from config import embedded, env
from config.database_roles import ROLE
from config.embedded import EmbeddedError, Services
from config.processes import Processes, run_to_end, write_line

BASE_DIR = Path(__file__).resolve().parent.parent
WEB_PORT = 8000
STREAM_PORT = 8001
WEB_WORKERS = 2
WEB_THREADS = 8
# One above asgi.MAX_READERS: who comes too many is told so, not left waiting.
STREAM_READERS = 10_001
STREAM_STOP_SECONDS = 2
READY_SECONDS = 60.0
LOOPBACK = "127.0.0.1"
# The demo's people share a password that is printed: to ask them for a second factor would guard nothing. Every page says so.
DEMO_SETTINGS = {"IS_DEMO": "1", "SECOND_FACTOR_REQUIRED": "0"}
# The owner's address is for what changes the schema; the programs never see it.
OWNERS_SETTINGS = {"MIGRATIONS_DATABASE_URL", "MIGRATIONS_DATABASE_URL_FILE"}


class Stopped(SystemExit):
    """Somebody stopped us: Ctrl-C, SIGTERM, or a terminal that was closed."""


class StepFailed(RuntimeError):
    """A command that the start needs has failed; it has said why itself."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    options = _parse(arguments)
    _stop_on_signals()
    var_dir = Path(options.var).resolve()
    try:
        if options.command in ("demo", "up"):
            return serve(var_dir, with_demo=options.command == "demo")
        if options.command == "demo-check":
            return check(var_dir / "demo-check")
        return execute(var_dir, _command_of(options))
    except (EmbeddedError, StepFailed) as error:
        print(error, file=sys.stderr)
        return 1


def serve(var_dir: Path, *, with_demo: bool) -> int:
    """Run the product until somebody stops it, or one of its programs ends."""
    try:
        with product(var_dir, steps=[["seed_demo"]] if with_demo else []) as (processes, environment):
            if with_demo:
                _manage(["demo_logins"], environment)
            write_line(f"Tianhui 田汇 runs at http://{LOOPBACK}:{environment['WEB_PORT']}/")
            write_line("Ctrl-C stops everything; what it holds is kept.")
            name, status = processes.wait()
            write_line(f"{name} ended with status {status}: everything stops.")
            return 1
    except Stopped:
        write_line("Stopped.")
        return 0


def check(var_dir: Path) -> int:
    """Run demo_check against a product of its own, begun from nothing, and return its exit status."""
    embedded.remove(var_dir)
    with product(var_dir, steps=[["seed_demo"]]) as (_processes, environment):
        command = [sys.executable, "manage.py", "demo_check"]
        return run_to_end(command, folder=BASE_DIR, environment=environment)


def execute(var_dir: Path, command: Sequence[str]) -> int:
    """Run a command beside the product that runs in the folder, or with a database and a broker of its own."""
    if (found := embedded.attach(var_dir)) is not None:
        os.execvpe(command[0], list(command), dict(os.environ) | found)
    with embedded.services(var_dir, say=write_line) as services:
        environment = environment_for(var_dir, services)
        if _password_file(var_dir).exists():
            environment |= application_login(var_dir, services)
        return run_to_end(command, folder=BASE_DIR, environment=environment)


@contextmanager
def product(var_dir: Path, *, steps: Sequence[Sequence[str]]) -> Iterator[tuple[Processes, Mapping[str, str]]]:
    """Run everything, migrated and after the given management commands, as long as the context lasts.

    Raises: EmbeddedError, StepFailed.
    """
    with embedded.services(var_dir, say=write_line) as services:
        # The pages' files, compressed and named by their hashes.
        collected = {"STATIC_ROOT": os.environ.get("STATIC_ROOT") or str(var_dir / "static")}
        environment = (
            environment_for(var_dir, services) | collected | _addresses(var_dir) | application_login(var_dir, services)
        )
        if ["seed_demo"] in steps:
            environment = DEMO_SETTINGS | environment
        embedded.remember(var_dir, environment=_ours(environment))
        roles = [["database_roles", "--verbosity", "0"]] if OWNERS_SETTINGS & environment.keys() else []
        files = ["collectstatic", "--no-input", "--verbosity", "0"]
        for step in (["migrate", "--verbosity", "0"], *roles, files, *steps):
            _manage(step, environment)
        environment = {name: value for name, value in environment.items() if name not in OWNERS_SETTINGS}
        processes = Processes(BASE_DIR, environment)
        try:
            for name, command in programs(environment).items():
                processes.start(name, command)
            _wait_until_ready(processes, environment["WEB_PORT"])
            yield processes, environment
        finally:
            processes.stop()


def environment_for(var_dir: Path, services: Services) -> dict[str, str]:
    """Return the environment of our programs: the servers, and secrets that are made at first."""
    environment = {
        "LOG_LEVEL": "WARNING",
        "DOCUMENTS_DIR": str(var_dir / "documents"),
        "LOG_SIGNING_KEY_FILE": str(var_dir / "log-signing-key"),
        "REGISTRY_FILES": str(var_dir / "registry"),
        "DEMO_PASSWORD_FILE": str(var_dir / "demo-password"),
        "CELERY_BEAT_SCHEDULE_FILENAME": str(var_dir / "beat-schedule"),
        "PYTHONUNBUFFERED": "1",
        # `migrate` has checked the code before any program starts. A worker that does it again imports every page and
        # document, and is up half as fast when it was killed.
        "CELERY_SKIP_CHECKS": "1",
    }
    if not {"SECRET_KEY", "SECRET_KEY_FILE"} & os.environ.keys():
        embedded.private_text(var_dir / "secret-key")
        environment["SECRET_KEY_FILE"] = str(var_dir / "secret-key")
    return environment | dict(os.environ) | services.environment()


def application_login(var_dir: Path, services: Services) -> dict[str, str]:
    """Return how the application and the schema's owner log in to a database that is ours; nothing for another's.

    The owner of our own server is its superuser, as whom no page and no task should work.
    """
    if env.text("DATABASE_URL", ""):
        return {}
    password = embedded.private_text(_password_file(var_dir))
    url = urlsplit(services.database_url)
    application = url._replace(netloc=f"{ROLE}:{quote(password)}@{url.hostname}:{url.port}")
    return {"DATABASE_URL": application.geturl(), "MIGRATIONS_DATABASE_URL": services.database_url}


def _password_file(var_dir: Path) -> Path:
    return var_dir / "application-password"


def programs(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the programs that make up the product, each as name and command.

    A market has one writer, hence one process a shard (`matching.0` …); checking all the books takes minutes, hence a
    process that nothing else waits for (`audit`); so has what waits for servers of others (`sending`); the rest of the
    tasks have their own. What follows the log has a queue of its own (`telling`), for a worker of its own where one is not enough.
    """
    shards = int(environment.get("MATCHING_SHARDS", "1"))
    workers = min(WEB_WORKERS, os.cpu_count() or 1)
    return {
        "web": [
            *_granian("wsgi", environment.get("WEB_HOST", LOOPBACK), environment["WEB_PORT"], workers),
            *("--blocking-threads", str(WEB_THREADS), "config.wsgi:application"),
        ],
        "stream": [
            *_granian("asgi", environment.get("STREAM_HOST", LOOPBACK), environment["STREAM_PORT"], 1),
            # Every reader is a request under way, and none ends by itself: they will connect anew.
            *("--backpressure", str(STREAM_READERS), "--workers-kill-timeout", str(STREAM_STOP_SECONDS)),
            "config.asgi:application",
        ],
        "worker": _celery_worker("celery,telling"),
        **{f"match-{shard}": _celery_worker(f"matching.{shard}") for shard in range(shards)},
        "audit": _celery_worker("audit"),
        "sending": _celery_worker("sending,webhooks"),
        "beat": [*_celery("beat"), "--loglevel", "WARNING", "--pidfile", ""],
    }


def _granian(interface: str, host: str, port: str, workers: int) -> list[str]:
    listen = ["--host", host, "--port", port, "--workers", str(workers)]
    # Its one warning is about more threads than cores: ours wait for the database most of their time.
    quiet = ["--no-ws", "--log-level", "error", "--respawn-failed-workers"]
    return [*_python("granian"), "--interface", interface, *listen, *quiet]


def _celery_worker(tasks_queue: str) -> list[str]:
    # One process that does one task after the other: a book in its memory is then always the newest.
    alone = ["--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    return [*_celery("worker"), "-Q", tasks_queue, "-n", f"{tasks_queue.partition(',')[0]}@%h", *alone]


def _celery(command: str) -> list[str]:
    # Root is warned of messages that are pickles; ours are JSON.
    return [*_python("celery", "-W", "ignore:You're running the worker"), "--quiet", "-A", "config", command]


def _python(module: str, *options: str) -> list[str]:
    # By module: scripts in .venv/bin name the path at which .venv was made.
    return [sys.executable, *options, "-m", module]


def _addresses(var_dir: Path) -> dict[str, str]:
    """Choose the ports, those of last time where they are free, and say which are not the usual ones."""
    web = _port("Pages", var_dir, "WEB_PORT", WEB_PORT, taken=None)
    stream = _port("Live streams", var_dir, "STREAM_PORT", STREAM_PORT, taken=web)
    embedded.remember(var_dir, web_port=web, stream_port=stream)
    url = os.environ.get("STREAM_URL", f"http://{LOOPBACK}:{stream}")
    return {"WEB_PORT": str(web), "STREAM_PORT": str(stream), "STREAM_URL": url}


def _port(what: str, var_dir: Path, name: str, usual: int, *, taken: int | None) -> int:
    first = int(os.environ.get(name, usual))
    last = embedded.remembered(var_dir).get(name.lower()) if name not in os.environ else None
    port = embedded.free_port(first, last if isinstance(last, int) else None)
    if port == taken:
        port = embedded.free_port(port + 1)
    if port != first:
        write_line(f"{what} are on port {port} instead of {first}.")
    return port


def _ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the environment that was not there before, and that a command beside us needs."""
    return {name: value for name, value in environment.items() if os.environ.get(name) != value}


def _manage(command: Sequence[str], environment: Mapping[str, str]) -> None:
    words = [sys.executable, "manage.py", *command]
    if status := run_to_end(words, folder=BASE_DIR, environment=environment):
        raise StepFailed(f"manage.py {command[0]} failed (status {status}); everything stops.")


def _wait_until_ready(processes: Processes, web_port: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(f"http://{LOOPBACK}:{web_port}/admin/login/"):
        if (ended := processes.ended()) is not None:
            raise StepFailed(f"{ended[0]} ended with status {ended[1]} at its start; everything stops.")
        if time.monotonic() > deadline:
            raise StepFailed(f"The pages do not answer after {READY_SECONDS:.0f} s; everything stops.")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    # Straight to this machine, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5.0):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def _stop_on_signals() -> None:
    def stop(number: int, _frame: FrameType | None) -> None:
        # Once is enough: what follows must not be cut short.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _command_of(options: argparse.Namespace) -> list[str]:
    words = [word for place, word in enumerate(options.words) if (place, word) != (0, "--")]
    if options.command == "manage":
        return [sys.executable, "manage.py", *words]
    return words


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.run", description=__doc__)
    parser.add_argument("--var", default=str(BASE_DIR / "var"), help="folder of data and secrets")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run everything, with the pilot project")
    commands.add_parser("up", help="run everything")
    commands.add_parser("demo-check", help="run one season through a product of its own")
    for name, what in (("manage", "a management command"), ("exec", "any command")):
        command = commands.add_parser(name, help=f"run {what} with the services")
        command.add_argument("words", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
