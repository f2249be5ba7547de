"""How much a run measures: the whole (`make bench`, under five minutes), a look (`BENCH=quick`, under one), or the whole with a
registry as large as its targets speak of (`BENCH=large`, which fills it for minutes).
"""

import os
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of what is measured. Targets are judged only where they are those that the targets speak of."""

    are_full: bool
    pgbench_seconds: int
    settled_orders: int
    round_trips: int
    empty_requests: int
    single_orders: int
    order_batches: int
    stream_clients: int
    stream_seconds: float
    book_operations: int
    books: tuple[int, ...]
    posting_rounds: int
    transfers: int
    orders: int
    hordak_transfers: int
    records: int
    proofs: int
    verified: tuple[int, ...]
    parcels: int
    # Of the registry: projects, their fields, and retirements; how often each page is asked for; rows of a file.
    registry: tuple[int, int, int]
    page_rounds: int
    overlap_checks: int
    imported_rows: int
    flood_seconds: float


FULL = Sizes(
    are_full=True,
    pgbench_seconds=10,
    settled_orders=20_000,
    round_trips=100,
    empty_requests=10_000,
    single_orders=3_000,
    order_batches=80,
    stream_clients=1_000,
    stream_seconds=8.0,
    book_operations=200_000,
    books=(5_000, 100_000),
    posting_rounds=4,
    transfers=5_000_000,
    orders=1_000_000,
    hordak_transfers=2_000,
    records=1_000_000,
    proofs=1_500,
    verified=(10_000, 1_000_000),
    parcels=10_000,
    registry=(20_000, 200_000, 200_000),
    page_rounds=6,
    overlap_checks=7,
    imported_rows=100_000,
    flood_seconds=10.0,
)
LARGE = replace(FULL, registry=(100_000, 1_000_000, 1_000_000))
QUICK = Sizes(
    are_full=False,
    pgbench_seconds=1,
    settled_orders=5_000,
    round_trips=10,
    empty_requests=2_000,
    single_orders=500,
    order_batches=10,
    stream_clients=100,
    stream_seconds=2.0,
    book_operations=20_000,
    books=(5_000,),
    posting_rounds=1,
    transfers=100_000,
    orders=20_000,
    hordak_transfers=200,
    records=20_000,
    proofs=300,
    verified=(1_000, 10_000),
    parcels=500,
    registry=(1_000, 10_000, 10_000),
    page_rounds=2,
    overlap_checks=2,
    imported_rows=10_000,
    flood_seconds=3.0,
)
SIZES = {"full": FULL, "large": LARGE, "quick": QUICK}


def chosen() -> Sizes:
    """Return the sizes that the environment asks for.

    Raises: ValueError for a word that is none.
    """
    word = os.environ.get("BENCH", "full")
    if word not in SIZES:
        raise ValueError(f"BENCH must be full, large or quick, not {word!r}.")
    return SIZES[word]
