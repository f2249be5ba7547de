"""What takes long to make, made before anything is measured and all at once: a journal and logs as they are after years."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from tests.benchmarks import rows
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stage import VAR, Floor, Stage, database_url_of

EMPTY_JOURNAL = "empty_journal"
FULL_JOURNAL = "full_journal"
LARGE_LOG = "large_log"
EXPORTS = VAR / "exports"


def prepare(here: Stage, floor: Floor, sizes: Sizes) -> Iterator[Row]:
    """Fill databases and write logs, side by side, and yield how long each took."""
    from tests.benchmarks import journal_fill, posting, proofs

    accounts = posting.trading_accounts(floor)
    for name in (EMPTY_JOURNAL, FULL_JOURNAL, LARGE_LOG):
        here.copy_database(name)
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere, ThreadPoolExecutor(1) as beside:
        exports = [elsewhere.submit(_export, records) for records in sizes.verified]
        url = database_url_of(here.database_url, FULL_JOURNAL)
        journal = beside.submit(_timed, journal_fill.fill, url, accounts, sizes.transfers)
        with here.on(LARGE_LOG) as there:
            log_seconds = _timed(proofs.fill_log, there, sizes.records)
        yield rows.figure(f"filling a log, {sizes.records:,} records", log_seconds, "s")
        yield rows.figure(f"filling a journal, {sizes.transfers:,} transfers", journal.result(), "s")
        export_seconds = sum(export.result() for export in exports)
        yield rows.figure(
            f"writing logs to verify, {sum(sizes.verified):,} records", export_seconds, "s", "all side by side"
        )


def exported_log(records: int) -> tuple[Path, str]:
    """Return the folder of a log of so many records, and the key that verifies it."""
    folder = EXPORTS / str(records)
    return folder, _vkey_file(folder).read_text()


def _export(records: int) -> float:
    from tests.benchmarks.large_log import write_log

    folder = EXPORTS / str(records)
    folder.mkdir(parents=True)
    started = perf_counter()
    _vkey_file(folder).write_text(write_log(folder, records))
    return perf_counter() - started


def _vkey_file(folder: Path) -> Path:
    return folder.with_suffix(".vkey")


def _timed(make: Callable[..., object], *arguments: object) -> float:
    started = perf_counter()
    make(*arguments)
    return perf_counter() - started
