"""One client of the exchange, in a process of its own: what it is answered is on its own disk before it asks for more.

    python -m tests.operations.failover.client < plan

It asks for what the soak's takers ask for, without a pause, and ends when its input is closed. An order that is not answered
is asked for again under its client_order_id.
"""

import json
import os
import select
import sys
import time
from typing import Any

from tests.soak.line import Line
from tests.soak.participants.base import Place, Plan
from tests.soak.participants.takers import Taker

# Who waits long for an answer, or long before they ask again, cannot tell how soon the exchange is back.
TIMEOUT_SECONDS = 5.0
PAUSE_SECONDS = 0.1


def main() -> None:
    """Trade by a plan (a line of JSON on standard input) until the input is closed."""
    plan = json.loads(sys.stdin.readline())
    found: list[dict[str, Any]] = []
    # One that only enters orders has no stream and no bank.
    place = Place(plan["port"], 0, [plan["market"]], [], lambda _kind, _try: None)
    taker = Taker(Plan(plan["name"], "taker", plan["seed"], token=plan["token"]), place, found.append)
    line = Line(plan["port"], plan["token"], timeout_seconds=TIMEOUT_SECONDS, most_pause_seconds=PAUSE_SECONDS)
    taker.line = line
    with open(plan["log"], "w", encoding="utf-8") as log:
        while not select.select([sys.stdin], [], [], 0)[0]:
            asked = time.time()
            taker.step()
            log.writelines(json.dumps({"at": time.time(), "asked": asked, **told}) + "\n" for told in found)
            log.flush()
            os.fsync(log.fileno())
            found.clear()
        names = ("unanswered", "out_of_reach", "failed", "longest_seconds")
        log.write(json.dumps({"summary": {name: getattr(line, name) for name in names}}) + "\n")


if __name__ == "__main__":
    main()
