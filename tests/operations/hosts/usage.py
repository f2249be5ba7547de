"""How much processor time programs have used, from /proc: user and system, theirs and that of what they started."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(process_id: int) -> float:
    """Return the processor seconds of a process, all that it has started, and of those that have ended and it has waited for."""
    found = {pid: (parent, ticks) for pid, parent, ticks in map(_read, _process_ids()) if pid}
    return _sum(process_id, found) / _TICKS


def own_seconds() -> float:
    """Return the processor seconds of this process alone."""
    return sum(os.times()[:2])


def _sum(process_id: int, found: dict[int, tuple[int, int]]) -> int:
    if process_id not in found:
        return 0
    children = [pid for pid, (parent, _ticks) in found.items() if parent == process_id]
    return found[process_id][1] + sum(_sum(child, found) for child in children)


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(process_id: int) -> tuple[int, int, int]:
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0, 0
    # The name stands in brackets, and may hold any character.
    words = text.rpartition(")")[2].split()
    return process_id, int(words[1]), sum(map(int, words[11:15]))
