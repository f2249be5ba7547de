"""Measure the product and print a table: `make bench`. What was measured stands in var/bench.json.

Every figure that has a target is a ratio to another one of the same run on the same machine, so that most of what a
machine's mood does to it cancels out. PostgreSQL runs with its ordinary, durable settings.
"""

import sys
from collections.abc import Iterator
from time import perf_counter, sleep

from config.run import BASE_DIR
from tests.benchmarks import rows
from tests.benchmarks.pgbench import PgBench
from tests.benchmarks.rows import Row
from tests.benchmarks.stage import Floor, Stage, open_floor, stage

OUTPUT = BASE_DIR / "var" / "bench.json"
SETTLED_ORDERS = 40_000


def main() -> int:
    """Measure, print and write."""
    found = []
    with stage() as here:
        for row in measure(here):
            print(f"  {row.name}: {row.value:,.4g} {row.unit}", file=sys.stderr, flush=True)
            found.append(row)
    rows.write(found, OUTPUT)
    print(rows.table(found))
    return 0


def measure(here: Stage) -> Iterator[Row]:
    """Yield one row after the other."""
    from tests.benchmarks import matching_book, settlement

    pgbench = PgBench(here.pgbench, here.database_url)
    many = rows.figure("pgbench TPC-B, 32 clients", pgbench.transactions_per_second(), "transactions/s", "scale 10")
    yield many
    one = rows.figure("pgbench TPC-B, 1 client", pgbench.latency_ms(), "ms")
    yield one
    floor = open_floor()
    per_second, count = settlement.trades_per_second(here, floor, SETTLED_ORDERS)
    settled = rows.at_least(
        5, "settled trades through the worker", per_second, "trades/s", many, f"{count:,} trades from a full queue"
    )
    yield settled
    yield rows.at_least(2, "log: records integrated", records_per_second(), "records/s", settled)
    yield rows.at_most(
        15, "submit to settled, idle market, median", settlement.submit_to_settled_ms(here, open_floor()), "ms", one
    )
    yield from entry_rows(here, open_floor(), many)
    for size in (5_000, 100_000):
        yield rows.figure(f"order book alone, {size:,} resting", matching_book.run(size, 200_000), "operations/s")


def entry_rows(here: Stage, floor: Floor, many: Row) -> Iterator[Row]:
    """Yield what comes in over HTTP."""
    from tests.benchmarks import entry

    with here.running("web"):
        sleep(3)
        empty = rows.figure("an empty view over HTTP", entry.empty_view(here), "requests/s")
        yield empty
        yield rows.at_least(
            0.15, "one order over HTTP", entry.orders_one_by_one(here, floor), "orders/s", empty, "token, checks, hold"
        )
        yield rows.at_least(
            3, "orders over HTTP, 500 a request", entry.orders_in_batches(here, floor), "orders/s", many
        )


def records_per_second() -> float:
    """Return how many records a second the sequencer brings into the log, of those that the trades have left."""
    from ledger.transparency.models import UnsequencedRecord
    from ledger.transparency.sequencer import sequence_log

    waiting = UnsequencedRecord.objects.count()
    started = perf_counter()
    assert sequence_log() == waiting
    return waiting / (perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
