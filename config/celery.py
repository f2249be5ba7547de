"""The Celery application: settings from Django, tasks from each app's tasks.py."""

import gc
import os

from celery import Celery
from celery.signals import beat_init, import_modules, task_postrun, task_prerun, worker_init, worker_ready
from celery.states import FAILURE
from django.db import OperationalError, close_old_connections, connection

import config.operations.observe.work  # noqa: F401 (listens to Celery's signals)
from config import collector
from config.operations.deploy.pulse import Pulse, say_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Who listens first hears first: between this and the end of the file Django is set up, and all tasks are found.
import_modules.connect(collector.pause)
app = Celery("tianhui", task_cls="ledger.incidents.tasks:FreezableTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery asks for this one by the very name, which no setting of the namespace becomes.
app.conf["CELERY_DB_REUSE_MAX"] = 2**31
app.autodiscover_tasks()
app.steps["worker"].add(Pulse)
app.autodiscover_tasks(["config.operations.observe"])


@task_prerun.connect
@task_postrun.connect
def _drop_broken_connections(**kwargs: object) -> None:
    """Keep the database connection from task to task, as requests do, unless it is broken or too old.

    Celery itself would close it after each task: connecting anew took longer than a batch.
    """
    close_old_connections()


@worker_init.connect
@beat_init.connect
def _refuse_a_restored_copy(**kwargs: object) -> None:
    """Let no worker start on a restored copy: it would match, send and pay a second time what has been done.

    The copy is read-only besides, for a worker that was at work already when the copy took the database's place.
    """
    from ledger.transparency.binding import AGAIN, restored_label

    try:
        label = restored_label()
    except OperationalError:
        # The database is away: each task will find out for itself.
        return
    finally:
        # Where the worker forks, none of its processes has it from another.
        connection.close()
    if label:
        raise SystemExit(f"This database is a restored copy ({label}): no worker runs on it. {AGAIN}")


@task_postrun.connect
def _let_go_of_failures(state: str | None = None, **kwargs: object) -> None:
    """Free what failed tasks leave behind, now: errors hold their frames, those their connections, and these the errors.

    While the database was away a worker grew by half before the collector came by itself.
    """
    if state == FAILURE:
        gc.collect()


@worker_ready.connect
def _look_for_parked_tasks(sender: object, **kwargs: object) -> None:
    """Go on with what another release's worker has put aside."""
    from config.worker import unpark_at_start

    unpark_at_start(sender)


worker_ready.connect(collector.keep_what_is_there)
worker_ready.connect(say_ready)
import_modules.connect(collector.keep_what_is_there)
