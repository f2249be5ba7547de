"""What a commit in two databases takes against one in a single database: an experiment, for docs/scaling.md.

    python -m tests.operations.hosts.two_phase

Each transaction writes a row in either database. In two phases both are prepared, then both committed: four waits for the disk
in place of one, and if whoever coordinates dies between them, rows that stay locked until somebody decides.
"""

import statistics
import sys
from contextlib import ExitStack
from time import perf_counter

import psycopg

from config import embedded
from config.run import BASE_DIR
from tests.benchmarks.stage import new_database

VAR = BASE_DIR / "var" / "two-phase"
COMMITS = 300


def main() -> int:
    """Measure by turns, and print the medians."""
    embedded.remove(VAR)
    settings = {"max_prepared_transactions": "10"}
    with (
        embedded.services(VAR, postgres_settings=settings, say=lambda _message: None) as services,
        ExitStack() as stack,
    ):
        urls = [services.database_url, new_database(services.database_url, "other")]
        both = [stack.enter_context(psycopg.connect(url)) for url in urls]
        for connection in both:
            connection.execute("CREATE TABLE moved (amount bigint)")
            connection.commit()
        took: dict[str, list[float]] = {"one database": [], "two databases, two phases": []}
        for number in range(COMMITS):
            took["one database"].append(_commit_once(both[0]))
            took["two databases, two phases"].append(_commit_in_two_phases(both, number))
    for name, seconds in took.items():
        print(f"{name:<28}{statistics.median(seconds) * 1000:.2f} ms, median of {COMMITS}")
    embedded.remove(VAR)
    return 0


def _commit_once(connection: psycopg.Connection) -> float:
    connection.execute("INSERT INTO moved VALUES (1)")
    connection.execute("INSERT INTO moved VALUES (-1)")
    began = perf_counter()
    connection.commit()
    return perf_counter() - began


def _commit_in_two_phases(both: list[psycopg.Connection], number: int) -> float:
    for connection in both:
        connection.tpc_begin(connection.xid(1, f"move-{number}", connection.info.dbname))
        connection.execute("INSERT INTO moved VALUES (1)")
    began = perf_counter()
    for connection in both:
        connection.tpc_prepare()
    for connection in both:
        connection.tpc_commit()
    return perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
