"""Enter one order in two round trips: one reads what is needed, one checks the balance and writes all.

That is the plain case. Whatever is not plain (an id that was used, an account to be opened, a limit, too little to hold) goes the
way of many orders, which locks first and then decides.
"""

from django.db import IntegrityError, connection
from django.utils import timezone

from ledger.freezes import TRADING_FROZEN
from ledger.parties.models import Membership
from trading.markets.limits import NO_LIMITS
from trading.orders.models import Order
from trading.orders.services import OrderResult, enter_orders, note_entered, require_trader
from trading.orders.standing import Standing, standing_in
from trading.orders.terms import NewOrder, check_order, needed_for
from trading.orders.wakeups import wake_after_commit


def enter_order(*, actor: Membership, symbol: str, order: NewOrder) -> OrderResult:
    """Enter one order as `place_orders` enters many.

    Locks: the account that it holds on, within one statement.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, TradingFrozen, and what `check_order` refuses.
    """
    require_trader(actor)
    standing = standing_in(symbol=symbol, organisation_id=actor.organisation_id, client_order_id=order.client_order_id)
    entered = _enter_at_once(actor, standing, order)
    if entered is None:
        return enter_orders(actor=actor, standing=standing, orders=[order])[0]
    wake_after_commit(standing.market)
    note_entered(entered)
    return OrderResult(entered)


def _enter_at_once(actor: Membership, standing: Standing, new: NewOrder) -> Order | None:
    """Return the order, or None where the case is not plain; then nothing was written."""
    if standing.known_id is not None or standing.cash_id is None or standing.credit_id is None:
        return None
    if standing.limits is not NO_LIMITS:
        return None
    standing.require_unfrozen()
    check_order(new, standing.market)
    order = Order(
        market=standing.market,
        organisation=actor.organisation,
        placed_by=actor.user,
        client_order_id=new.client_order_id,
        cash_account_id=standing.cash_id,
        credit_account_id=standing.credit_id,
        placed_at=timezone.now(),
        **new.terms(standing.market),
    )
    try:
        row = _store(order, needed_for(new, standing.market))
    except IntegrityError:
        # The same id was entered at this very moment.
        return None
    if row is None:
        return None
    order.pk, order.hold_id = row
    order._state.adding = False
    return order


def _store(order: Order, amount: int) -> tuple[int, int] | None:
    """Write an order with its hold and instruction, and return both ids; None where the account has too little, or a freeze began.

    One statement, and so one transaction: whether it is refused or the process dies, all of it is there or nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "account_id": order.cash_account_id if order.side == Order.Side.BUY else order.credit_account_id,
                "amount": amount,
                "market_id": order.market_id,
                "organisation_id": order.organisation_id,
                "user_id": order.placed_by_id,
                "client_order_id": order.client_order_id,
                "side": str(order.side),
                "order_type": str(order.order_type),
                "time_in_force": str(order.time_in_force),
                "expires_at": order.expires_at,
                "post_only": order.post_only,
                "display_t": order.display_t,
                "self_trade_mode": str(order.self_trade_mode),
                "price_fen": order.price_fen,
                "quantity_t": order.quantity_t,
                "cash_id": order.cash_account_id,
                "credit_id": order.credit_account_id,
                "actor": f"user:{order.placed_by.public_id}",
                "now": order.placed_at,
            },
        )
        row: tuple[int, int] | None = cursor.fetchone()
    return row


_STORE = f"""
WITH held AS (
    UPDATE ledger_account SET held = held + %(amount)s
     WHERE id = %(account_id)s AND balance - held >= %(amount)s AND NOT {TRADING_FROZEN}
    RETURNING id
), hold AS (
    INSERT INTO ledger_hold (account_id, purpose, remaining, placed_at)
    SELECT id, 'order', %(amount)s, %(now)s
      FROM held
    RETURNING id
), entered AS (
    INSERT INTO trading_order (market_id, organisation_id, placed_by_id, client_order_id, side, order_type,
                               time_in_force, expires_at, post_only, display_t, self_trade_mode, price_fen, quantity_t, filled_t,
                               decremented_t, status, reason, cash_account_id, credit_account_id, hold_id, placed_at)
    SELECT %(market_id)s, %(organisation_id)s, %(user_id)s, %(client_order_id)s, %(side)s, %(order_type)s,
           %(time_in_force)s, %(expires_at)s, %(post_only)s, %(display_t)s, %(self_trade_mode)s, %(price_fen)s, %(quantity_t)s, 0, 0,
           'pending_new', '', %(cash_id)s, %(credit_id)s, id, %(now)s
      FROM hold
    RETURNING id, hold_id, expires_at
), expiry AS (
    INSERT INTO trading_expiry (order_id, expires_at)
    SELECT id, expires_at
      FROM entered
     WHERE expires_at IS NOT NULL
), queued AS (
    INSERT INTO trading_instruction (market_id, kind, order_id, actor, note, entered_at)
    SELECT %(market_id)s, 'submit', id, %(actor)s, '', %(now)s
      FROM entered
)
SELECT id, hold_id
  FROM entered
"""
