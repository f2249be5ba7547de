"""What each process counts of itself. What the books hold is read from the database when it is asked for (figures.py).

Where `METRICS_DIR` names a folder, all programs of a host write their figures there (prometheus_client's files, one a process),
and whoever is asked on this host tells of all of them. prometheus_client decides that when it is imported, by a variable of its own.
Labels are bounded: patterns of addresses, names of tasks and codes, symbols of markets; never what a caller has sent.
"""

import os
import platform
from pathlib import Path

from config import env

_FOLDER = env.text("METRICS_DIR", "")
if _FOLDER:
    Path(_FOLDER).mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _FOLDER

# ruff: noqa: E402 (the variable comes first)
import django
from prometheus_client import REGISTRY, Counter, Gauge, Histogram

REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
TASK_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BATCH_SIZES = (1, 10, 50, 100, 500, 1_000, 5_000)

VERSION = env.text("TIANHUI_VERSION", "0.1.0")

http_requests = Counter("tianhui_http_requests", "Requests answered.", ["route", "method", "status"])
http_seconds = Histogram(
    "tianhui_http_request_duration_seconds",
    "From a request to the beginning of its answer.",
    ["route"],
    buckets=REQUEST_SECONDS,
)
http_in_flight = Gauge("tianhui_http_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum")
refusals = Counter("tianhui_refusals", "What callers were refused, by the code that they were told.", ["code"])
rate_limited = Counter("tianhui_rate_limited", "Requests refused because there were too many.", ["budget"])
sign_in_failures = Counter("tianhui_sign_in_failures", "Log-ins that failed.", ["reason"])
security_events = Counter("tianhui_security_events", "What happened to accounts.", ["kind"])

orders_entered = Counter("tianhui_orders_entered", "Orders that were stored and queued.")
order_outcomes = Counter("tianhui_order_outcomes", "What became of orders in a batch of their market.", ["status"])
instructions_executed = Counter("tianhui_instructions_executed", "Instructions that books have taken.", ["market"])
trades = Counter("tianhui_trades", "Trades that were settled.", ["market"])
traded_tonnes = Counter("tianhui_traded_tonnes", "Tonnes that were traded.", ["market"])
turnover = Counter("tianhui_turnover_fen", "Money that changed hands for them, in fen.", ["market"])
batch_seconds = Histogram(
    "tianhui_matching_batch_duration_seconds",
    "A batch from its first lock to its commit.",
    buckets=BATCH_SECONDS,
)
batch_instructions = Histogram(
    "tianhui_matching_batch_instructions", "How many instructions a batch had.", buckets=BATCH_SIZES
)
batch_failures = Counter("tianhui_matching_batch_failures", "Batches that were rolled back.")

task_runs = Counter("tianhui_task_runs", "Tasks that ended.", ["task", "outcome"])
task_seconds = Histogram("tianhui_task_duration_seconds", "How long tasks took.", ["task"], buckets=TASK_SECONDS)

stream_readers = Gauge("tianhui_stream_readers", "Live streams that are open.", multiprocess_mode="livesum")

build_info = Gauge(
    "tianhui_build_info",
    "1; what runs is in its labels.",
    ["version", "python", "django"],
    multiprocess_mode="mostrecent",
)
build_info.labels(VERSION, platform.python_version(), django.get_version()).set(1)

__all__ = ["REGISTRY"]


def folder() -> Path | None:
    """Return where the processes of this host write their figures; None where each has only its own."""
    return Path(_FOLDER) if _FOLDER else None
