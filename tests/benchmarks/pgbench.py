"""PostgreSQL's own benchmark (TPC-B, scale 10) on the same server, which the house's figures are measured against."""

import re
import subprocess
from pathlib import Path

from tests.benchmarks.stage import new_database

SCALE = 10
_TPS = re.compile(r"tps = ([\d.]+)")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")


class PgBench:
    """TPC-B in a database of its own."""

    def __init__(self, program: Path, database_url: str, seconds: int) -> None:
        self._program = program
        self._url = new_database(database_url, "pgbench")
        self._seconds = seconds
        self._run("-i", "-q", "-s", str(SCALE))

    def transactions_per_second(self, clients: int = 32) -> float:
        """Return transactions a second."""
        found = _TPS.search(self._run("-c", str(clients), "-j", "2", "-T", str(self._seconds)))
        assert found is not None
        return float(found[1])

    def latency_ms(self) -> float:
        """Return how long a transaction of a single client takes."""
        found = _LATENCY.search(self._run("-c", "1", "-T", str(self._seconds)))
        assert found is not None
        return float(found[1])

    def _run(self, *arguments: str) -> str:
        command = [str(self._program), "-n", *arguments, self._url]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(run.stderr)
        return run.stdout
