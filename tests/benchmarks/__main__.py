"""Measure the product and print a table: `make bench`. What was measured stands in var/bench.json.

Every figure that has a target is a ratio to another one of the same run on the same machine, so that most of what a
machine's mood does to it cancels out. PostgreSQL runs with its ordinary, durable settings.

BENCH=quick measures little, to see that all of it runs: no target is judged then. BENCH=large fills a registry of 100,000 projects,
1,000,000 parcels and 1,000,000 retirements, which takes minutes; the usual run has a fifth of them.
"""

import statistics
import sys
from collections.abc import Iterator, Mapping
from time import perf_counter

from config.run import BASE_DIR
from tests.benchmarks import rows
from tests.benchmarks.pgbench import PgBench
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes, chosen
from tests.benchmarks.stage import Floor, Stage, open_floor, stage
from tests.benchmarks.verification import Run

OUTPUT = BASE_DIR / "var" / "bench.json"


def main() -> int:
    """Measure, print and write."""
    sizes = chosen()
    found = []
    started = perf_counter()
    with stage() as here:
        for row in measure(here, sizes):
            elapsed = perf_counter() - started
            print(f"{elapsed:5.0f} s  {row.name}: {row.value:,.4g} {row.unit}", file=sys.stderr, flush=True)
            found.append(row if sizes.are_full else rows.unjudged(row))
    rows.write(found, OUTPUT, is_full=sizes.are_full)
    print(rows.table(found))
    print(rows.summary(found, perf_counter() - started))
    return 0


def measure(here: Stage, sizes: Sizes) -> Iterator[Row]:
    """Yield one row after the other."""
    from tests.benchmarks import large

    floor = open_floor()
    prepared = large.prepare(here, floor, sizes)
    yield rows.figure(f"filling a log, {sizes.records:,} records", prepared.log_seconds, "s")
    yield rows.figure(
        f"filling a journal, {sizes.transfers:,} transfers, {sizes.orders:,} orders", prepared.journal_seconds, "s"
    )
    yield from verification_rows(prepared.verified)
    pgbench = PgBench(here.pgbench, here.database_url, sizes.pgbench_seconds)
    many = rows.figure("pgbench TPC-B, 32 clients", pgbench.transactions_per_second(), "transactions/s", "scale 10")
    yield many
    yield from posting_rows(here, floor, sizes, many)
    yield from settlement_rows(here, floor, sizes, many, pgbench)
    yield from entry_rows(here, open_floor(), sizes, many)
    yield from stream_rows(here, open_floor(), sizes)
    yield from floor_rows(here, floor, sizes)
    yield from log_rows(here, sizes)
    yield from quantification_rows(sizes)
    yield from registry_rows(here, sizes)
    yield from book_rows(sizes)


def posting_rows(here: Stage, floor: Floor, sizes: Sizes, many: Row) -> Iterator[Row]:
    """Yield how fast the journal takes transactions, without the exchange around it."""
    from tests.benchmarks import hordak, large, posting

    empty, full = posting.compare(here, floor, (large.EMPTY_JOURNAL, large.FULL_JOURNAL), sizes.posting_rounds)
    posted = rows.at_least(5, "journal: transactions posted in bulk", empty, "transactions/s", many, posting.NOTE)
    yield posted
    yield rows.at_least(
        0.9,
        f"journal: the same, {sizes.transfers:,} transfers there",
        full,
        "transactions/s",
        posted,
        "measured in turns with the empty journal",
    )
    scattered = posting.scattered(here, floor, large.EMPTY_JOURNAL, sizes.posting_rounds)
    yield rows.figure("journal: the same, each between other accounts", scattered, "transactions/s", posting.SCATTERED)
    other = rows.figure(
        "django-hordak", hordak.transfers_per_second(here, sizes.hordak_transfers), "transfers/s", hordak.NOTE
    )
    yield other
    yield rows.at_least(30, "journal: transactions posted in bulk", empty, "transactions/s", other)


