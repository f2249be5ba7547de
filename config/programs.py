"""The programs that make up the product, and how each is started: for run.py, systemd units and containers alike.

python -m config.programs               say which there are
python -m config.programs NAME          become the program of that name: web, stream, worker, match-0 …
python -m config.programs relief-0      become a second worker of match-0's, while that one is started anew
python -m config.programs release       what comes before them: the schema, the application's role, the checks
python -m config.programs manage …      become a management command
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
WEB_PORT = 8000
STREAM_PORT = 8001
WEB_WORKERS = 2
WEB_THREADS = 8
# One above asgi.MAX_READERS: who comes too many is told so, not left waiting.
STREAM_READERS = 10_001
STREAM_STOP_SECONDS = 2
# A connection on which nothing is asked is closed after this. Proxies before us let theirs go sooner (config/deploy): whoever asks
# on one that is just being closed has no answer, and what writes is not sent twice.
IDLE_SECONDS = 30
# The owner's address is for what changes the schema; the programs never see it.
OWNERS_SETTINGS = frozenset({"MIGRATIONS_DATABASE_URL", "MIGRATIONS_DATABASE_URL_FILE"})
# `release` has checked the code before any program starts. A worker that does it again imports every page and document, and
# is up half as fast when it was killed.
UNCHECKED = {"CELERY_SKIP_CHECKS": "1"}
# A mistake ends the release; a warning is shown.
CHECK = ["check", "--deploy", "--database", "default", "--fail-level", "ERROR"]


def programs(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the programs that make up the product, each as name and command.

    A market has one writer, hence one process a shard (`matching.0` …); checking all the books takes minutes, hence a
    process that nothing else waits for (`audit`); so has what waits for servers of others (`sending`); the rest of the
    tasks have their own. What follows the log has a queue of its own (`telling`), for a worker of its own where one is not enough.
    """
    shards = int(environment.get("MATCHING_SHARDS", "1"))
    usual = min(WEB_WORKERS, os.cpu_count() or 1)
    return {
        "web": [
            *_granian("wsgi", environment, "WEB", WEB_PORT, environment.get("WEB_WORKERS", str(usual))),
            *("--blocking-threads", environment.get("WEB_THREADS", str(WEB_THREADS)), "config.wsgi:application"),
        ],
        "stream": [
            *_granian("asgi", environment, "STREAM", STREAM_PORT, "1"),
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


def _granian(interface: str, environment: Mapping[str, str], name: str, usual: int, workers: str) -> list[str]:
    # This machine alone, where a proxy stands before us; in a container, its private network.
    host, port = environment.get(f"{name}_HOST", LOOPBACK), environment.get(f"{name}_PORT", str(usual))
    listen = ["--host", host, "--port", port, "--workers", workers]
    # Its one warning is about more threads than cores: ours wait for the database most of their time.
    quiet = ["--no-ws", "--log-level", "error", "--respawn-failed-workers"]
    idle = ["--http1-header-read-timeout", str(IDLE_SECONDS * 1_000)]
    return [*_python("granian"), "--interface", interface, *listen, *idle, *quiet]


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


def reliefs(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the programs that may take a matching worker's place while it is started anew: the same, under names of their own.

    Two workers of a market take turns at its row, so nothing is matched twice; only the market's books are read anew.
    """
    found = programs(environment).items()
    return {
        name.replace("match", "relief"): [*command, "-n", f"{name.replace('match', 'relief')}@%h"]
        for name, command in found
        if name.startswith("match-")
    }


def manage(*words: str) -> list[str]:
    """Return the command that runs a management command."""
    return [sys.executable, "manage.py", *words]


def release_steps(environment: Mapping[str, str]) -> list[list[str]]:
    """Return what is done before the programs start, in its order; each may be done again.

    Where the application has no role of its own, there is none to be made.
    """
    roles = [manage("database_roles")] if OWNERS_SETTINGS & environment.keys() else []
    return [manage("migrate", "--no-input"), *roles, manage(*CHECK)]


def release(environment: Mapping[str, str]) -> int:
    """Take the steps of a release, and return the status of the first that fails."""
    for command in release_steps(environment):
        if status := subprocess.run(command, cwd=BASE_DIR, env=environment).returncode:
            return status
    return 0


def become(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Go on as another program, in this very process: signals and the exit status are its own."""
    os.chdir(BASE_DIR)
    os.execve(command[0], list(command), dict(environment))


def main(words: Sequence[str]) -> int:
    """Do what the command line says; a program or a command takes this process over."""
    environment = dict(os.environ)
    name, *more = words or ["", ""]
    if name == "release" and not more:
        return release(environment)
    if name == "manage":
        become(manage(*more), environment)
    known = programs(environment) | reliefs(environment)
    if name not in known or more:
        print(f"Programs: {', '.join(known)}; release; manage …", file=sys.stderr)
        return 2
    become(known[name], {each: environment[each] for each in environment.keys() - OWNERS_SETTINGS} | UNCHECKED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
