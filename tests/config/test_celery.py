"""What our Celery does beside its tasks."""

import gc
import logging
import weakref
from collections.abc import Iterator

import pytest
from celery.app.trace import build_tracer

from config.celery import app


class Connection:
    """Stands for what a task holds while it fails."""


@pytest.fixture
def _collector_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Who tests keeps what is logged, and so the errors.
    monkeypatch.setattr(logging.getLogger("celery.app.trace"), "disabled", True)
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_collector_off")
def test_what_a_failed_task_held_is_let_go_with_the_next_failure() -> None:
    held: list[weakref.ref[Connection]] = []

    @app.task(name="tests.fails", shared=False)
    def fails() -> None:
        connection = Connection()
        held.append(weakref.ref(connection))
        try:
            raise ValueError("away")
        except ValueError as error:
            kept = error  # noqa: F841 (as a frame of Django's does: the error holds the frame, and the frame the error)
            raise

    try:
        trace = build_tracer("tests.fails", app.tasks["tests.fails"], loader=app.loader, app=app)
        for number in range(3):
            trace(str(number), (), {}, {"id": str(number), "task": "tests.fails"})
        assert [each() is None for each in held[:2]] == [True, True]
    finally:
        app.tasks.pop("tests.fails")
