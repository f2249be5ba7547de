"""Enter orders: check, hold, store and queue in one transaction, then wake the market."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.operations.observe.metrics import orders_entered
from config.operations.observe.trails import say
from ledger.errors import DomainError
from ledger.freezes import TRADING_FROZEN, Frozen, Scope, refuse_frozen
from ledger.journal.locks import LockedAccount, lock_accounts
from ledger.journal.models import Account, Asset
from ledger.journal.services import open_account, open_asset
from ledger.parties.access import require_approved
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.texts import is_storable
from trading.errors import DuplicateOrder, InsufficientCredits, InsufficientFunds, InvalidOrder
from trading.markets.fees import worst_cost_fen
from trading.markets.limits import Limits, check_limits
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.standing import Standing, standing_in_market
from trading.orders.terms import NewOrder, check_order, needed_for
from trading.orders.wakeups import wake_after_commit

MAX_ORDERS_A_CALL = 1_000


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What became of one order of a call: the order (a replayed one is the first that had its id), or the refusal."""

    order: Order | None
    error: DomainError | None = None
    replayed: bool = False


@dataclass(slots=True)
class Entry:
    """The state of one call while its orders are checked one after another."""

    actor: Membership
    market: Market
    cash: LockedAccount
    credit: LockedAccount
    known: dict[str, Order]
    limits: Limits
    # What refuses each new order of the call, where trading is frozen.
    freeze: Frozen | None = None
    accepted: list[tuple[Order, int]] = field(default_factory=list)


def place_order(*, actor: Membership, market_id: int, order: NewOrder) -> Order:
    """Enter one order and return it, pending; an id used before with the same content returns the first order.

    Locks: the organisation's cash and credit accounts.
    Raises: DomainError, whichever rule refuses it.
    """
    result = place_orders(actor=actor, market_id=market_id, orders=[order])[0]
    if result.error is not None:
        raise result.error
    assert result.order is not None
    return result.order


def place_orders(*, actor: Membership, market_id: int, orders: Sequence[NewOrder]) -> list[OrderResult]:
    """Enter up to 1,000 orders, each accepted or refused by itself, in the order given.

    Locks: the organisation's cash and credit accounts.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidOrder (too many) for the call as a whole.
    """
    standing = standing_in_market(market_id=market_id, organisation_id=actor.organisation_id)
    return enter_orders(actor=actor, standing=standing, orders=orders)


@transaction.atomic
def enter_orders(*, actor: Membership, standing: Standing, orders: Sequence[NewOrder]) -> list[OrderResult]:
    """Enter orders as `place_orders` does, where the organisation's standing in the market has just been read.

    Locks: the organisation's cash and credit accounts.
    Raises: NotAllowed, OrganisationNotApproved, InvalidOrder (too many), TradingFrozen where a freeze begins meanwhile, for the
        call as a whole.
    """
    require_trader(actor)
    if not 0 < len(orders) <= MAX_ORDERS_A_CALL:
        raise InvalidOrder(reason=_("A call enters 1 to 1,000 orders."))
    entry = _begin(actor, standing, orders)
    now = timezone.now()
    results = [_enter(entry, order, now) for order in orders]
    if entry.accepted:
        _store(entry, now)
        wake_after_commit(standing.market)
        note_entered(*(order for order, _amount in entry.accepted))
    return results


def note_entered(*orders: Order) -> None:
    """Count orders that were entered, and have the request's line in the log name them: the market's worker names them, too."""
    orders_entered.inc(len(orders))
    say(market=orders[0].market.symbol, first_order=orders[0].pk, last_order=orders[-1].pk, orders=len(orders))


