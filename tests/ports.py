"""From where on the tests look for free ports: each of several processes of one test run has a range of its own."""

import os

RANGE = 200
# What pytest-xdist calls its processes: gw0, gw1 …
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")


def own(first: int) -> int:
    """Return the first port of this process's range."""
    return first + RANGE * int(PROCESS.removeprefix("gw") or 0)


def give_servers_their_own() -> None:
    """Let servers that this process starts look in its range: nobody takes a port between a stop and a start."""
    from config.embedded import postgres, redis

    postgres.FIRST_PORT = own(54_320)
    redis.FIRST_PORT = own(63_790)
