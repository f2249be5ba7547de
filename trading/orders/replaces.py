"""Give an order new terms: a new total quantity, a new price, or both.

The market takes them in its turn: the same price and a smaller quantity keep the order's place in time, anything else takes a
new one, and may trade at once. What the new terms need beyond what the order holds is held aside until then.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.journal.locks import lock_accounts
from ledger.journal.models import Account, Hold
from ledger.parties.access import log_name, require_approved
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from trading.errors import InsufficientCredits, InsufficientFunds, InvalidOrder, ReplacePending, TooLateToReplace
from trading.markets.fees import worst_cost_fen
from trading.markets.limits import Limits, check_limits
from trading.orders.models import Instruction, Order
from trading.orders.selectors import access_order_by_id
from trading.orders.standing import standing_in_market
from trading.orders.terms import MAX_QUANTITY_T, check_rules, check_state
from trading.orders.wakeups import wake_after_commit


@transaction.atomic
def replace_order(
    *, actor: Membership, order_id: int, quantity_t: int | None = None, price_fen: int | None = None
) -> Order:
    """Ask the market to give an order new terms; None keeps what is. Asked for again, nothing more is done.

    Units: `quantity_t` is the new total, of which what was filled is a part; fen per tonne.

    Locks: the account that the order holds on.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, TooLateToReplace, ReplacePending, InvalidOrder, MarketHalted,
        MarketClosed, OffLot, OffTick, OutsideBand, OrderTooLarge, OverLimit, InsufficientFunds, InsufficientCredits, TradingFrozen.
    """
    require_right(actor, Right.TRADE)
    require_approved(actor)
    order = access_order_by_id(order_id=order_id, actor=actor)
    if not order.is_open:
        raise TooLateToReplace(state=order.get_status_display())
    wanted = _terms(order, quantity_t, price_fen)
    if wanted == (order.price_fen, order.quantity_t) or _is_waiting(order, wanted):
        return order
    limits = _check(actor, order, *wanted)
    _instruct(actor, order, *wanted, limits)
    wake_after_commit(order.market)
    return order


def _terms(order: Order, quantity_t: int | None, price_fen: int | None) -> tuple[int, int]:
    """Return the price and the quantity that an order shall have."""
    if quantity_t is None and price_fen is None:
        raise InvalidOrder(field="quantity_t", reason=_("Give a new quantity, a new price, or both."))
    if order.order_type == Order.Type.MARKET and price_fen is not None:
        raise InvalidOrder(field="price_fen", reason=_("A market order has no price."))
    return (
        order.price_fen if price_fen is None else price_fen,
        order.quantity_t if quantity_t is None else quantity_t,
    )


def _is_waiting(order: Order, wanted: tuple[int, int]) -> bool:
    """Return whether these very terms wait for the market already.

    Raises: ReplacePending, where other ones do.
    """
    waiting = Instruction.objects.filter(order=order, kind=Instruction.Kind.REPLACE).first()
    if waiting is None:
        return False
    if waiting.content != _content(*wanted):
        raise ReplacePending()
    return True


def _check(actor: Membership, order: Order, price_fen: int, quantity_t: int) -> Limits:
    if not 0 < quantity_t <= MAX_QUANTITY_T:
        raise InvalidOrder(field="quantity_t", reason=_("The quantity must be 1 to 100,000,000 whole tonnes."))
    market = order.market
    check_state(market)
    check_rules(market, price_fen=price_fen, quantity_t=quantity_t)
    standing = standing_in_market(market_id=market.pk, organisation_id=actor.organisation_id)
    standing.require_unfrozen()
    value_fen = worst_cost_fen(price_fen, quantity_t, market.taker_fee_bps)
    # How much is held in all, its account says once it is locked.
    check_limits(standing.limits, quantity_t=quantity_t, value_fen=value_fen, held_fen=0)
    return standing.limits


def _instruct(actor: Membership, order: Order, price_fen: int, quantity_t: int, limits: Limits) -> None:
    now = timezone.now()
    try:
        with transaction.atomic():
            instruction = Instruction.objects.create(
                market_id=order.market_id,
                kind=Instruction.Kind.REPLACE,
                order=order,
                actor=log_name(actor),
                content=_content(price_fen, quantity_t),
                entered_at=now,
            )
    except IntegrityError as error:
        # Another replace came in at this very moment.
        raise ReplacePending() from error
    _require_as_read(order)
    more = _needed_more(order, price_fen, quantity_t)
    if more:
        instruction.hold = Hold.objects.create(
            account_id=_hold_more(order, more, limits), purpose=Hold.Purpose.REPLACE, remaining=more, placed_at=now
        )
        instruction.save(update_fields=["hold"])


def _require_as_read(order: Order) -> None:
    """Refuse where the market has taken other new terms since the order was read, beside which too little would be held.

    From now on none can come between: one replace waits at a time, and that is ours.

    Raises: ReplacePending.
    """
    now = Order.objects.values_list("price_fen", "quantity_t").get(pk=order.pk)
    if now != (order.price_fen, order.quantity_t):
        raise ReplacePending()


def _content(price_fen: int, quantity_t: int) -> dict[str, int]:
    return {"price_fen": price_fen, "quantity_t": quantity_t}


def _needed_more(order: Order, price_fen: int, quantity_t: int) -> int:
    """Return what new terms can need beyond what the order holds when the market takes them.

    Until then the order may trade on under its old terms: what is needed beyond is greatest when nothing of it has traded, or
    all. Between the two the fees' roundings can make a fen.
    """
    remaining_t, new_remaining_t = order.remaining_t, max(quantity_t - order.filled_t - order.decremented_t, 0)
    if order.side == Order.Side.SELL:
        return max(new_remaining_t - remaining_t, 0)
    rate = order.market.taker_fee_bps
    now = worst_cost_fen(price_fen, new_remaining_t, rate) - worst_cost_fen(order.price_fen, remaining_t, rate)
    later = worst_cost_fen(price_fen, max(new_remaining_t - remaining_t, 0), rate)
    most = max(now, later)
    return most + (1 if rate else 0) if most >= 0 else 0


def _hold_more(order: Order, amount: int, limits: Limits) -> int:
    """Set more aside on the order's account, and return the account."""
    is_buy = order.side == Order.Side.BUY
    account_id = order.cash_account_id if is_buy else order.credit_account_id
    account = lock_accounts([account_id])[account_id]
    check_limits(limits, quantity_t=0, value_fen=0, held_fen=account.held + amount if is_buy else 0)
    if account.available < amount:
        refusal = InsufficientFunds if is_buy else InsufficientCredits
        raise refusal(field="quantity_t", available=account.available, needed=amount)
    Account.objects.filter(pk=account_id).update(held=account.held + amount)
    return account_id
