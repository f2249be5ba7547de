"""django-hordak, the double-entry library of Django's world, on the same server, as its users call it: one client, one
`Account.transfer_to` after the other, each a transaction of its own.

    DJANGO_SETTINGS_MODULE=tests.benchmarks.hordak_settings python -m tests.benchmarks.hordak TRANSFERS
"""

import os
import random
import subprocess
import sys
from time import perf_counter

from config.run import BASE_DIR
from tests.benchmarks.stage import Stage, new_database

ACCOUNTS = 20
SEED = 11
NOTE = "Account.transfer_to, one client, a transaction each"


def transfers_per_second(stage: Stage, transfers: int) -> float:
    """Let a process of its own make transfers, and return how many a second it made."""
    environment = dict(os.environ) | {
        "DATABASE_URL": new_database(stage.database_url, "hordak"),
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.hordak_settings",
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.hordak", str(transfers)]
    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return transfers / float(run.stdout)


def _make_transfers(transfers: int) -> float:
    """Set hordak up, make transfers between random accounts, and return how many seconds they took."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)

    from hordak.models import Account, AccountType
    from moneyed import Money

    accounts = [
        Account.objects.create(name=f"bank {at}", code=str(at), type=AccountType.asset, currencies=["CNY"])
        for at in range(ACCOUNTS)
    ]
    dice = random.Random(SEED)
    started = perf_counter()
    for _ in range(transfers):
        giver, receiver = dice.sample(accounts, 2)
        giver.transfer_to(receiver, Money(dice.randint(1, 50), "CNY"))
    return perf_counter() - started


if __name__ == "__main__":
    print(_make_transfers(int(sys.argv[1])))