def require_trader(actor: Membership) -> None:
    """Refuse everyone but those who trade for approved cooperatives and buyers.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.TRADE)
    require_approved(actor)


def _begin(actor: Membership, standing: Standing, orders: Sequence[NewOrder]) -> Entry:
    cash_id, credit_id = _trading_accounts(actor.organisation, standing)
    accounts = lock_accounts([cash_id, credit_id])
    # Read after the lock: whoever enters the same id at the same moment waits there, and is seen here.
    known = {order.client_order_id: order for order in _known_orders(actor.organisation, orders)}
    freeze = refuse_frozen(Scope.TRADING) if standing.is_frozen else None
    return Entry(actor, standing.market, accounts[cash_id], accounts[credit_id], known, standing.limits, freeze)


def _known_orders(organisation: Organisation, orders: Sequence[NewOrder]) -> Iterable[Order]:
    """Return the organisation's orders that have these ids already: hardly ever one, so look before reading them."""
    client_order_ids = [order.client_order_id for order in orders if is_storable(order.client_order_id)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM trading_order WHERE organisation_id = %s AND client_order_id = ANY(%s)",
            [organisation.pk, client_order_ids],
        )
        order_ids = [row[0] for row in cursor.fetchall()]
    return Order.objects.filter(pk__in=order_ids) if order_ids else ()


def _trading_accounts(organisation: Organisation, standing: Standing) -> tuple[int, int]:
    """Return an organisation's accounts in CNY and in the credits, opened where they are new."""
    cash_id, credit_id = standing.cash_id, standing.credit_id
    if cash_id is None:
        cash_id = open_account(organisation=organisation, asset=open_asset(code="CNY", kind=Asset.Kind.CASH)).pk
    if credit_id is None:
        credit_id = open_account(organisation=organisation, asset=standing.market.asset).pk
    return cash_id, credit_id


def _enter(entry: Entry, new: NewOrder, now: dt.datetime) -> OrderResult:
    try:
        known = entry.known.get(new.client_order_id)
        if known is not None:
            return OrderResult(_same_or_refuse(known, new, entry.market), replayed=True)
        if entry.freeze is not None:
            raise entry.freeze
        check_order(new, entry.market)
        order, amount = _hold(entry, new, now)
    except DomainError as error:
        return OrderResult(None, error)
    entry.known[new.client_order_id] = order
    entry.accepted.append((order, amount))
    return OrderResult(order)


def _same_or_refuse(known: Order, new: NewOrder, market: Market) -> Order:
    refusal = DuplicateOrder(client_order_id=new.client_order_id, field="client_order_id")
    if known.market_id != market.pk:
        raise refusal
    known.market = market
    if not new.is_like(known):
        raise refusal
    return known


def check_cover(
    new: NewOrder, market: Market, limits: Limits, *, cash: Account | LockedAccount, credit: Account | LockedAccount
) -> int:
    """Return the most that an order can take of its account; refuse one beyond a limit, or beyond what is available.

    Units: fen of a buy, tonnes of a sell.
    Raises: OrderTooLarge, OverLimit, InsufficientFunds, InsufficientCredits.
    """
    is_buy = new.side == Order.Side.BUY
    value_fen = worst_cost_fen(new.limit_fen(market), new.quantity_t, market.taker_fee_bps)
    held_fen = cash.held + value_fen if is_buy else 0
    check_limits(limits, quantity_t=new.quantity_t, value_fen=value_fen, held_fen=held_fen)
    account, amount = cash if is_buy else credit, needed_for(new, market)
    if account.available < amount:
        refusal = InsufficientFunds if is_buy else InsufficientCredits
        raise refusal(field="quantity_t", available=account.available, needed=amount)
    return amount


def _hold(entry: Entry, new: NewOrder, now: dt.datetime) -> tuple[Order, int]:
    """Set aside the most that the order can take of its account, in memory; `_store` writes it."""
    market = entry.market
    amount = check_cover(new, market, entry.limits, cash=entry.cash, credit=entry.credit)
    account = entry.cash if new.side == Order.Side.BUY else entry.credit
    account.held += amount
    order = Order(
        market=market,
        organisation=entry.actor.organisation,
        placed_by=entry.actor.user,
        client_order_id=new.client_order_id,
        cash_account_id=entry.cash.id,
        credit_account_id=entry.credit.id,
        placed_at=now,
        **new.terms(market),
    )
    return order, amount


