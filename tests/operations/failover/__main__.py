"""Kill the primary under load, promote its standby, and compare what clients were told with what is there.

`make drill-failover`. Before that Redis is lost, with all that it held. FAILOVER_SECONDS is how long clients trade before and
after each harm (10), FAILOVER_SEED repeats what they draw, FAILOVER_VAR is the folder. The report is printed, and written as
text and as JSON to FAILOVER_REPORT (var/failover-report, with .txt and .json). The exit status is 1 if anything is not as it must be;
the folder, with what the programs had to say, is then kept.
"""

import json
import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from config.run import BASE_DIR
from tests.operations.failover import hosts
from tests.operations.failover.grounds import grounds

# What is waited for without an end would otherwise be waited for for ever.
LOOKED_AT_SECONDS = 600


def main() -> int:
    """Do the drill, and return the exit status."""
    seconds = float(os.environ.get("FAILOVER_SECONDS", "10"))
    seed = int(os.environ.get("FAILOVER_SEED") or random.SystemRandom().randrange(2**32))
    var = Path(os.environ.get("FAILOVER_VAR", str(BASE_DIR / "var" / "failover"))).resolve()
    written = Path(os.environ.get("FAILOVER_REPORT", str(BASE_DIR / "var" / "failover-report")))
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _stop)
    signal.alarm(int(seconds * 4) + LOOKED_AT_SECONDS)
    print(f"FAILOVER_SEED={seed} FAILOVER_SECONDS={seconds:g}", flush=True)
    with grounds(var) as here:
        import django

        django.setup()
        from tests.operations.failover.drill import drill

        report = drill(here, seconds, seed)
    lines = report.lines()
    print("\n".join(lines))
    written.with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {"seconds": seconds, "seed": seed, "figures": report.figures, "problems": report.problems}
    written.with_suffix(".json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if report.problems:
        print(f"What the programs said is in {var / 'programs.log'}.")
        return 1
    hosts.remove(var)
    return 0


def _stop(number: int, _frame: FrameType | None) -> None:
    """End in order: what was started is stopped."""
    raise SystemExit("it takes too long" if number == signal.SIGALRM else 128 + number)


if __name__ == "__main__":
    sys.exit(main())
