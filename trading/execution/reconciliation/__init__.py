"""Every invariant of the house, the ledger's and the exchange's, evaluated at one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext, gettext_noop

from ledger.credits import reconciliation as credits
from ledger.journal import reconciliation as journal
from ledger.journal.reconciliation import InvariantResult, check_one
from trading.execution.reconciliation import agreed, auctions, blocks, markets, orders, surveillance, trades
from trading.execution.replay import replay_market
from trading.markets.models import Market

INVARIANTS = (
    *orders.INVARIANTS,
    *trades.INVARIANTS,
    *markets.INVARIANTS,
    *agreed.INVARIANTS,
    *blocks.INVARIANTS,
    *auctions.INVARIANTS,
    *surveillance.INVARIANTS,
)


Step = tuple[str, Callable[[], InvariantResult]]
Tell = Callable[[int, int, str], None]
"""Told, before each step: how many are done, how many there are, and what is checked next."""

REPLAYED = gettext_noop("replaying %(market)s gives the very same %(count)s trades")


def reconcile(*, progress: Tell | None = None) -> list[InvariantResult]:
    """Evaluate every invariant of the house, in the order of their numbers.

    All of it is seen at one moment, however busy the markets are meanwhile.
    """
    results: list[InvariantResult] = []
    with _one_moment():
        steps = [*query_steps(), *other_steps()]
        for done, (what, check) in enumerate(steps):
            if progress is not None:
                progress(done, len(steps), what)
            results.append(check())
    return sorted(results, key=lambda result: result.number)


def query_steps() -> list[Step]:
    """Return what queries check, each with its name, and what does it."""
    invariants = journal.INVARIANTS + credits.INVARIANTS + INVARIANTS
    return [(str(invariant.name), partial(check_one, invariant)) for invariant in invariants]


def other_steps() -> list[Step]:
    """Return what no query can check: documents, replays, and the log itself."""
    replays: list[Step] = [(market.symbol, partial(_replayed, market)) for market in Market.objects.order_by("id")]
    return [
        (gettext("documents"), credits.check_documents),
        (gettext("files"), credits.check_files),
        *replays,
        (gettext("the tree rebuilt from the records has every signed root"), journal.check_log),
    ]


@contextmanager
def _one_moment() -> Iterator[None]:
    # A transaction that is under way, such as a test's, cannot become repeatable any more.
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _replayed(market: Market) -> InvariantResult:
    replay = replay_market(market)
    params: dict[str, str | int] = {"market": market.symbol, "count": replay.trades}
    name = gettext(REPLAYED) % params
    return InvariantResult(8, name, not replay.difference, replay.difference, REPLAYED, params)
