"""A market of many participants, to whom and to whose servers something happens all the time: `make soak`.

200 take part for 30 minutes (docs/soak.md): makers, takers, large sellers, cooperatives after harvest, buyers, programs, faulty
clients, followers, auditors. Workers, web, PostgreSQL and Redis are killed and stopped meanwhile by a seed. At the end what
everybody was told is compared with the books, all invariants are checked, the log is verified offline, memory must be flat, and
nothing may have slowed down. SOAK_SECONDS is how long, SOAK_PARTICIPANTS how many, SOAK_SEED repeats what was drawn, SOAK_FAULTS
names the only kinds of faults, between semicolons, SOAK_REPORT is where the report goes, SOAK_VAR where the product is meanwhile.
The exit status is 1 if anything is not as it must be; the product's folder, with what the programs had to say, is then kept.
"""

import datetime as dt
import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from config.run import BASE_DIR
from tests.soak.chaos import KINDS
from tests.soak.grounds import grounds

# What is to be looked at afterwards takes longer, the longer the run.
LOOKED_AT_SECONDS = 900
PARTICIPANTS_AT_LEAST = 13


def main() -> int:
    """Run, and return the exit status."""
    seconds = float(os.environ.get("SOAK_SECONDS", "1800"))
    participants = max(PARTICIPANTS_AT_LEAST, int(os.environ.get("SOAK_PARTICIPANTS", "200")))
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**32))
    var = Path(os.environ.get("SOAK_VAR", str(BASE_DIR / "var" / "soak" / "product")))
    only = [name.strip() for name in os.environ.get("SOAK_FAULTS", "").split(";") if name.strip()]
    if unknown := sorted(set(only) - set(KINDS)):
        raise SystemExit(f"There is no fault {unknown[0]!r}. There are: {'; '.join(KINDS)}.")
    now = dt.datetime.now().astimezone()
    folder = Path(os.environ.get("SOAK_REPORT", str(BASE_DIR / "var" / "soak" / f"{now:%Y%m%d-%H%M%S}")))
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    signal.alarm(int(seconds) + LOOKED_AT_SECONDS)
    print(f"SOAK_SEED={seed} SOAK_SECONDS={seconds:.0f} SOAK_PARTICIPANTS={participants}", flush=True)
    with grounds(var) as here:
        import django

        django.setup()
        from tests.soak.run import run

        report = run(here, seconds, seed, participants, folder, only=only)
        print("\n".join(report.lines()))
        print(f"The report is in {folder}.")
        if report.problems:
            here.is_kept = True
            print(f"What the programs said is in {here.var / 'programs.log'}.")
    return 1 if report.problems else 0


def _stop(number: int, _frame: FrameType | None) -> None:
    """End in order: what was started is stopped. Once is enough: what follows must not be cut short."""
    for each in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit("it takes too long" if number == signal.SIGALRM else 128 + number)


if __name__ == "__main__":
    sys.exit(main())