def settlement_rows(here: Stage, floor: Floor, sizes: Sizes, many: Row, pgbench: PgBench) -> Iterator[Row]:
    """Yield how fast and how soon the worker settles, and how fast its records come into the log."""
    from tests.benchmarks import large, settlement

    per_second, count = settlement.trades_per_second(here, floor, sizes.settled_orders)
    settled = rows.at_least(
        5, "settled trades through the worker", per_second, "trades/s", many, f"{count:,} trades from a full queue"
    )
    yield settled
    with here.on(large.FULL_JOURNAL) as there:
        full, _count = settlement.trades_per_second(there, floor, sizes.settled_orders)
    yield rows.at_least(
        0.9,
        f"the same, {sizes.orders:,} orders and {sizes.transfers:,} transfers there",
        full,
        "trades/s",
        settled,
        "as many trades, instructions and holds as orders",
    )
    yield rows.at_least(2, "log: records integrated", records_per_second(), "records/s", settled)
    one = rows.figure("pgbench TPC-B, 1 client", pgbench.latency_ms(), "ms")
    yield one
    median_ms, slow_ms = settlement.submit_to_settled_ms(here, open_floor(), sizes.round_trips)
    yield rows.at_most(15, "submit to settled, idle market, median", median_ms, "ms", one)
    yield rows.figure("submit to settled, idle market, p99", slow_ms, "ms")


def entry_rows(here: Stage, floor: Floor, sizes: Sizes, many: Row) -> Iterator[Row]:
    """Yield what comes in over HTTP."""
    from tests.benchmarks import entry

    with here.serving():
        empty = rows.figure("an empty view over HTTP", entry.empty_view(here, sizes.empty_requests), "requests/s")
        yield empty
        singly = entry.orders_one_by_one(here, floor, sizes.single_orders)
        yield rows.at_least(0.15, "one order over HTTP", singly, "orders/s", empty, "token, checks, hold")
        in_batches = entry.orders_in_batches(here, floor, sizes.order_batches)
        yield rows.at_least(3, "orders over HTTP, 500 a request", in_batches, "orders/s", many)


def stream_rows(here: Stage, floor: Floor, sizes: Sizes) -> Iterator[Row]:
    """Yield how late the last of many stream clients is, and what pages take meanwhile."""
    from tests.benchmarks import streams

    run = streams.follow_market(here, floor, sizes.stream_clients, sizes.stream_seconds)
    name = f"stream, {run.clients:,} clients"
    note = (
        f"from commit to the last client's receipt, {run.batches} batches; clients, web and database on the same cores"
    )
    yield rows.figure(f"{name}: last receipt, median", run.median_ms, "ms", note)
    yield rows.figure(f"{name}: last receipt, p99", run.p99_ms, "ms")
    yield rows.figure(f"{name}: processor", run.stream_cpu_percent, "% of a core")
    for what, took in (("book by the API", run.book_ms), ("market page", run.page_ms)):
        yield rows.figure(f"{name}: {what}, median", statistics.median(took), "ms")
        yield rows.figure(f"{name}: {what}, p99", streams.p99(took), "ms")


def floor_rows(here: Stage, floor: Floor, sizes: Sizes) -> Iterator[Row]:
    """Yield how soon a market's page is answered and painted, how much it loads, and how it keeps up with changes."""
    from tests.benchmarks import floor as floors
    from tests.benchmarks import registry
    from tests.browser.chromium import BINARY

    here = floors.with_streams(here)
    with here.serving():
        took = registry.page_times(here, [f"/markets/{floor.market.symbol}"] * 10, sizes.page_rounds)
        empty = rows.figure("an empty view beside the market page, median", took.empty_ms, "ms")
        yield empty
        yield rows.at_most(10, "market page, median", took.again_ms, "ms", empty, "of a visitor")
        if BINARY is None:
            return
        page = floors.painted(here, floor)
        yield rows.below(1_000, "market page: first paint", page.first_paint_ms, "ms", "Chromium without a window")
        yield rows.below(150, "market page: loaded before charts", page.bytes_before_charts / 1_000, "kB", "compressed")
        yield rows.below(300, "market page: loaded in all", page.bytes_in_all / 1_000, "kB", "compressed")
        yield rows.below(0.02, "market page: moved by itself", page.moved, "CLS")
        flood = floors.flooded(here, floor, sizes.flood_seconds)
        note = f"60 changes a second for {sizes.flood_seconds:.0f} s"
        yield rows.figure("market page, flooded: frames", flood.frames_a_second, "1/s", note)
        yield rows.figure("market page, flooded: tasks above 50 ms", flood.long_tasks, "tasks", note)
        yield rows.figure("market page, flooded: longest task", flood.longest_ms, "ms")


