"""Programs start without the garbage collector, which passes over what they have read afterwards."""

import json
import subprocess
import sys

import pytest

from config.run import BASE_DIR

# What a program reads at its start, in a process of its own; then how often all of it was looked through, and how things are.
STARTER = """
import gc, json, sys
whole = []
gc.callbacks.append(lambda phase, info: phase == "start" and info["generation"] == 2 and whole.append(1))
import config.celery
whole.clear()
{starts}
print(json.dumps([len(whole), gc.isenabled(), gc.get_freeze_count() > 100_000, {module!r} in sys.modules]))
"""


@pytest.mark.parametrize(
    ("starts", "module"),
    [
        ("import config.wsgi", "ledger.web.urls"),
        ("import config.asgi", "trading.stream.app"),
        ("config.celery.app.loader.import_default_modules()", "trading.tasks"),
    ],
)
def test_what_a_program_reads_at_its_start_is_not_looked_through_again_and_again(starts, module):
    answered = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STARTER.format(starts=starts, module=module)],
        cwd=BASE_DIR,
        capture_output=True,
        check=True,
        text=True,
    )
    times, is_enabled, is_frozen, has_read = json.loads(answered.stdout)
    assert (is_enabled, is_frozen, has_read) == (True, True, True)
    # By chance once, for what is read before anything is begun.
    assert times <= 1
