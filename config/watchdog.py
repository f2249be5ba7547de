"""End the programs of a starter that was killed: a program of its own, which the starter keeps on a pipe.

It reads the numbers of process groups, a line each, until the pipe closes. That is when the starter is gone: even
`kill -9` closes it. A starter that ends in order ends us first.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 15.0


def main() -> None:
    """Wait until the starter is gone, then end its process groups."""
    groups = {int(line) for line in sys.stdin}
    _send(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while _send(groups, 0) and time.monotonic() < deadline:
        time.sleep(0.1)
    _send(groups, signal.SIGKILL)


def _send(groups: set[int], number: int) -> bool:
    """Send a signal (0: none) to every group, and return whether any is left."""
    is_any_left = False
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue
        is_any_left = True
    return is_any_left


if __name__ == "__main__":
    main()
