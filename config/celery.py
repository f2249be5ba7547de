"""The Celery application: settings from Django, tasks from each app's tasks.py."""

import os

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tianhui", task_cls="ledger.incidents.tasks:FreezableTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery asks for this one by the very name, which no setting of the namespace becomes.
app.conf["CELERY_DB_REUSE_MAX"] = 2**31
app.autodiscover_tasks()


@task_prerun.connect
@task_postrun.connect
def _drop_broken_connections(**kwargs: object) -> None:
    """Keep the database connection from task to task, as requests do, unless it is broken or too old.

    Celery itself would close it after each task: connecting anew took longer than a batch.
    """
    close_old_connections()
