"""Every invariant of the house, the ledger's and the exchange's, evaluated at one moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils.translation import gettext

from ledger.credits import reconciliation as credits
from ledger.journal import reconciliation as journal
from ledger.journal.reconciliation import InvariantResult, check
from trading.execution.reconciliation import markets, orders, trades
from trading.execution.replay import replay_market
from trading.markets.models import Market

INVARIANTS = (*orders.INVARIANTS, *trades.INVARIANTS, *markets.INVARIANTS)


def reconcile() -> list[InvariantResult]:
    """Evaluate every invariant of the house, in the order of their numbers.

    All of it is seen at one moment, however busy the markets are meanwhile.
    """
    with _one_moment():
        results = check(journal.INVARIANTS + credits.INVARIANTS + INVARIANTS)
        results += other_results()
    return sorted(results, key=lambda result: result.number)


def other_results() -> Iterator[InvariantResult]:
    """Evaluate what no query can: documents, replays, and the log itself."""
    yield credits.check_documents()
    for market in Market.objects.order_by("id"):
        yield _replayed(market)
    yield journal.check_log()


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
    name = gettext("replaying %(market)s gives the very same %(count)s trades") % {
        "market": market.symbol,
        "count": replay.trades,
    }
    return InvariantResult(8, name, not replay.difference, replay.difference)
