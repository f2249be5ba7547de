"""How soon the API proves that a record is in a log of a million, beside a view that does nothing."""

import datetime as dt
import random
import statistics

import psycopg
from django.db import transaction

from ledger.models import LogLeaf
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from tests.benchmarks.load import request, seconds_of_each
from tests.benchmarks.stage import Stage

SEED = 13
RECORDS_A_CALL = 20_000
WARM_UP = 50


def fill_log(stage: Stage, records: int) -> None:
    """Bring the log to so many records, by the way that the settlement of trades takes."""
    while (missing := records - LogLeaf.objects.count()) > 0:
        _append(min(missing, RECORDS_A_CALL))
        sequence_log()
    with psycopg.connect(stage.database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledger_record, ledger_unsequencedrecord, ledger_logleaf, ledger_logtile")


@transaction.atomic
def _append(count: int) -> None:
    at = dt.datetime.now(dt.UTC)
    append_records(
        [
            NewRecord("transaction_posted", {"transaction": str(number), "transfers": []}, "system", at)
            for number in range(count)
        ]
    )


def proof_and_empty_view_ms(stage: Stage, proofs: int) -> tuple[float, float]:
    """Return the median times of a proof of any record and of an empty view, asked for in turn over one connection."""
    dice = random.Random(SEED)
    size = LogLeaf.objects.count()
    requests = []
    for record_id in _records_at([dice.randrange(size) for _ in range(proofs)]):
        requests += [request(f"/api/v1/log/inclusion?record={record_id}"), request("/empty")]
    seconds = seconds_of_each(int(stage.environment["WEB_PORT"]), requests)[WARM_UP * 2 :]
    return statistics.median(seconds[::2]) * 1000, statistics.median(seconds[1::2]) * 1000


def _records_at(indexes: list[int]) -> list[int]:
    found = dict(LogLeaf.objects.filter(index__in=indexes).values_list("index", "record_id"))
    return [found[index] for index in indexes]
