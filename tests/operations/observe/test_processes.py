"""Several processes of a host count into one folder, and any of them tells of all."""

import os
import subprocess
import sys

from django.conf import settings

from config.operations.observe.folders import begin_anew
from tests.operations.observe.scrapes import names, read, value

COUNTS = """
from config.operations.observe import metrics
from config.operations.observe.tally import tally
metrics.orders_entered.inc(2)
metrics.stream_readers.inc()
tally.begin()
tally.end("api/v1/orders", "POST", 201, 0.02)
tally.flush()
"""
TELLS = """
import os
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
from config.operations.observe import exposition, metrics
metrics.stream_readers.inc()
print(exposition.exposition(with_figures=False).decode())
"""


def run(program, folder):
    environment = dict(os.environ) | {"METRICS_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_what_several_processes_count_is_told_together(tmp_path):
    folder = tmp_path / "metrics"
    run(COUNTS, folder)
    run(COUNTS, folder)
    scrape = read(run(TELLS, folder))
    assert value(scrape, "tianhui_orders_entered_total") == 4
    assert value(scrape, "tianhui_http_requests_total", route="/api/v1/orders", status="201") == 2
    assert value(scrape, "tianhui_http_request_duration_seconds_count", route="/api/v1/orders") == 2
    assert value(scrape, "tianhui_http_request_duration_seconds_bucket", route="/api/v1/orders", le="0.01") == 0
    assert value(scrape, "tianhui_http_request_duration_seconds_bucket", route="/api/v1/orders", le="0.025") == 2
    # The readers of the two processes that have ended are gone with them.
    assert value(scrape, "tianhui_stream_readers") == 1
    assert "tianhui_build_info" in names(scrape)
    begin_anew(folder)
    assert not list(folder.glob("*.db"))
    assert value(read(run(TELLS, folder)), "tianhui_orders_entered_total") == 0


def test_a_command_leaves_nothing_in_the_folder(tmp_path):
    folder = tmp_path / "metrics"
    environment = dict(os.environ) | {"METRICS_DIR": str(folder)}
    command = [sys.executable, "manage.py", "help", "worker_alive"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True, timeout=120)
    assert not folder.exists()
