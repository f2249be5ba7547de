"""How long the offline verifier takes for each record of an exported log, and how much memory, as a program of its own."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from config.run import BASE_DIR


@dataclass(frozen=True, slots=True)
class Run:
    microseconds_a_record: float
    peak_mb: float


def verify(folder: Path, vkey: str, records: int) -> Run:
    """Verify an exported log of so many records.

    Raises: RuntimeError where the verifier finds fault with it.
    """
    started = perf_counter()
    peak_kb = _peak_kb([sys.executable, "-m", "ledger.transparency", "verify", str(folder), "--key", vkey, "--json"])
    return Run((perf_counter() - started) / records * 1e6, peak_kb / 1024)


def _peak_kb(command: list[str]) -> int:
    """Run a command to its end, and return the most memory that it had."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=BASE_DIR, stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(output.read().decode("utf-8", "replace"))
    return usage.ru_maxrss
