"""What takes long, done before anything else is measured and all at once: a journal and logs as they are after years, and the
offline verifier's way through such logs.
"""

import functools
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
        # The smallest before and after the rest, since what else runs slows all of them, more or less.
        runs = [
            elsewhere.submit(write_and_verify, VAR / "logs" / str(at), records)
            for at, records in enumerate([*sizes.verified, sizes.verified[0]])
        ]
        url = database_url_of(here.database_url, FULL_JOURNAL)
        fill = functools.partial(journal_fill.fill, market_id=floor.market.pk, orders=sizes.orders)
        journal = beside.submit(_seconds, fill, url, accounts, sizes.transfers)
        with here.on(LARGE_LOG) as there:
            log_seconds = _seconds(proofs.fill_log, there, sizes.records)
        first, *others, again = [run.result() for run in runs]
        verified = dict(zip(sizes.verified, [first.mean(again), *others], strict=True))
        prepared = Prepared(journal.result(), log_seconds, verified)
    with psycopg.connect(here.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    return prepared


def _seconds(make: Callable[..., object], *arguments: object) -> float:
    started = perf_counter()
    make(*arguments)
    return perf_counter() - started
