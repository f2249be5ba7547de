"""In which order tests are run: what takes longest comes first, in every process that shares them.

`--dist worksteal` gives each process a stretch of the list, and whoever is through takes from the end of another's. A test of
a minute at the end would leave one process working alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pytest

# Where programs are started, everything is read by everybody, or thousands of things are thrown at an address.
LONG = (
    "tests/operations/",
    "tests/faults/test_processes.py",
    "tests/faults/test_web.py",
    "tests/faults/test_soak.py",
    "tests/ledger/api/test_schemathesis.py",
    "tests/config/admin_site/",
    "tests/doors/",
    "tests/demo/",
    "tests/ledger/api/test_fuzz.py",
)


def longest_first(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests in stretches, one for each process, each of which begins with its share of the longest files."""
    files = [list(file) for place in LONG for file in _files(item for item in items if item.nodeid.startswith(place))]
    heads: list[list[pytest.Item]] = [
        [item for file in files[at::processes] for item in file] for at in range(processes)
    ]
    rest = [item for item in items if not item.nodeid.startswith(LONG)]
    found: list[pytest.Item] = []
    for at, head in enumerate(heads):
        # As many as the process gets; those that it does not need for that are left to the next.
        room = max(0, len(items) * (at + 1) // processes - len(found) - len(head))
        found += [*head, *rest[:room]]
        rest = rest[room:]
    return found + rest


def _files(items: Iterable[pytest.Item]) -> Iterator[Iterable[pytest.Item]]:
    return (tests for _path, tests in groupby(items, lambda item: item.nodeid.partition("::")[0]))
