"""Reconciliation as a job: one at a time, its progress to be watched, what it found kept in the history.

What may be lost stands in the cache: whether a run is under way, and how far it has got. `RUNNING` is there as long as a
worker says that it is alive, every few seconds; a worker that is killed says nothing more, and the next run may begin. A
worker that slept for longer than that and wakes finds another run: both finish, which does no harm, since both only read.
"""

import datetime as dt
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import redis
from django.core.cache import cache
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from config.celery import app
from ledger.journal.reconciliation import InvariantResult
from ledger.journal.runs import ReconciliationRun
from ledger.transparency.selectors import latest_checkpoint
from trading.errors import WorkersOutOfReach
from trading.execution.reconciliation import reconcile

logger = logging.getLogger(__name__)

TASK = "trading.tasks.reconcile_books"
QUEUE = "audit"
BEAT = "beat"
RUNNING = "reconciliation:running"
PROGRESS = "reconciliation:progress"
ALIVE_SECONDS = 30
"""Who has said nothing for so long is gone."""
SIGN_OF_LIFE_SECONDS = 5.0
KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has got: `total` is 0 until a worker has taken it, `run_id` is None until it has ended."""

    token: str
    triggered_by: str
    requested_at: dt.datetime
    done: int = 0
    total: int = 0
    # What is being checked: an English message id, or a market's symbol.
    step: str = ""
    run_id: int | None = None
    # Not stored: its worker, or the queue, has said nothing for too long.
    is_lost: bool = False

    @property
    def is_under_way(self) -> bool:
        return self.run_id is None and not self.is_lost

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


def current_progress() -> Progress | None:
    """Return the run that is under way, or the last one that somebody asked for within a day.

    Raises: WorkersOutOfReach.
    """
    with _reached():
        # Both at one moment: a run writes its end before it lets go.
        found = cache.get_many([RUNNING, PROGRESS])
    content = found.get(PROGRESS)
    if content is None:
        return None
    return replace(Progress(**content), is_lost=content["run_id"] is None and found.get(RUNNING) != content["token"])


def request_run(triggered_by: str) -> Progress:
    """Have a worker check every invariant, and return how far that is; where a run is under way, that one is returned.

    Raises: WorkersOutOfReach.
    """
    with _reached():
        begun = _begin(triggered_by)
        if begun is None:
            found = current_progress()
            # The other run has just ended, or has not said yet that it began.
            return found or Progress("", triggered_by, timezone.now())
        try:
            # Whoever takes it later than this would not be believed to be alive.
            app.send_task(TASK, args=[begun.token], queue=QUEUE, retry=False, expires=ALIVE_SECONDS)
        except OperationalError:
            cache.delete(RUNNING)
            raise
        return begun


def run_requested(token: str) -> ReconciliationRun | None:
    """Do the run of that token; nothing where it is not the one under way, as when its message comes a second time."""
    progress = current_progress()
    if progress is None or progress.token != token or not progress.is_under_way:
        return None
    return _run(progress)


def run_nightly() -> ReconciliationRun | None:
    """Do the run of the night; nothing where one is under way."""
    begun = _begin(BEAT)
    return None if begun is None else _run(begun)


def _begin(triggered_by: str) -> Progress | None:
    begun = Progress(secrets.token_urlsafe(12), triggered_by, timezone.now())
    if not cache.add(RUNNING, begun.token, ALIVE_SECONDS):
        return None
    _tell(begun)
    return begun


def _run(progress: Progress) -> ReconciliationRun:
    """Check every invariant, keep what is found, and let go; whatever happens, others may begin afterwards."""

    def tell(done: int, total: int, step: str) -> None:
        with _though_out_of_reach():
            _tell(replace(progress, done=done, total=total, step=step))

    started_at = timezone.now()
    newest = latest_checkpoint()
    try:
        # Names are kept as message ids: who reads them chooses the language.
        with _saying_that_it_lives(progress.token), translation.override(None):
            results = reconcile(progress=tell)
        run = ReconciliationRun.objects.create(
            started_at=started_at,
            finished_at=timezone.now(),
            triggered_by=progress.triggered_by,
            # The log only grows: at least this much of it was checked.
            tree_size=newest.tree_size if newest else 0,
            results=[_kept(result) for result in results],
            holds=all(result.holds for result in results),
        )
        with _though_out_of_reach():
            _tell(replace(progress, done=len(results), total=len(results), run_id=run.pk))
        return run
    finally:
        with _though_out_of_reach():
            cache.delete(RUNNING)


def _kept(result: InvariantResult) -> dict[str, Any]:
    return {
        "number": result.number,
        "name": result.message or result.name,
        "params": dict(result.params),
        "holds": result.holds,
        "detail": result.detail,
    }


def _tell(progress: Progress) -> None:
    cache.set(PROGRESS, {name: value for name, value in asdict(progress).items() if name != "is_lost"}, KEPT_SECONDS)


@contextmanager
def _saying_that_it_lives(token: str) -> Iterator[None]:
    """Keep RUNNING from expiring, from a thread: one invariant alone can take longer than it lasts."""
    ended = threading.Event()

    def say() -> None:
        while not ended.wait(SIGN_OF_LIFE_SECONDS):
            # Also where the cache was emptied meanwhile; another run's mark is left alone.
            with _though_out_of_reach():
                if not cache.add(RUNNING, token, ALIVE_SECONDS) and cache.get(RUNNING) == token:
                    cache.touch(RUNNING, ALIVE_SECONDS)

    thread = threading.Thread(target=say, name="reconciliation-lives", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OperationalError) as error:
        raise WorkersOutOfReach() from error


@contextmanager
def _though_out_of_reach() -> Iterator[None]:
    """Go on without the cache: the check itself needs the database alone."""
    try:
        yield
    except redis.RedisError as error:
        logger.warning("the progress of a reconciliation cannot be told: %s", error)
