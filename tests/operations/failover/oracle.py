"""What clients were told against what the exchange has: each order once, with its very terms, and nothing made or lost."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Count, F, Max, Min, Q, Sum
from django.utils import timezone

from ledger.models import Account, UnsequencedRecord
from trading.execution.reconciliation import reconcile
from trading.models import ExecutedInstruction, Instruction, Market, Order, Trade

OVERDUE = dt.timedelta(seconds=30)
Told = Mapping[str, Any]
TERMS = ("side", "price_fen", "quantity_t", "order_type", "time_in_force", "post_only", "display_t", "self_trade_mode")
USUAL = {"order_type": "limit", "post_only": False, "display_t": None, "self_trade_mode": "cancel_newest"}


def problems(told: Iterable[Told], market: Market, total: Mapping[str, int]) -> Iterator[str]:
    """Yield everything that is not as it must be, once nothing is under way any more.

    `total` is what was there of each asset, by code, before anybody traded.
    """
    told = list(told)
    replaced = {answer["replace"] for answer in told if "replace" in answer}
    yield from orders_told(told, market)
    yield from ends_told(told)
    yield from orders_themselves(market, replaced)
    yield from instructions(market)
    yield from positions(market, total)
    yield from broken_invariants()


def broken_invariants() -> Iterator[str]:
    """Yield what reconciliation names."""
    for result in reconcile():
        if not result.holds:
            yield f"invariant {result.number}, {result.name}: {result.detail}"


def orders_told(told: Iterable[Told], market: Market) -> Iterator[str]:
    """Yield where the orders are not those that clients were told of."""
    found: dict[str, list[Order]] = {}
    for order in Order.objects.filter(market=market):
        found.setdefault(order.client_order_id, []).append(order)
    replaced: dict[int, list[dict[str, int]]] = {}
    for answer in told:
        if "replace" in answer:
            replaced.setdefault(answer["replace"], []).append(answer["terms"])
    for answer in told:
        if "order" in answer:
            orders = found.pop(answer["order"]["client_order_id"], [])
            yield from _one_order(answer, orders, market, replaced.get(answer.get("id", 0), []))
    for name, orders in found.items():
        yield f"{name}: nobody has entered it, and there are {len(orders)}"


def _one_order(
    answer: Told, found: list[Order], market: Market, replaced: Iterable[Mapping[str, int]]
) -> Iterator[str]:
    asked, name = answer["order"], answer["order"]["client_order_id"]
    if answer["status"] == 0:
        yield f"{name}: never answered"
    elif answer["status"] not in (200, 201):
        if found:
            yield f"{name}: refused ({answer['code']}), and entered all the same"
        elif answer["status"] not in (400, 422):
            yield f"{name}: refused by {answer['status']} ({answer['code']}), which nothing was a reason for"
    elif len(found) != 1:
        yield f"{name}: told to be order {answer['id']}, and there are {len(found)}"
    elif found[0].pk != answer["id"]:
        yield f"{name}: told to be order {answer['id']}, and is {found[0].pk}"
    else:
        first = terms_asked(asked, market)
        has = {term: getattr(found[0], term) for term in TERMS}
        if has not in [first, *(first | terms for terms in replaced)]:
            yield f"{name}: {first} was entered, {has} is there"


def ends_told(told: Iterable[Told]) -> Iterator[str]:
    """Yield where a cancel or a replace was answered as it cannot be, and orders that were cancelled and are open."""
    cancelled: set[int] = set()
    for answer in told:
        if "cancel" in answer:
            cancelled.add(answer["cancel"])
        elif "cancel_all" in answer:
            cancelled.update(answer["cancel_all"])
        elif "replace" not in answer:
            continue
        # An iceberg cannot be replaced by less than it shows.
        expected = (409, 422) if "replace" in answer else (409,)
        if not 200 <= answer["status"] < 300 and answer["status"] not in expected:
            yield f"{answer}: nothing was a reason for such an answer"
    still_open = Order.objects.filter(pk__in=cancelled, status__in=Order.OPEN_STATUSES).values_list("pk", flat=True)
    yield from (f"order {pk} was cancelled and is open" for pk in still_open)


def terms_asked(order: Told, market: Market) -> dict[str, Any]:
    """Return all the terms of an order that a client has asked for some of."""
    terms = {**USUAL, **order}
    if terms.get("time_in_force") is None:
        terms["time_in_force"] = "ioc" if terms["order_type"] == "market" else "gtc"
    if terms["price_fen"] is None:
        low, high = market.band_fen
        terms["price_fen"] = high if terms["side"] == "buy" else low
    return {term: terms[term] for term in TERMS}


def orders_themselves(market: Market, replaced: Collection[int] = ()) -> Iterator[str]:
    """Yield orders that have become what their terms do not allow, or that are filled by other trades than theirs.

    An order that was replaced may have traded at the price that it had before.
    """
    orders = Order.objects.filter(market=market)
    filled: Counter[int] = Counter()
    for side in ("buy_order_id", "sell_order_id"):
        for order_id, tonnes in Trade.objects.filter(market=market).values_list(side).annotate(Sum("quantity_t")):
            filled[order_id] += tonnes
    for order_id, tonnes in orders.values_list("pk", "filled_t"):
        if filled.pop(order_id, 0) != tonnes:
            yield f"order {order_id} is filled by {tonnes} t, and its trades are of others"
    yield from (f"order {order_id} has trades and is nowhere" for order_id in filled)
    never_rest = orders.filter(time_in_force__in=["ioc", "fok"], status__in=Order.OPEN_STATUSES)
    yield from (f"order {order.pk} ({order.time_in_force}) rests" for order in never_rest)
    overdue = orders.filter(expires_at__lt=timezone.now() - OVERDUE, status__in=Order.OPEN_STATUSES)
    yield from (f"order {order.pk} was to expire at {order.expires_at}, and is open" for order in overdue)
    halves = orders.filter(time_in_force="fok").exclude(filled_t=0).exclude(filled_t=F("quantity_t"))
    yield from (f"order {order.pk} (fok) is filled by {order.filled_t} of {order.quantity_t} t" for order in halves)
    yield from (f"order {order.pk} was never taken" for order in orders.filter(status="pending_new"))
    taking = Trade.objects.filter(
        Q(taker_side="buy", buy_order__post_only=True) | Q(taker_side="sell", sell_order__post_only=True),
        market=market,
    )
    yield from (f"trade {trade.pk} was taken by an order that only makes" for trade in taking)
    worse = Trade.objects.filter(
        Q(price_fen__gt=F("buy_order__price_fen")) & ~Q(buy_order__in=replaced)
        | Q(price_fen__lt=F("sell_order__price_fen")) & ~Q(sell_order__in=replaced),
        market=market,
    )
    yield from (f"trade {trade.pk} is at a price that one side did not agree to" for trade in worse)


def instructions(market: Market) -> Iterator[str]:
    """Yield where the log of instructions has gaps or repeats, or does not have each order once."""
    market.refresh_from_db()
    log = ExecutedInstruction.objects.filter(market=market)
    seen = log.aggregate(first=Min("sequence"), last=Max("sequence"), count=Count("sequence", distinct=True))
    if (seen["first"], seen["last"], seen["count"]) != (1, market.last_sequence, market.last_sequence):
        yield f"the instructions are {seen}, the market's last is {market.last_sequence}"
    submitted = log.filter(kind="submit")
    counts = submitted.count(), submitted.values("order_id").distinct().count(), market.orders.count()
    if len(set(counts)) != 1:
        yield f"{counts[0]} orders were taken, {counts[1]} different ones, of {counts[2]}"
    if (waiting := Instruction.objects.filter(market=market).count()) != 0:
        yield f"{waiting} instructions wait"
    if (waiting := UnsequencedRecord.objects.count()) != 0:
        yield f"{waiting} records wait for the log"


def positions(market: Market, total: Mapping[str, int]) -> Iterator[str]:
    """Yield where money or tonnes were made or lost, in all."""
    for code, amount in held_in_all(market).items():
        if amount != total[code]:
            yield f"{code}: {total[code]} were there, {amount} are"


def held_in_all(market: Market) -> dict[str, int]:
    """Return what organisations and the exchange's fees have together, of money and of the market's credits."""
    theirs = Account.objects.filter(Q(organisation__isnull=False) | Q(purpose=Account.Purpose.FEES))
    codes = ("CNY", market.asset.code)
    found = theirs.filter(asset__code__in=codes).values_list("asset__code").annotate(Sum("balance"))
    return dict.fromkeys(codes, 0) | dict(found)
