"""Wait for what is to come: for a condition, with a deadline, and never for a time. Without Django, for who starts it first."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any


def wait_until(what: Callable[[], Any], otherwise: str = "it is not so", *, seconds: float = 60.0) -> None:
    """Wait until something is so.

    Raises: AssertionError where it is not so in time.
    """
    deadline = monotonic() + seconds
    while not what():
        assert monotonic() < deadline, f"{otherwise}: not after {seconds:.0f} s"
        sleep(0.02)
