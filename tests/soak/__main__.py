"""Trade for a while on a product that something happens to all the time: `make soak`.

Clients enter and cancel orders over HTTP, each asking again until it is answered, while workers, web, PostgreSQL and Redis
are killed by a seed. Every two minutes and at the end all invariants are checked, and at the end also what every client
was told. SOAK_SECONDS is how long (600), SOAK_SEED repeats what was drawn, SOAK_VAR is the folder. The exit status is 1 if
anything is not as it must be; the folder, with what the programs had to say, is then kept.
"""

import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from config.run import BASE_DIR
from tests.soak.grounds import grounds

# What is to be looked at afterwards takes longer, the longer the run.
LOOKED_AT_SECONDS = 600


def main() -> int:
    """Run, and return the exit status."""
    seconds = float(os.environ.get("SOAK_SECONDS", "600"))
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**32))
    var = Path(os.environ.get("SOAK_VAR", str(BASE_DIR / "var" / "soak")))
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _stop)
    signal.alarm(int(seconds) + LOOKED_AT_SECONDS)
    print(f"SOAK_SEED={seed} SOAK_SECONDS={seconds:.0f}", flush=True)
    with grounds(var) as here:
        import django

        django.setup()
        from tests.soak.run import run

        report = run(here, seconds, seed)
        print("\n".join(report.lines()))
        if report.problems:
            here.is_kept = True
            print(f"What the programs said is in {here.var / 'programs.log'}.")
    return 1 if report.problems else 0


def _stop(number: int, _frame: FrameType | None) -> None:
    """End in order: what was started is stopped."""
    raise SystemExit("it takes too long" if number == signal.SIGALRM else 128 + number)


if __name__ == "__main__":
    sys.exit(main())
