"""Why an order is rejected: the rules in the order in which they are asked."""

from trading.matching.instructions import MarketRules, Submit

SIDES = frozenset({"buy", "sell"})
TYPES = frozenset({"limit", "market"})
TIMES_IN_FORCE = frozenset({"gtc", "day", "gtd", "ioc", "fok"})
IMMEDIATE = frozenset({"ioc", "fok"})
SELF_TRADE_MODES = frozenset({"cancel_newest", "cancel_oldest", "cancel_both", "decrement"})


def rejection(order: Submit, rules: MarketRules, *, stopped: str | None, in_auction: bool) -> str | None:
    """Return the first reason to reject a new order, or None. What it would take is asked of the book itself."""
    if type(order.quantity) is not int or order.quantity <= 0:
        return "invalid_quantity"
    is_market = order.order_type == "market"
    if _has_invalid_price(order, is_market=is_market):
        return "invalid_price"
    immediate = is_market or order.time_in_force in IMMEDIATE
    if _is_invalid_combination(order, immediate=immediate):
        return "invalid_combination"
    if stopped is not None:
        return stopped
    price = order.protection if is_market else order.price
    reason = breach(rules, order.quantity, price)
    if reason is not None:
        return reason
    if in_auction:
        plain = order.time_in_force not in IMMEDIATE and not order.post_only and order.display is None
        return None if plain else "not_in_auction"
    if is_market and price is None and rules.band is None:
        return "no_protection_price"
    return None


def breach(rules: MarketRules, quantity: int, price: int | None) -> str | None:
    """Return which of lot, tick and band a quantity and a price break, or None."""
    if quantity % rules.lot:
        return "off_lot"
    if price is None:
        return None
    if price % rules.tick:
        return "off_tick"
    if rules.band is not None and not rules.band[0] <= price <= rules.band[1]:
        return "outside_band"
    return None


def _has_invalid_price(order: Submit, *, is_market: bool) -> bool:
    price = order.protection if is_market else order.price
    if is_market and order.price is not None:
        return True
    if price is None:
        return not is_market
    return type(price) is not int or price <= 0


def _is_invalid_combination(order: Submit, *, immediate: bool) -> bool:
    if order.post_only and immediate:
        return True
    if order.display is None:
        return False
    return immediate or type(order.display) is not int or not 0 < order.display < order.quantity
