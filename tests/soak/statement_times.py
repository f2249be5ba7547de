"""How long statements take, read from PostgreSQL's own log: some of them by lot, told apart by the number that it gives to all
statements that differ by their values alone (`compute_query_id`). The embedded PostgreSQL has no pg_stat_statements.
"""

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import NamedTuple

READ_SECONDS = 1.0
TEXT_CHARACTERS = 300
# Since 1970, the number, how long, and what was done: an unnamed `statement`, or `execute` of a prepared one.
_LINE = re.compile(r"^(\d+\.\d+) (-?\d+) LOG:  duration: (\d+\.\d+) ms  (?:statement|execute [^:]*): (.*)$")
# What comes through its function, not through a query of ours.
_NOT_OURS = re.compile(r"\s*(begin|commit|rollback|savepoint|release|set |show |discard)", re.IGNORECASE)


class Timed(NamedTuple):
    """A statement, when it ended (monotonic clock), and how long it took."""

    at: float
    number: str
    ms: float


@dataclass
class StatementTimes:
    """Follows the log in a thread of its own; a log that begins anew (PostgreSQL was restarted) is read from its beginning."""

    log: Path
    timed: list[Timed] = field(default_factory=list)
    # What was said that is no statement's time: errors and the like, by their words.
    said: Counter[str] = field(default_factory=Counter)
    # What PostgreSQL tells of each deadlock: who waited for whom, with which statements. Its log begins anew with it.
    deadlocks: list[str] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)
    _at: int = 0
    _rest: str = ""
    _last: str = ""
    _in_deadlock: bool = False
    _offset: float = field(default_factory=lambda: monotonic() - time())
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin at the end of what is there."""
        self._at = self.log.stat().st_size
        self._thread = threading.Thread(target=self._run, name="statement times", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read what has come meanwhile, and no more."""
        self._ended.set()
        assert self._thread is not None
        self._thread.join()
        self._read()

    def text_of(self, number: str) -> str:
        """Return the beginning of a statement, on one line."""
        return " ".join(self._texts.get(number, "").split())[:TEXT_CHARACTERS]

    def _run(self) -> None:
        while not self._ended.wait(READ_SECONDS):
            self._read()

    def _read(self) -> None:
        try:
            with self.log.open(encoding="utf-8", errors="replace") as file:
                if file.seek(0, 2) < self._at:
                    self._at, self._rest = 0, ""
                file.seek(self._at)
                content = self._rest + file.read()
                self._at = file.tell()
        except FileNotFoundError:
            return
        *lines, self._rest = content.split("\n")
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        if self._is_told_of_a_deadlock(line):
            return
        if line.startswith("\t"):
            # A statement of several lines goes on.
            if self._last and len(self._texts[self._last]) < TEXT_CHARACTERS * 4:
                self._texts[self._last] += line
            return
        self._last = ""
        found = _LINE.match(line)
        if found is None:
            self._note(line)
            return
        at, number, ms, text = found.groups()
        if _NOT_OURS.match(text):
            return
        if number not in self._texts:
            self._texts[number] = text
            self._last = number
        self.timed.append(Timed(float(at) + self._offset, number, float(ms)))

    def _is_told_of_a_deadlock(self, line: str) -> bool:
        """Keep the detail that follows a deadlock, with its lines."""
        if " DETAIL:  Process " in line and "waits for" in line:
            self.deadlocks.append(line.partition("DETAIL:  ")[2])
            self._in_deadlock = True
        elif self._in_deadlock and line.startswith("\t"):
            self.deadlocks[-1] += f"\n{line}"
        else:
            self._in_deadlock = False
        return self._in_deadlock

    def _note(self, line: str) -> None:
        _since, _colon, words = line.partition("ERROR:  ")
        if words:
            # Numbers and names in it are of one case.
            self.said[re.sub(r"\d+|\"[^\"]*\"", "…", words)[:120]] += 1
