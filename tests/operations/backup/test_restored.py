"""The product's own database, restored to a moment between two trades: what is in it, and what it will not do."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pyrage
import pytest
from django.conf import settings
from django.db import connection

from config.operations.backup.drilling import Checks, copy_environment, restore_and_check
from config.operations.backup.restoring import running as running_copy
from config.operations.backup.source import Source
from config.run import BASE_DIR
from ledger.models import Record
from ledger.transparency.binding import state_file
from ledger.transparency.history import current_vkey
from ledger.transparency.selectors import cosigned_note, latest_checkpoint
from ledger.transparency.sequencer import sequence_log
from tests.operations.backup.conftest import Grounds
from tests.scenes import issue_to_cooperative, market_for, pay_in
from tests.waiting import wait_until
from trading.execution.services import execute_market
from trading.models import Trade
from trading.orders.services import NewOrder, place_orders

pytestmark = pytest.mark.django_db(transaction=True)


def owner_url():
    return urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"]).geturl()


def database_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def trade(market, seller, buyer, number):
    place_orders(actor=seller, market_id=market.pk, orders=[NewOrder(f"s{number}", "sell", 4_000, 5)])
    place_orders(actor=buyer, market_id=market.pk, orders=[NewOrder(f"b{number}", "buy", 4_000, 5)])
    execute_market(market.pk)
    sequence_log()
    return Trade.objects.latest("pk").pk


def manage(environment, *words):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *words],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout, run.stderr


SIGN = """
import django; django.setup()
from django.db import connection
from ledger.transparency.taking_over import allow_writes
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record
from django.db import transaction
allow_writes()
with transaction.atomic():
    append_record(kind="test", body={}, actor="system")
print(sequence_log())
"""


def sign(environment):
    """Let a process with the key try to sign for the copy, write protection aside."""
    run = subprocess.run([sys.executable, "-c", SIGN], cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


@contextmanager
def a_copy(grounds, target, documents, key_folder):
    """Run a copy, and give the environment of a program that works on it with a copy of the live key and its state."""
    with running_copy(target) as copy:
        environment = copy_environment(copy.url(grounds.source.user, grounds.source.database), documents)
        environment |= {"LOG_SIGNING_KEY_FILE": str(key_folder / "key"), "DJANGO_SETTINGS_MODULE": "config.settings"}
        wait_until(lambda: "ready to accept connections" in copy.said(), seconds=60)
        yield environment


def test_a_moment_between_two_trades(who, tmp_path, open_folder):
    grounds = Grounds(tmp_path, Source(owner_url()), pyrage.x25519.Identity.generate())
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    with grounds.receiving():
        assert grounds.run("base", "--documents", settings.DOCUMENTS_DIR)[0] == 0
        first = trade(market, who.cooperative, who.buyer, 1)
        kept = tmp_path / "kept-1"
        kept.write_text(cosigned_note(latest_checkpoint()))
        moment = database_time()
        second = trade(market, who.cooperative, who.buyer, 2)
        newest = tmp_path / "kept-2"
        newest.write_text(cosigned_note(latest_checkpoint()))
    signed = latest_checkpoint().tree_size

    # To the moment: the first trade alone, and the checkpoint of that time is one of the copy's own.
    checks = Checks(log_key=current_vkey(), witnessed=[kept, newest])
    report = restore_and_check(
        grounds.archive,
        grounds.opener,
        open_folder / "data",
        until=moment,
        documents=open_folder / "documents",
        checks=checks,
    )
    assert report.checks["problems"] == []
    assert report.holds
    assert report.checks["trades"]["count"] == 1
    size = report.checks["log"]["size"]
    assert (report.checks["offline"]["consistent_with"], size) == ([size], size)
    assert report.checks["offline"]["witnessed_elsewhere_and_lost"] == [signed]
    assert "time needed (RTO)" in report.as_text()
    json.dumps(report.as_json())

    # The key comes back from its safe, with its state: the live log has gone on after the moment.
    for file, name in ((settings.LOG_SIGNING_KEY_FILE, "key"), (state_file(), "key.state")):
        (tmp_path / name).write_bytes(file.read_bytes())
        (tmp_path / name).chmod(0o600)
    with a_copy(grounds, open_folder / "data", open_folder / "documents", tmp_path) as environment:
        status, _said, errors = sign(environment)
        assert status
        assert "This database is a restored copy" in errors
        assert "nothing is signed" in errors

        worker = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "solo", "-Q", "matching.0"],
            cwd=BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert worker.returncode
        assert "no worker runs on it" in worker.stderr + worker.stdout

        dead = ["take_into_service", "--old-is-dead", "Lin Wei pulled the plugs of both hosts at noon"]
        status, _said, errors = manage(environment, *dead)
        assert status
        assert f"--accept-lost {signed}" in errors

        status, said, errors = manage(environment, *dead, "--accept-lost", str(signed))
        assert status == 0, errors
        assert "NOT ALL of them in the copy" in said
        # The two that were to be signed, and the record of taking over.
        assert sign(environment)[:2] == (0, "3\n")
        body = json.loads((tmp_path / "key.state").read_text())
        assert body["size"] == size + 3
    assert Trade.objects.filter(pk__in=[first, second]).count() == 2
    assert Record.objects.filter(kind="log_restored").count() == 0