def _store(entry: Entry, now: dt.datetime) -> None:
    """Write holds, orders, instructions and what is held, and learn the orders' ids, in one round trip."""
    orders = [order for order, _amount in entry.accepted]
    actor = f"user:{entry.actor.user.public_id}"
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "client_order_ids": [order.client_order_id for order in orders],
                "sides": [str(order.side) for order in orders],
                "types": [str(order.order_type) for order in orders],
                "times": [str(order.time_in_force) for order in orders],
                "ends": [order.expires_at for order in orders],
                "post_only": [order.post_only for order in orders],
                "displays": [order.display_t for order in orders],
                "modes": [str(order.self_trade_mode) for order in orders],
                "prices": [order.price_fen for order in orders],
                "quantities": [order.quantity_t for order in orders],
                "amounts": [amount for _order, amount in entry.accepted],
                "market_id": entry.market.pk,
                "organisation_id": entry.actor.organisation_id,
                "user_id": entry.actor.user_id,
                "cash_id": entry.cash.id,
                "credit_id": entry.credit.id,
                "cash_held": entry.cash.held,
                "credit_held": entry.credit.held,
                "actor": actor,
                "now": now,
            },
        )
        stored = cursor.fetchall()
        if not stored:
            raise refuse_frozen(Scope.TRADING)
        for order, (order_id, hold_id) in zip(orders, stored, strict=True):
            order.pk, order.hold_id = order_id, hold_id
            order._state.adding = False


_STORE = f"""
WITH new AS MATERIALIZED (
    SELECT nextval(sequences.orders) AS order_id, nextval(sequences.holds) AS hold_id, row.*
      -- OFFSET 0: the sequences are looked up once, not for each order.
      FROM (SELECT pg_get_serial_sequence('trading_order', 'id')::regclass AS orders,
                   pg_get_serial_sequence('ledger_hold', 'id')::regclass AS holds OFFSET 0) sequences,
           unnest(%(client_order_ids)s::text[], %(sides)s::text[], %(types)s::text[], %(times)s::text[],
                  %(ends)s::timestamptz[], %(post_only)s::boolean[], %(displays)s::bigint[], %(modes)s::text[], %(prices)s::bigint[],
                  %(quantities)s::bigint[], %(amounts)s::bigint[])
           WITH ORDINALITY AS row (client_order_id, side, order_type, time_in_force, expires_at, post_only, display_t,
                                   self_trade_mode, price_fen, quantity_t, amount, place)
     -- What was checked before is asked once more where it counts: nothing is entered once a freeze is committed.
     WHERE NOT {TRADING_FROZEN}
), held AS (
    UPDATE ledger_account SET held = CASE id WHEN %(cash_id)s THEN %(cash_held)s ELSE %(credit_held)s END
     WHERE id IN (%(cash_id)s, %(credit_id)s) AND EXISTS (SELECT FROM new)
), holds AS (
    INSERT INTO ledger_hold (id, account_id, purpose, remaining, placed_at)
    SELECT hold_id, CASE side WHEN 'buy' THEN %(cash_id)s ELSE %(credit_id)s END, 'order', amount, %(now)s
      FROM new
), orders AS (
    INSERT INTO trading_order (id, market_id, organisation_id, placed_by_id, client_order_id, side, order_type,
                               time_in_force, expires_at, post_only, display_t, self_trade_mode, price_fen, quantity_t, filled_t,
                               decremented_t, status, reason, cash_account_id, credit_account_id, hold_id, placed_at)
    SELECT order_id, %(market_id)s, %(organisation_id)s, %(user_id)s, client_order_id, side, order_type, time_in_force,
           expires_at, post_only, display_t, self_trade_mode, price_fen, quantity_t, 0, 0, 'pending_new', '', %(cash_id)s,
           %(credit_id)s, hold_id, %(now)s
      FROM new
), expiries AS (
    INSERT INTO trading_expiry (order_id, expires_at)
    SELECT order_id, expires_at
      FROM new
     WHERE expires_at IS NOT NULL
), instructions AS (
    INSERT INTO trading_instruction (market_id, kind, order_id, actor, note, entered_at)
    SELECT %(market_id)s, 'submit', order_id, %(actor)s, '', %(now)s
      FROM new
     ORDER BY place
)
SELECT order_id, hold_id
  FROM new
 ORDER BY place
"""
