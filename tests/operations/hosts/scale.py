"""What a settled trade costs, and what more shards bring on this machine: `make scale`.

Orders are entered while all markets are held back, then the shards' workers drain them: so entering and settling are measured
one after the other, each with the processor time of every program, the rows and bytes that it wrote, and its write-ahead log.
Seconds on the clock tell about the machine and what else it does; processor time for a thousand trades hardly changes with that.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from config.run import BASE_DIR
from tests.benchmarks.stage import Floor, Stage, open_floor, stage
from tests.operations.hosts.usage import own_seconds, seconds_of

if TYPE_CHECKING:
    from config.processes import Processes

OUTPUT = BASE_DIR / "var" / "scale.json"
ORDERS = 20_000
TRADERS = 40
SHARDS = (1, 2, 4)
LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Meter:
    """What has been used and written up to a moment: processor seconds by program, bytes and rows by table, bytes of WAL.

    Counting takes time too: `reached` is before it, `left` after it.
    """

    reached: Mapping[str, float]
    left: Mapping[str, float]
    bytes: Mapping[str, int]
    index_bytes: Mapping[str, int]
    rows: Mapping[str, int]
    wal_bytes: int


@dataclass(frozen=True)
class Run:
    """Orders entered and settled by so many shards' workers. `cpu_…` is in seconds, by program."""

    shards: int
    orders: int
    trades: int
    enter_seconds: float
    settle_seconds: float
    cpu_enter: Mapping[str, float]
    cpu_settle: Mapping[str, float]
    wal_enter: int
    wal_settle: int
    written_bytes: Mapping[str, int]
    written_index_bytes: Mapping[str, int]
    written_rows: Mapping[str, int]

    @property
    def trades_per_second(self) -> float:
        return self.trades / self.settle_seconds


@dataclass(frozen=True)
class Log:
    """What it takes to bring records into the log."""

    records: int
    seconds: float
    cpu: float
    bytes: int


def main() -> int:
    """Measure, print and write."""
    with stage() as here:
        runs = [measure(here, shards) for shards in SHARDS]
        log = measure_log(here)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    found = {"runs": [asdict(run) for run in runs], "log": asdict(log)}
    OUTPUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(runs))
    print(
        f"log: {log.records:,} records in {log.seconds:.1f} s, {log.bytes / log.records:,.0f} bytes and "
        f"{log.cpu * 1_000_000 / log.records:,.0f} µs of processor time a record (leaves, tiles, signature)"
    )
    return 0


