"""What is observed of Celery: the id of the request that a task follows from, how tasks end, and how long they take."""

import time
from contextlib import ExitStack
from typing import Any

from celery import Task
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)
from django.conf import settings

from config.operations.observe import metrics, tracing
from config.operations.observe.trails import CURRENT, Trail, current_request_id, is_well_formed, new_id

REQUEST_ID = "request_id"
_begun: dict[str, tuple[float, Any, ExitStack, tracing.Span | None]] = {}


@setup_logging.connect
def _keep_our_logging(**_more: Any) -> None:
    """Leave logging as Django has set it up: who answers this signal does what Celery would do."""


@before_task_publish.connect
def _hand_on(headers: dict[str, Any] | None = None, **_more: Any) -> None:
    """Give a task the id of the request that has caused it."""
    if headers is None:
        return
    if request_id := current_request_id():
        headers[REQUEST_ID] = request_id
    if (tracer := tracing.tracer()) is not None:
        tracer.hand_on(headers)


@worker_init.connect
@worker_process_init.connect
def _begin_worker(**_more: Any) -> None:
    tracing.set_up("worker")


@worker_init.connect
def _serve_metrics(**_more: Any) -> None:
    """Answer Prometheus at a port of our own, where there is no web process on this host that answers for all."""
    if settings.METRICS_PORT:
        from config.operations.observe.server import serve_metrics

        serve_metrics(settings.METRICS_HOST, settings.METRICS_PORT)


@task_prerun.connect
def _begin(task_id: str = "", task: Task[Any, Any] | None = None, **_more: Any) -> None:
    if task is None:
        return
    # A worker has the headers of a message beside everything else; a task that is called at once has them apart.
    given = getattr(task.request, REQUEST_ID, None) or (task.request.headers or {}).get(REQUEST_ID)
    trail = Trail(given if isinstance(given, str) and is_well_formed(given) else new_id())
    stack = ExitStack()
    span = _span_of(task, stack)
    if span is not None:
        trail.trace_id = span.trace_id
    _begun[task_id] = time.perf_counter(), CURRENT.set(trail), stack, span


def _span_of(task: Task[Any, Any], stack: ExitStack) -> tracing.Span | None:
    tracer = tracing.tracer()
    if tracer is None:
        return None
    carrier = {"traceparent": str(getattr(task.request, "traceparent", "") or "")}
    return stack.enter_context(tracer.working(str(task.name), carrier))


@task_postrun.connect
def _end(task_id: str = "", task: Task[Any, Any] | None = None, state: str | None = None, **_more: Any) -> None:
    begun = _begun.pop(task_id, None)
    if begun is None or task is None:
        return
    started, before, stack, span = begun
    seconds, name = time.perf_counter() - started, str(task.name)
    metrics.task_runs.labels(name, (state or "unknown").lower()).inc()
    metrics.task_seconds.labels(name).observe(seconds)
    if span is not None and state == "FAILURE":
        span.fail()
    stack.close()
    CURRENT.reset(before)
