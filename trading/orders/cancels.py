"""Ask the market to cancel: one order, or all that an organisation has open."""

from django.db import connection, transaction
from django.utils import timezone

from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from trading.errors import TooLateToCancel
from trading.markets.models import Market
from trading.orders.models import Instruction, Order
from trading.orders.selectors import access_order_by_id
from trading.orders.wakeups import wake_after_commit


@transaction.atomic
def cancel_order(*, actor: Membership, order_id: int) -> Order:
    """Ask the market to cancel what remains of an order; a fill that is already under way comes first.

    Raises: NotAllowed, NotFound, TooLateToCancel.
    """
    require_right(actor, Right.TRADE)
    order = access_order_by_id(order_id=order_id, actor=actor)
    if not order.is_open:
        raise TooLateToCancel(state=order.get_status_display())
    Instruction.objects.create(
        market_id=order.market_id,
        kind=Instruction.Kind.CANCEL,
        order=order,
        actor=log_name(actor),
        entered_at=timezone.now(),
    )
    wake_after_commit(order.market)
    return order


@transaction.atomic
def cancel_orders(*, actor: Membership, market_id: int | None = None, side: str | None = None) -> int:
    """Ask the markets to cancel all of an organisation's open orders, of one market or side where that is said.

    Returns how many orders are asked for: an order whose cancel waits already is not asked for again.

    Raises: NotAllowed.
    """
    require_right(actor, Right.TRADE)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO trading_instruction (market_id, kind, order_id, actor, note, entered_at)
            SELECT market_id, 'cancel', id, %(actor)s, '', %(now)s
              FROM trading_order o
             WHERE organisation_id = %(organisation_id)s AND status = ANY(%(open)s)
               AND (%(market_id)s::bigint IS NULL OR market_id = %(market_id)s)
               AND (%(side)s::text IS NULL OR side = %(side)s)
               AND NOT EXISTS (SELECT FROM trading_instruction waiting
                                WHERE waiting.market_id = o.market_id AND waiting.order_id = o.id AND waiting.kind = 'cancel')
             ORDER BY id
            RETURNING market_id
            """,
            {
                "actor": log_name(actor),
                "now": timezone.now(),
                "organisation_id": actor.organisation_id,
                "open": [str(status) for status in Order.OPEN_STATUSES],
                "market_id": market_id,
                "side": side,
            },
        )
        market_ids = [row[0] for row in cursor.fetchall()]
    for market in Market.objects.filter(pk__in=set(market_ids)):
        wake_after_commit(market)
    return len(market_ids)