def measure(here: Stage, shards: int) -> Run:
    """Enter as many orders as always, spread over a market for each shard, and let the workers settle them."""
    from django.conf import settings

    from trading.models import Trade

    settings.MATCHING_SHARDS = shards
    there = replace(here, environment={**here.environment, "MATCHING_SHARDS": str(shards)})
    floors = [_floor_on(shard) for shard in range(shards)]
    with there.running(*(f"match-{shard}" for shard in range(shards))) as processes:
        for floor in floors:
            _enter(floor, ORDERS // 10 // shards)
        _wait_until_drained(floors)
        trades = Trade.objects.count()
        with _held_back(there, floors):
            meters = [_meter(there, processes)]
            entering = perf_counter()
            for floor in floors:
                _enter(floor, ORDERS // shards)
            entered = perf_counter() - entering
            meters.append(_meter(there, processes))
            settling = perf_counter()
        _wait_until_drained(floors)
        settled = perf_counter() - settling
        meters.append(_meter(there, processes))
    before, between, after = meters
    return Run(
        shards=shards,
        orders=ORDERS,
        trades=Trade.objects.count() - trades,
        enter_seconds=entered,
        settle_seconds=settled,
        cpu_enter=_less(between.reached, before.left),
        cpu_settle=_less(after.reached, between.left),
        wal_enter=between.wal_bytes - before.wal_bytes,
        wal_settle=after.wal_bytes - between.wal_bytes,
        written_bytes=_less(after.bytes, before.bytes),
        written_index_bytes=_less(after.index_bytes, before.index_bytes),
        written_rows=_less(after.rows, before.rows),
    )


def measure_log(here: Stage) -> Log:
    """Bring all that the trades have recorded into the log."""
    from ledger.transparency.sequencer import sequence_log

    cpu, size, began = _log_cpu(here), _log_bytes(here), perf_counter()
    records = sequence_log()
    return Log(records, perf_counter() - began, _log_cpu(here) - cpu, _log_bytes(here) - size)


def _log_cpu(here: Stage) -> float:
    return seconds_of(_postmaster(here)) + own_seconds()


def _log_bytes(here: Stage) -> int:
    with psycopg.connect(here.database_url) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(name))::bigint FROM unnest(ARRAY['ledger_logleaf', 'ledger_logtile']::regclass[]) name"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _floor_on(shard: int) -> Floor:
    floor = open_floor(TRADERS)
    floor.market.shard = shard
    floor.market.save(update_fields=["shard"])
    return floor


def _enter(floor: Floor, orders: int) -> None:
    from tests.benchmarks.settlement import fill_queue

    fill_queue(floor, orders)


@contextmanager
def _held_back(here: Stage, floors: Sequence[Floor]) -> Iterator[None]:
    """Let no worker begin: the markets' rows are ours until the context ends."""
    with psycopg.connect(here.database_url) as connection:
        ids = sorted(floor.market.pk for floor in floors)
        connection.execute("SELECT 1 FROM trading_market WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
        yield


def _wait_until_drained(floors: Sequence[Floor]) -> None:
    from trading.models import Instruction
    from trading.orders.wakeups import wake

    for floor in floors:
        wake(floor.market.pk, floor.market.shard, is_overdue=True)
    deadline = monotonic() + LIMIT_SECONDS
    while Instruction.objects.exists():
        assert monotonic() < deadline, "the workers do not drain their queues"
        sleep(0.02)


def _meter(here: Stage, processes: "Processes") -> Meter:
    reached = _used(here, processes)
    with psycopg.connect(here.database_url) as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
        assert row is not None
        sizes = connection.execute(
            """
            SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
             WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(ledger|trading)_'
            """
        ).fetchall()
        counts = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {}").format(name, sql.Identifier(name)) for name, _size, _indexes in sizes
        )
        rows = dict(connection.execute(counts).fetchall())
    return Meter(
        reached=reached,
        left=_used(here, processes),
        bytes={name: size for name, size, _indexes in sizes},
        index_bytes={name: size for name, _size, size in sizes},
        rows=rows,
        wal_bytes=int(row[0]),
    )


def _used(here: Stage, processes: "Processes") -> dict[str, float]:
    return {
        "PostgreSQL": seconds_of(_postmaster(here)),
        "workers": sum(seconds_of(each.pid) for each in processes._running.values()),
        "clients": own_seconds(),
    }


def _postmaster(here: Stage) -> int:
    """Return the number of the server's first process, whose children serve the connections."""
    with psycopg.connect(here.database_url) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        with open(f"/proc/{row[0]}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def table(runs: Sequence[Run]) -> str:
    """Return the runs as tables for the terminal."""
    lines = [f"{'shards':<8}{'trades':>8}{'trades/s':>10}   processor seconds for 1,000 trades, settling"]
    for run in runs:
        cpu = "  ".join(f"{name} {value * 1_000 / run.trades:.3f}" for name, value in run.cpu_settle.items())
        busy = sum(run.cpu_settle.values()) / run.settle_seconds
        lines.append(
            f"{run.shards:<8}{run.trades:>8,}{run.trades_per_second:>10,.0f}   {cpu}  (busy: {busy:.2f} cores)"
        )
    first = runs[0]
    cpu = "  ".join(f"{name} {value * 1_000 / first.orders:.3f}" for name, value in first.cpu_enter.items())
    lines += [
        "",
        f"entering: {first.orders / first.enter_seconds:,.0f} orders/s, 50 a call; processor seconds for 1,000 orders: {cpu}",
        f"WAL: {first.wal_enter / first.orders:,.0f} bytes an order entered, {first.wal_settle / first.trades:,.0f} bytes a trade settled",
        "",
        f"{'written by ' + format(first.trades, ',') + ' trades of ' + format(first.orders, ',') + ' orders':<46}{'rows':>9}{'table bytes':>14}{'index bytes':>14}",
    ]
    for name in sorted(first.written_bytes, key=lambda name: -first.written_bytes[name]):
        rows, size, indexes = (
            first.written_rows.get(name, 0),
            first.written_bytes[name],
            first.written_index_bytes.get(name, 0),
        )
        lines.append(f"{name:<46}{rows:>9,}{size:>14,}{indexes:>14,}")
    total, indexes = sum(first.written_bytes.values()), sum(first.written_index_bytes.values())
    lines.append(f"{'all, for a trade':<55}{total / first.trades:>14,.0f}{indexes / first.trades:>14,.0f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
