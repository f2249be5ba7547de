"""The product's settings, in a process whose clock is set back again and again: as by a time server, only worse.

Read where DJANGO_SETTINGS_MODULE says so. Everything that asks Python for the time gets the wrong one; only how long
something takes (`time.monotonic`) stays true.
"""

import threading

import time_machine

from config.settings import *  # noqa: F403

SECONDS_BACK = (0, 5, 90, 3_600)
SECONDS_A_STEP = 1.5


def _step() -> None:
    real = time_machine.escape_hatch.time.time
    pause = threading.Event()
    while True:
        for seconds in SECONDS_BACK:
            with time_machine.travel(real() - seconds, tick=True):
                pause.wait(SECONDS_A_STEP)


threading.Thread(target=_step, name="clock", daemon=True).start()
