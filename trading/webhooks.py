"""The exchange's events: trades and orders of those who listen, offers, auctions, and what becomes of markets."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.transparency.following import LoggedRecord
from ledger.webhooks.events import Event, EventType, Listeners, add_types, event, on_record
from ledger.webhooks.fields import Field, code, count, count_or_none, many, moment, number, one_of, uuid, words
from ledger.webhooks.told import named
from trading.notices import symbols_of
from trading.orders.models import Order

TRADES_AN_EVENT = 100
MARKET = {"market": code("symbol", "^.{1,40}$", "TH-35-000001-2025")}
SIDES = Order.Side.values
ORDER = MARKET | {
    "order": number("number of the order", "411"),
    "client_order_id": words("your own name for it", "sell-2026-11-30-1"),
    "side": one_of("buy or sell", SIDES, Order.Side.SELL),
    "quantity_t": count("whole tonnes", 500),
    "filled_t": count("of these traded", 500),
    "status": one_of("as GET /orders has it", Order.Status.values, Order.Status.FILLED),
}
TRADE = {
    "trade": number("number of the trade", "9001"),
    "order": number("number of your order", "411"),
    "client_order_id": words("your own name for it", "sell-2026-11-30-1"),
    "side": one_of("yours: buy or sell", SIDES, Order.Side.SELL),
    "role": one_of("maker where your order was on the book, taker where it came to it", ("maker", "taker"), "maker"),
    "price_fen": count("fen per tonne", 4_500),
    "quantity_t": count("whole tonnes", 20),
    "fee_fen": count("your fee in fen", 90),
    "transaction": number("number of the transaction that settled it", "297"),
}
OFFER = MARKET | {
    "offer": number("number of the offer", "8"),
    "proposer": uuid("id of an organisation"),
    "counterparty": uuid("id of an organisation", "5c6dcba3-ce42-4db6-8aa9-90253246e42e"),
    "side": one_of("the proposer's: buy or sell", SIDES, Order.Side.SELL),
    "price_fen": count("fen per tonne", 4_600),
    "quantity_t": count("whole tonnes", 2_000),
    "expires_at": moment("until when it can be decided"),
}
AUCTION = {"auction": number("number of the auction", "2")}
LOT = AUCTION | MARKET | {"seller": uuid("id of an organisation")}
BID = AUCTION | {"bid": number("number of the bid", "5")}

add_types(
    EventType(
        "trade.settled",
        _("trades of yours are settled; up to a hundred in one event, so that a busy market does not outrun you"),
        MARKET | {"trades": many("one of them each", TRADE, most=TRADES_AN_EVENT)},
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


_SAID = MARKET | {"reason": words("why; may be empty", "An examination of the last trades.")}
add_types(
    EventType("market.halted", _("trading of a market is halted"), _SAID),
    EventType("market.resumed", _("trading of a market goes on"), _SAID),
)


def _in_market(fields: Mapping[str, Field]) -> Any:
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
    | {
        "quantity_t": count("tonnes that were bid for", 40),
        "awarded_t": count("tonnes won", 20),
        "awarded_price_fen": count_or_none("fen per tonne; null where nothing was won", 4_500),
    },
)
event(
    "bid_voided",
    "bid.voided",
    _("a bid of yours is void: the auction is called off"),
    to=named("organisation"),
    fields=BID,
)
