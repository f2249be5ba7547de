"""What takes long, done before anything else is measured and all at once: a journal and logs as they are after years, and the
offline verifier's way through such logs.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter

import psycopg

from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stage import VAR, Floor, Stage, database_url_of
from tests.benchmarks.verification import Run, write_and_verify

EMPTY_JOURNAL = "empty_journal"
FULL_JOURNAL = "full_journal"
LARGE_LOG = "large_log"


@dataclass(frozen=True, slots=True)
class Prepared:
    """How long the filling took, and the verifier's runs by the number of records."""

    journal_seconds: float
    log_seconds: float
    verified: Mapping[int, Run]


def prepare(here: Stage, floor: Floor, sizes: Sizes) -> Prepared:
    """Fill the databases, and verify logs offline."""
    from tests.benchmarks import journal_fill, posting, proofs

    accounts = posting.trading_accounts(floor)
    for name in (EMPTY_JOURNAL, FULL_JOURNAL, LARGE_LOG):
        here.copy_database(name)
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere, ThreadPoolExecutor(1) as beside:
        # The largest first, while the machine is busiest: it must not look better than the small ones.
        runs = {
            records: elsewhere.submit(write_and_verify, VAR / "logs" / str(records), records)
            for records in sorted(sizes.verified, reverse=True)
        }
        url = database_url_of(here.database_url, FULL_JOURNAL)
        journal = beside.submit(_seconds, journal_fill.fill, url, accounts, sizes.transfers)
        with here.on(LARGE_LOG) as there:
            log_seconds = _seconds(proofs.fill_log, there, sizes.records)
        prepared = Prepared(journal.result(), log_seconds, {records: run.result() for records, run in runs.items()})
    with psycopg.connect(here.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    return prepared


def _seconds(make: Callable[..., object], *arguments: object) -> float:
    started = perf_counter()
    make(*arguments)
    return perf_counter() - started
