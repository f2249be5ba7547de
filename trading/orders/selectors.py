"""Read orders: each organisation its own."""

from django.db.models import QuerySet

from ledger.errors import NotFound
from ledger.parties.models import Membership, Organisation
from trading.markets.models import Market
from trading.orders.models import Order

OPEN = "open"


def orders_of(organisation: Organisation) -> QuerySet[Order]:
    """Return an organisation's orders, newest first."""
    return Order.objects.filter(organisation=organisation).select_related("market").order_by("-id")


def open_orders_of(organisation: Organisation, market: Market | None = None) -> QuerySet[Order]:
    """Return an organisation's orders that can still trade, newest first."""
    orders = orders_of(organisation).filter(status__in=Order.OPEN_STATUSES)
    return orders if market is None else orders.filter(market=market)


def finished_orders_of(organisation: Organisation, market: Market) -> QuerySet[Order]:
    """Return an organisation's orders in a market that cannot trade any more, newest first."""
    return orders_of(organisation).exclude(status__in=Order.OPEN_STATUSES).filter(market=market)


def filter_orders(orders: QuerySet[Order], *, symbol: str | None, status: str | None) -> QuerySet[Order]:
    """Return those orders that are in a market and have a status; `open` is every status that can still trade."""
    if symbol is not None:
        orders = orders.filter(market__symbol=symbol)
    if status == OPEN:
        return orders.filter(status__in=Order.OPEN_STATUSES)
    return orders if status is None else orders.filter(status=status)


def access_order_by_id(*, order_id: int, actor: Membership) -> Order:
    """Return an organisation's own order.

    Raises: NotFound, also where the order is another's.
    """
    order = orders_of(actor.organisation).filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    return order
