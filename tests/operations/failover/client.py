"""One client of the exchange, in a process of its own: what it is answered is on its own disk before it asks for more.

    python -m tests.operations.failover.client < plan

It ends when its input is closed. An order that is not answered is asked for again under its
client_order_id.
"""

import json
import os
import random
import select
import sys
import time

from tests.operations.failover.trader import Line, Trader


def main() -> None:
    """Trade by a plan (a line of JSON on standard input) until the input is closed."""
    plan = json.loads(sys.stdin.readline())
    line = Line(plan["port"], plan["token"])
    trader = Trader(plan["name"], plan["market"], line, random.Random(plan["seed"]), plan["offers"])
    with open(plan["log"], "w", encoding="utf-8") as log:
        while not select.select([sys.stdin], [], [], 0)[0]:
            asked = time.time()
            for told in trader.step():
                log.write(json.dumps({"at": time.time(), "asked": asked, **told}) + "\n")
            log.flush()
            os.fsync(log.fileno())
        names = ("unanswered", "out_of_reach", "failed", "longest_seconds")
        log.write(json.dumps({"summary": {name: getattr(line, name) for name in names}}) + "\n")


if __name__ == "__main__":
    main()
