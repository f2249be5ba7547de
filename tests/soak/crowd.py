"""All participants, a thread each, in one process: they mostly wait. It ends when its input is closed.

What each was told is a line of JSON in one file, every request is a line in another; nobody else knows either.

    python -m tests.soak.crowd < plan
"""

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TextIO

from tests.soak.line import Line, Try
from tests.soak.participants import KINDS, Participant, Plan
from tests.soak.participants.base import Place

BOARD_SECONDS = 5.0
FINISH_SECONDS = 360.0
STACK_BYTES = 512 * 1024


class Paper:
    """A file of lines that many threads write."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._lock = file, threading.Lock()

    def write(self, line: str) -> None:
        """Write a line, whole."""
        with self._lock:
            self._file.write(line + "\n")

    def flush(self) -> None:
        """Let others read what was written."""
        with self._lock:
            self._file.flush()


class Crowd:
    """Lets everybody live at once, and finish in the order of their rounds."""

    def __init__(self, plan: dict[str, Any], told: Paper, tried: Paper) -> None:
        self._told, self._tried = told, tried
        self._ended = threading.Event()
        self._place = Place(plan["web_port"], plan["stream_port"], list(plan["markets"]), [], self._note)
        self._board = Line(plan["web_port"], plan["board_token"])
        self._participants = [self._participant(Plan(**each)) for each in plan["participants"]]
        self._threads = [
            threading.Thread(target=self._live, args=(each,), name=each.plan.name, daemon=True)
            for each in self._participants
        ]

    def run(self, until: Iterator[str]) -> None:
        """Let all live until the input ends."""
        threading.Thread(target=self._keep_board, name="board", daemon=True).start()
        for thread in self._threads:
            thread.start()
        for _line in until:
            pass
        self._ended.set()
        deadline = monotonic() + FINISH_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        for late in (thread.name for thread in self._threads if thread.is_alive()):
            self._tell({"complaint": f"{late} does not come to an end"})
        for turn in sorted({each.round for each in self._participants}):
            self._finish([each for each in self._participants if each.round == turn], deadline)
        self._sum_up()

    def _participant(self, plan: Plan) -> Participant:
        return KINDS[plan.kind](plan, self._place, self._tell)

    def _live(self, participant: Participant) -> None:
        try:
            participant.live(self._ended)
        except Exception as error:
            self._tell({"complaint": f"{participant.plan.name} ({participant.plan.kind}) has failed: {error!r}"})
            raise

    def _finish(self, participants: list[Participant], deadline: float) -> None:
        threads = [threading.Thread(target=each.finish, daemon=True) for each in participants]
        for thread in threads:
            thread.start()
        for thread, participant in zip(threads, participants, strict=True):
            thread.join(max(1.0, deadline - monotonic()))
            if thread.is_alive():
                self._tell({"complaint": f"{participant.plan.name} does not finish"})

    def _keep_board(self) -> None:
        """Look which markets there are, now and again, and let everybody know."""
        while not self._ended.wait(BOARD_SECONDS):
            answer = self._board.ask("GET", "/markets?page_size=100")
            if answer is not None and answer.status == 200:
                found = [each["symbol"] for each in answer.content["results"]]
                self._place.markets.extend(sorted(set(found) - set(self._place.markets)))
            self._told.flush()
            self._tried.flush()

    def _sum_up(self) -> None:
        lines = [each.line for each in self._participants]
        names = ("unanswered", "out_of_reach", "failed", "too_many")
        summary: dict[str, float] = {name: sum(getattr(line, name) for line in lines) for name in names}
        self._tell({"summary": summary | {"longest_seconds": max(line.longest_seconds for line in lines)}})

    def _tell(self, told: dict[str, Any]) -> None:
        self._told.write(json.dumps(told, ensure_ascii=False))

    def _note(self, kind: str, found: Try) -> None:
        times = (round(each, 4) for each in (found.began_at, found.seconds, found.idle_seconds))
        self._tried.write(json.dumps((kind, found.operation, found.status, *times)))


def main() -> None:
    """Live by a plan: a line of JSON on standard input."""
    threading.stack_size(STACK_BYTES)
    plan = json.loads(sys.stdin.readline())
    with contextlib.ExitStack() as stack:
        told, tried = (
            Paper(stack.enter_context(Path(plan[name]).open("w", encoding="utf-8"))) for name in ("told", "tried")
        )
        Crowd(plan, told, tried).run(iter(sys.stdin.readline, ""))
        # What threads are still writing goes with them.
        sleep(0.1)
        told.flush()
        tried.flush()


if __name__ == "__main__":
    main()