def log_rows(here: Stage, sizes: Sizes) -> Iterator[Row]:
    """Yield how soon a large log is proven from."""
    from tests.benchmarks import large, proofs

    with here.on(large.LARGE_LOG) as there, there.serving():
        proof_ms, empty_ms = proofs.proof_and_empty_view_ms(there, sizes.proofs)
    empty = rows.figure("an empty view, one at a time, median", empty_ms, "ms", "in turns with the proofs")
    yield empty
    yield rows.at_most(3, f"proof of any of {sizes.records:,} records, median", proof_ms, "ms", empty)


def quantification_rows(sizes: Sizes) -> Iterator[Row]:
    """Yield how long a project of many parcels takes, computed alone, and handed in with its sheet stored and hashed."""
    from tests.benchmarks import quantification

    name = f"{sizes.parcels:,} parcels"
    computed = quantification.computing_s("rice-water-2", sizes.parcels)
    yield rows.below(10, f"{name} computed, with all inputs", computed, "s", "rice-water-2, two seasons a parcel")
    handed_in = quantification.handing_in_s("rice-water-1", sizes.parcels)
    yield rows.below(10, f"{name} handed in, sheet stored", handed_in, "s", quantification.NOTE)


def registry_rows(here: Stage, sizes: Sizes) -> Iterator[Row]:
    """Yield how soon a large registry answers the public, and takes new fields and other registries' credits."""
    from ledger.registry.large import Size
    from tests.benchmarks import registry

    projects, parcels, retirements = sizes.registry
    name = f"registry, {projects:,} projects"
    seconds = registry.fill(here, Size(projects, parcels, retirements))
    yield rows.figure(f"filling a {name}", seconds, "s", f"{parcels:,} parcels, {retirements:,} retirements")
    with here.on(registry.REGISTRY) as there:
        with there.serving():
            for what, addresses in (("search", registry.searches()), ("project page", registry.project_pages())):
                took = registry.page_times(there, addresses, sizes.page_rounds)
                empty = rows.figure(f"an empty view beside the {what}, median", took.empty_ms, "ms")
                yield empty
                note = f"{registry.PAGES} addresses, each {sizes.page_rounds} times within half a minute"
                yield rows.at_most(10, f"{name}: {what}, median", took.again_ms, "ms", empty, note)
                yield rows.figure(f"{name}: {what}, rendered anew, median", took.first_ms, "ms")
        took_ms = registry.overlap_check_ms(sizes.overlap_checks)
        yield rows.below(200, f"overlaps of 50 new fields, {parcels:,} there", took_ms, "ms")
        per_second = registry.imported_rows_per_second(sizes.imported_rows)
        note = f"{sizes.imported_rows:,} rows of credits"
        yield rows.above(5_000, "import of another registry's credits", per_second, "rows/s", note)


def verification_rows(runs: Mapping[int, Run]) -> Iterator[Row]:
    """Yield the offline verifier's time for each record, which must not grow with the log, and its memory."""
    smallest, *larger = sorted(runs)
    first = rows.figure(
        f"offline verifier, {smallest:,} records", runs[smallest].microseconds_a_record, "µs/record", "processor time"
    )
    yield first
    for records in larger:
        value, name = runs[records].microseconds_a_record, f"offline verifier, {records:,} records"
        yield rows.at_most(1.3, name, value, "µs/record", first)
    largest = larger[-1]
    yield rows.below(500, f"offline verifier's memory, {largest:,} records", runs[largest].peak_mb, "MB")


def book_rows(sizes: Sizes) -> Iterator[Row]:
    """Yield the speed of the order book alone, beside the fastest one on PyPI, and what an order on it takes."""
    from tests.benchmarks import matching_book

    small, *larger = sizes.books
    ours, theirs = matching_book.ours_and_theirs(small, sizes.book_operations)
    reference = rows.figure(f"lightmatchingengine, {small:,} resting", theirs, "operations/s", "processor time")
    yield reference
    first = rows.at_least(4, f"order book alone, {small:,} resting", ours, "operations/s", reference)
    yield first
    for resting in larger:
        per_second = matching_book.ours_alone(resting, sizes.book_operations)
        yield rows.at_least(0.6, f"order book alone, {resting:,} resting", per_second, "operations/s", first)
    largest = sizes.books[-1]
    size = matching_book.bytes_per_resting_order(largest)
    yield rows.figure(f"order book's memory, {largest:,} resting", size, "bytes/order")


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
