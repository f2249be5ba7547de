"""Lose a database while its market trades, and have it again. See `__main__.py`."""

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pyrage
from django.conf import settings
from django.db import connection

from config.embedded.postgres import homes
from config.operations.backup.source import Source
from config.processes import Processes, write_line
from config.run import BASE_DIR
from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.cosigning import push_checkpoint
from ledger.transparency.keys import log_signer
from ledger.transparency.notes import Verifier
from ledger.transparency.selectors import cosigned_note, witnessed_checkpoint
from ledger.transparency.witness import StateFolder, Witness
from ledger.transparency.witness.server import WitnessServer
from tests.operations.backup.conftest import Grounds
from tests.operations.market import Market
from tests.scenes import people

WITNESS = CosignatureSigner("witness.drill/w1", bytes(range(1, 33)))


@contextmanager
def witness_at_work(folder):
    """Run a witness, which the log's checkpoints are shown to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with closing(StateFolder(folder)) as state:
        witness = Witness(WITNESS, [Verifier(log_signer().vkey)], state, time.time)
        with WitnessServer(("127.0.0.1", 0), witness) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            settings.LOG_WITNESSES = [(WITNESS.vkey, f"http://127.0.0.1:{server.server_address[1]}")]
            yield
            server.shutdown()


def drill(here, seconds, reports, witness_folder):
    """Run the drill, and return the exit status: 1 where anything does not hold, or an order is lost."""
    # In nobody's private home: the server of the copy may run as another user.
    with tempfile.TemporaryDirectory(prefix="tianhui-drill-", dir="/var/tmp") as name, witness_at_work(witness_folder):
        work = Path(name)
        work.chmod(0o711)
        grounds = Grounds(work, Source(here.owner_url), pyrage.x25519.Identity.generate())
        for program in ("worker", "match-0", "beat"):
            here.start(program)
        market = Market(people())
        receiver = Processes(BASE_DIR, grounds.environment())
        receiver.start("receive", grounds.command("receive", "--documents", settings.DOCUMENTS_DIR))
        try:
            moment, kept = _trade(grounds, market, seconds, work)
            lost_at, acknowledged = _lose(here, market)
        finally:
            # The host of the backups lives on: what it has received and not sealed yet it seals now.
            receiver.stop()
        end = _restore(grounds, work, reports / "drill-restore", lost_at, kept)
        middle = _restore(grounds, work, reports / "drill-restore-moment", lost_at, kept, "--until", moment.isoformat())
        return _judge(acknowledged, moment, market, end, middle)


def _trade(grounds, market, seconds, work):
    """Trade, back up meanwhile, and return a moment in the middle, and the checkpoints that were witnessed."""
    with market.trading():
        market.goes_on()
        _say(*grounds.run("base", "--documents", settings.DOCUMENTS_DIR))
        _say(*grounds.run("verify", "--work", work))
        kept = [work / "witnessed-1", work / "witnessed-2"]
        time.sleep(seconds / 2)
        write_line(f"witnessed          {_witnessed(kept[0])} records")
    # Between two trades: nothing is under way.
    market.settles()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    market.at_moment = market.placed
    return moment, kept


def _lose(here, market):
    """Trade on, then kill PostgreSQL in the middle and delete its data; return when, and how much was acknowledged."""
    with contextlib.suppress(AssertionError), market.trading():
        market.goes_on()
        time.sleep(2)
        lost_at = dt.datetime.now(dt.UTC)
        os.killpg(here.postgres.process.pid, signal.SIGKILL)
        here.postgres.process.wait()
    here.programs.stop()
    for home in homes(here.var):
        shutil.rmtree(home / "data", ignore_errors=True)
    # What was acknowledged is what this process was told before the server was gone.
    return lost_at, [count for at, count in market.acknowledged if at <= lost_at]


def _restore(grounds, work, report, lost_at, kept, *words):
    options = ["--log-key", log_signer().vkey, "--witness", WITNESS.vkey, "--lost-at", lost_at.isoformat()]
    options += [word for path in kept if path.exists() for word in ("--witnessed", path)]
    _say(*grounds.run("drill", "--work", work, "--report", report, *options, *words))
    return json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))


def _judge(acknowledged, moment, market, end, middle):
    """Compare what is in the copies with what this process was told."""
    lost = max(0, acknowledged[-1] * 2 - end["checks"]["orders"])
    write_line(f"{'orders lost':<18} {lost} of {acknowledged[-1] * 2} that were acknowledged before the loss")
    write_line(
        f"{'at the moment':<18} {middle['checks']['trades']['count']} trades in the copy, {market.at_moment} had been made"
    )
    is_exact = middle["checks"]["trades"]["count"] == market.at_moment
    return 0 if end["holds"] and middle["holds"] and is_exact and not lost else 1


def _witnessed(path):
    push_checkpoint()
    checkpoint = witnessed_checkpoint()
    path.write_text(cosigned_note(checkpoint), encoding="utf-8")
    return checkpoint.tree_size


def _say(status, said, errors):
    write_line(said.rstrip())
    assert status != 1, errors
