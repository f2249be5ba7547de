"""The exchange's invariants: orders and their holds, trades and their settlements, and the replay of each market."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from ledger.journal import reconciliation as journal
from ledger.journal.reconciliation import Invariant, InvariantResult
from trading.execution.replay import replay_market
from trading.markets.models import Market

INVARIANTS = (
    Invariant(
        3,
        _("each order holds the worst case of what remains of it, and nothing once it is finished"),
        """
        SELECT o.id AS order, o.status, hold.remaining AS held
          FROM trading_order o
          JOIN trading_market market ON market.id = o.market_id
          LEFT JOIN ledger_hold hold ON hold.id = o.hold_id
         WHERE hold.remaining IS DISTINCT FROM CASE
                   WHEN o.status IN ('filled', 'canceled', 'rejected') THEN 0
                   WHEN o.side = 'sell' THEN o.quantity_t - o.filled_t - o.decremented_t
                   ELSE o.price_fen * (o.quantity_t - o.filled_t - o.decremented_t)
                        + o.price_fen * (o.quantity_t - o.filled_t - o.decremented_t) * market.taker_fee_bps / 10000 END
        """,
    ),
    Invariant(
        3,
        _("holds of orders belong to one order each, on the right account"),
        """
        SELECT hold.id AS hold
          FROM ledger_hold hold LEFT JOIN trading_order o ON o.hold_id = hold.id
         WHERE hold.purpose = 'order'
           AND (o.id IS NULL
                OR hold.account_id <> CASE o.side WHEN 'buy' THEN o.cash_account_id ELSE o.credit_account_id END)
        """,
    ),
    Invariant(
        6,
        _("each order's fills are its trades"),
        """
        SELECT o.id AS order, o.filled_t, coalesce(traded.quantity_t, 0) AS traded
          FROM trading_order o
          FULL JOIN (SELECT order_id, sum(quantity_t) AS quantity_t
                       FROM (SELECT buy_order_id AS order_id, quantity_t FROM trading_trade
                              UNION ALL SELECT sell_order_id, quantity_t FROM trading_trade) moved
                      GROUP BY order_id) traded ON traded.order_id = o.id
         WHERE o.id IS NULL OR o.filled_t <> coalesce(traded.quantity_t, 0)
        """,
    ),
    Invariant(
        6,
        _("each trade has one settlement, whose transfers equal its price × quantity, quantity and fees"),
        """
        WITH expected AS (
            SELECT trade.transaction_id, leg.debit, leg.credit, leg.amount
              FROM trading_trade trade
              JOIN trading_order buy ON buy.id = trade.buy_order_id
              JOIN trading_order sell ON sell.id = trade.sell_order_id
              LEFT JOIN ledger_account fees ON fees.purpose = 'fees'
             CROSS JOIN LATERAL (VALUES
                   (sell.credit_account_id, buy.credit_account_id, trade.quantity_t),
                   (buy.cash_account_id, sell.cash_account_id, trade.price_fen * trade.quantity_t),
                   (buy.cash_account_id, fees.id, trade.buyer_fee_fen),
                   (sell.cash_account_id, fees.id, trade.seller_fee_fen)) AS leg (debit, credit, amount)
             WHERE leg.amount > 0
        ), actual AS (
            SELECT tx.id AS transaction_id, transfer.debit_account_id, transfer.credit_account_id, transfer.amount
              FROM ledger_transaction tx JOIN ledger_transfer transfer ON transfer.transaction_id = tx.id
             WHERE tx.kind = 'settlement'
        )
        SELECT transaction_id AS transaction, 'missing' AS what FROM (TABLE expected EXCEPT ALL TABLE actual) missing
         UNION ALL
        SELECT transaction_id, 'without a trade' FROM (TABLE actual EXCEPT ALL TABLE expected) extra
        """,
    ),
)


Step = tuple[str, Callable[[], list[InvariantResult]]]
Tell = Callable[[int, int, str], None]
"""Told, before each step: how many are done, how many there are, and what is checked next."""

REPLAYED = gettext_noop("replaying %(market)s gives the very same %(count)s trades")


def reconcile(*, progress: Tell | None = None) -> list[InvariantResult]:
    """Evaluate every invariant of the house, the ledger's and the exchange's, in the order of their numbers.

    All of it is seen at one moment, however busy the markets are meanwhile.
    """
    results: list[InvariantResult] = []
    with _one_moment():
        steps = _steps()
        for done, (what, check) in enumerate(steps):
            if progress is not None:
                progress(done, len(steps), what)
            results += check()
    return sorted(results, key=lambda result: result.number)


def _steps() -> list[Step]:
    """Return what is checked, step by step: each with its name, and what does it."""
    queries = [
        (str(invariant.name), partial(journal.check, [invariant])) for invariant in journal.INVARIANTS + INVARIANTS
    ]
    log = (gettext("the tree rebuilt from the records has every signed root"), lambda: [journal.check_log()])
    replays = [(market.symbol, partial(_replayed, market)) for market in Market.objects.order_by("id")]
    return [*queries, log, *replays]


@contextmanager
def _one_moment() -> Iterator[None]:
    # A transaction that is under way, such as a test's, cannot become repeatable any more.
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _replayed(market: Market) -> list[InvariantResult]:
    replay = replay_market(market)
    params: dict[str, str | int] = {"market": market.symbol, "count": replay.trades}
    name = gettext(REPLAYED) % params
    return [InvariantResult(8, name, not replay.difference, replay.difference, REPLAYED, params)]
