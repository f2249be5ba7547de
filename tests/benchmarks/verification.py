"""How long the offline verifier takes for each record of an exported log, and how much memory, as a program of its own.

Its time is the processor's, not the clock's: it has but one thread, and other programs run beside it.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.run import BASE_DIR
from tests.benchmarks.large_log import write_log


@dataclass(frozen=True, slots=True)
class Run:
    microseconds_a_record: float
    peak_mb: float

    def mean(self, other: "Run") -> "Run":
        """Return what this run and another one come to."""
        return Run((self.microseconds_a_record + other.microseconds_a_record) / 2, max(self.peak_mb, other.peak_mb))


def write_and_verify(folder: Path, records: int) -> Run:
    """Write a log of so many records and verify it; the writing is not measured.

    Raises: RuntimeError where the verifier finds fault with it.
    """
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ledger.transparency", "verify", str(folder), "--json"]
    seconds, peak_kb = _cost_of([*command, "--key", write_log(folder, records)])
    return Run(seconds / records * 1e6, peak_kb / 1024)


def _cost_of(command: list[str]) -> tuple[float, int]:
    """Run a command to its end, and return its seconds on a processor and the most memory that it had, in kB."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=BASE_DIR, stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(output.read().decode("utf-8", "replace"))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss
