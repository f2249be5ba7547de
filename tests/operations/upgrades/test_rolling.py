"""Programs of an older and a newer release side by side: nothing that one of them sends or does is lost."""

import sys
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from config import run as config_run
from config.celery import app
from config.processes import Processes
from config.run import BASE_DIR
from ledger.models import SecurityEvent
from ledger.tasks import note_lockout
from tests.running import end_program, running
from tests.running import test_environment as environment_of_programs
from tests.waiting import wait_until
from trading.execution.reconciliation import reconcile
from trading.models import Instruction, Trade
from trading.orders import wakeups

pytestmark = pytest.mark.django_db(transaction=True)

MATCH = "trading.tasks.execute_market"
LOCKOUT = "ledger.tasks.note_lockout"


def older(queue: str, *unknown: str) -> list[str]:
    """Return the command of a worker that does not know some tasks."""
    words = f"worker -Q {queue} -n older@%h --pool solo --without-gossip --without-mingle --loglevel WARNING".split()
    return [sys.executable, "-m", "tests.operations.upgrades.older", *unknown, "--", *words]


def parked() -> int:
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        return client.llen("parked")


@pytest.fixture
def programs() -> Iterator[Processes]:
    """Run programs by command, ended with the test."""
    processes = Processes(BASE_DIR, environment_of_programs())
    yield processes
    processes.stop()


def test_a_worker_gives_way_to_the_next_in_the_middle_of_the_load(market, programs):
    """The new one is started first, then the old one is asked to end: SIGTERM, as every restart does."""
    command = config_run.programs(environment_of_programs() | {"WEB_PORT": "1", "STREAM_PORT": "1"})["match-0"]
    with running("worker", "beat"):
        programs.start("match-old", [*command, "-n", "old@%h"])
        with market.trading():
            market.goes_on()
            programs.start("match-new", [*command, "-n", "new@%h"])
            market.goes_on()
            end_program(programs, "match-old")
            market.goes_on()
            market.goes_on()
        market.settles()
    assert not [result for result in reconcile() if not result.holds]


def test_a_task_that_the_older_worker_does_not_know_waits_for_the_newer_one(who, programs):
    person = who.buyer.user
    programs.start("older", older("celery", LOCKOUT))
    note_lockout.delay(person.username, "192.0.2.1", "")
    wait_until(lambda: parked() == 1, seconds=60)
    assert not SecurityEvent.objects.filter(user=person).exists()
    # Another old one that starts cannot do it either, and leaves it where it is.
    end_program(programs, "older")
    with running("worker"):
        wait_until(lambda: SecurityEvent.objects.filter(user=person).exists(), seconds=60)
    assert parked() == 0


def test_orders_are_settled_though_a_wake_up_is_lost_on_one_worker_and_fails_on_another(market, programs):
    """An older worker knows no such task, a newer one's message has a parameter that nobody knows here.

    What waits is in the database, and beat wakes again.
    """
    programs.start("older", older("matching.0", MATCH))
    market.enter(5)
    wait_until(lambda: parked() >= 1, seconds=60)
    assert Trade.objects.count() == 0
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.delete("parked")
    end_program(programs, "older")
    queue = wakeups.queue_of(market.market.shard)
    app.send_task(MATCH, args=[market.market.pk], kwargs={"urgency": 3}, queue=queue)
    with running("match-0", "worker", "beat") as (processes, _environment):
        market.settles()
        assert processes.ended() is None
    assert not Instruction.objects.exists()
