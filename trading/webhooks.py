"""The exchange's events: trades and orders of those who listen, offers, auctions, and what becomes of markets."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.transparency.following import LoggedRecord
from ledger.webhooks.events import Event, EventType, Listeners, add_types, event, on_record
from ledger.webhooks.told import named
from trading.notices import symbols_of
from trading.orders.models import Order

TRADES_AN_EVENT = 100
ORDER = {
    "order": "number of the order",
    "client_order_id": "your own name for it",
    "market": "symbol",
    "side": "buy or sell",
    "quantity_t": "whole tonnes",
    "filled_t": "of these traded",
    "status": "as GET /orders has it",
}
OFFER = {
    "offer": "number of the offer",
    "market": "symbol",
    "proposer": "id of an organisation",
    "counterparty": "id of an organisation",
    "side": "the proposer's: buy or sell",
    "price_fen": "fen per tonne",
    "quantity_t": "whole tonnes",
    "expires_at": "until when it can be decided",
}
LOT = {"auction": "number of the auction", "market": "symbol", "seller": "id of an organisation"}
BID = {"auction": "number of the auction", "bid": "number of the bid"}

add_types(
    EventType(
        "trade.settled",
        _("trades of yours are settled; up to a hundred in one event, so that a busy market does not outrun you"),
        {
            "market": "symbol",
            "trades": "list of {trade, order, client_order_id, side, role (maker or taker), price_fen, quantity_t, fee_fen, transaction}",
        },
    ),
    EventType("order.filled", _("an order is filled to the last tonne"), ORDER),
    EventType("order.expired", _("an order has ended by itself: its time was over, or new rules forbid it"), ORDER),
)


@on_record("transaction_posted")
def _settled(records: Sequence[LoggedRecord], book: Book, listeners: Listeners) -> Iterable[Event]:
    trades = [record for record in records if "trade" in record.body]
    if not trades:
        return
    ids = {int(record.body["trade"][role]) for record in trades for role in ("maker_order", "taker_order")}
    orders = _orders_of(ids, listeners)
    if not orders:
        return
    symbols = symbols_of(trades)
    lists: dict[tuple[int, str], list[tuple[LoggedRecord, dict[str, Any]]]] = {}
    for record in trades:
        for role in ("maker", "taker"):
            order = orders.get(int(record.body["trade"][f"{role}_order"]))
            if order is not None:
                market = symbols.get(str(record.body["trade"]["market"]), "")
                lists.setdefault((order.organisation_id, market), []).append((record, _trade(record, order, role)))
    for (organisation, market), found in lists.items():
        remaining = iter(found)
        while some := list(islice(remaining, TRADES_AN_EVENT)):
            data = {"market": market, "trades": [trade for _record, trade in some]}
            yield Event("trade.settled", organisation, data, some[-1][0].at)
    last = trades[-1].at
    for order in orders.values():
        if order.status == Order.Status.FILLED:
            yield Event("order.filled", order.organisation_id, _order(order), last, f"order.filled:{order.pk}")


def _orders_of(ids: Iterable[int], listeners: Listeners) -> dict[int, Order]:
    found = Order.objects.filter(pk__in=list(ids), organisation__in=listeners).select_related("market")
    return {order.pk: order for order in found}


def _trade(record: LoggedRecord, order: Order, role: str) -> dict[str, Any]:
    trade = record.body["trade"]
    fee = "buyer_fee_fen" if order.side == Order.Side.BUY else "seller_fee_fen"
    return {
        "trade": str(trade["trade"]),
        "order": str(order.pk),
        "client_order_id": order.client_order_id,
        "side": str(order.side),
        "role": role,
        "price_fen": trade["price_fen"],
        "quantity_t": trade["quantity_t"],
        "fee_fen": trade[fee],
        "transaction": str(record.body["transaction"]),
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "order": str(order.pk),
        "client_order_id": order.client_order_id,
        "market": order.market.symbol,
        "side": str(order.side),
        "quantity_t": order.quantity_t,
        "filled_t": order.filled_t,
        "status": str(order.status),
    }


@on_record("instructions_executed")
def _expired(records: Sequence[LoggedRecord], _book: Book, listeners: Listeners) -> Iterable[Event]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT done.order_id, said.at
              FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
                   AS said (market_id, first, last, at)
              JOIN trading_executedinstruction done
                ON done.market_id = said.market_id AND done.sequence BETWEEN said.first AND said.last
               AND done.kind = 'expire'
             WHERE done.order_id IS NOT NULL
            """,
            [
                [int(record.body["market"]) for record in records],
                [int(record.body["first_sequence"]) for record in records],
                [int(record.body["last_sequence"]) for record in records],
                [record.at for record in records],
            ],
        )
        times = dict(cursor.fetchall())
    if not times:
        return
    for order in _orders_of(times, listeners).values():
        if not order.is_open and order.status != Order.Status.FILLED:
            data = _order(order)
            yield Event("order.expired", order.organisation_id, data, times[order.pk], f"order.expired:{order.pk}")


@on_record("market_halt_ordered", "market_resume_ordered")
def _halted(records: Sequence[LoggedRecord], _book: Book, listeners: Listeners) -> Iterable[Event]:
    for record in records:
        name = "market.halted" if record.kind == "market_halt_ordered" else "market.resumed"
        data = {"market": record.body["symbol"], "reason": record.body["reason"]}
        for organisation in listeners:
            yield Event(name, organisation, data, record.at)


_MARKET = {"market": "symbol", "reason": "why"}
add_types(
    EventType("market.halted", _("trading of a market is halted"), _MARKET),
    EventType("market.resumed", _("trading of a market goes on"), _MARKET),
)


def _in_market(fields: dict[str, str]) -> Any:
    def data(record: LoggedRecord, _book: Book) -> dict[str, Any]:
        said = {name: record.body.get(name) for name in fields}
        # One query for each of a few: blocks and lots do not come by the thousand.
        return said | {"market": symbols_of([record]).get(str(record.body.get("market")), "")}

    return data


for recorded, happens in (
    ("offered", _("a block is offered")),
    ("countered", _("a block is answered by another offer")),
    ("accepted", _("a block is accepted")),
    ("declined", _("a block is declined")),
    ("withdrawn", _("an offer of a block is taken back")),
    ("expired", _("an offer of a block was not decided in time")),
):
    event(
        f"block_{recorded}",
        f"block.{recorded}",
        happens,
        to=named("proposer", "counterparty"),
        fields=OFFER,
        data=_in_market(OFFER),
    )
for recorded, happens in (
    ("awarded", _("a lot of yours is sold by auction")),
    ("unsold", _("an auction of yours has ended without a sale")),
    ("cancelled", _("an auction of yours is called off")),
):
    event(
        f"one_way_auction_{recorded}",
        f"auction.{recorded}",
        happens,
        to=named("seller"),
        fields=LOT,
        data=_in_market(LOT),
    )
event(
    "bid_revealed",
    "bid.decided",
    _("a bid of yours has won or lost"),
    to=named("organisation"),
    fields=BID
    | {"quantity_t": "tonnes that were bid for", "awarded_t": "tonnes won", "awarded_price_fen": "fen per tonne"},
)
event(
    "bid_voided",
    "bid.voided",
    _("a bid of yours is void: the auction is called off"),
    to=named("organisation"),
    fields=BID,
)
