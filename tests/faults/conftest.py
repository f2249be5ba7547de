"""The product's own programs on the test's database, for who kills them: started once for a module, since they take seconds."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from config.processes import Processes
from tests.faults.standing import sessions
from tests.running import running, signal_program
from tests.waiting import wait_until

Programs = tuple[Processes, dict[str, str]]


@pytest.fixture(scope="module")
def programs(django_db_setup: None, django_db_blocker: Any) -> Iterator[Programs]:
    """Run the market's worker, the general one and beat."""
    with django_db_blocker.unblock(), running("match-0", "worker", "beat") as found:
        yield found
        signal_program(found[0], "beat", signal.SIGCONT)


@pytest.fixture
def product(programs: Programs, transactional_db: None) -> Iterator[Programs]:
    """Give the running programs to one test; beat pauses while the tables are emptied after it."""
    processes, _environment = programs
    signal_program(processes, "beat", signal.SIGCONT)
    yield programs
    signal_program(processes, "beat", signal.SIGSTOP)
    wait_until(lambda: sessions("state <> 'idle'") == 0)
