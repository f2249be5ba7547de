"""A matcher too simple to be wrong: one list of orders, looked through whole for every step, from the design page's sentences.

It answers as a scenario's result does, so that the book can be compared with it through `trading.matching.scenarios.Recorder`.
"""

import copy
from dataclasses import dataclass

from trading.matching import (
    AuctionOpen,
    AuctionUncross,
    Cancel,
    ChangeRules,
    Close,
    Expire,
    Halt,
    MarketRules,
    Open,
    Replace,
    Resume,
    Submit,
)


@dataclass
class PlainOrder:
    terms: Submit
    price: int | None
    quantity: int
    left: int
    shown: int
    time: int
    filled: int = 0
    status: str = "new"
    reason: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """The smaller, the earlier it trades."""
        price = 0 if self.price is None else self.price
        return (-price if self.terms.side == "buy" else price, self.time)

    def accepts(self, price: int) -> bool:
        if self.price is None:
            return True
        return self.price >= price if self.terms.side == "buy" else self.price <= price

    def is_better_than(self, price: int) -> bool:
        return self.price is None or (self.accepts(price) and self.price != price)

    def show(self) -> None:
        self.shown = min(self.terms.display or self.left, self.left)

    def lose(self, quantity: int) -> None:
        self.left -= quantity
        self.shown = min(self.shown, self.left)

    def fill(self, quantity: int) -> None:
        self.filled += quantity
        self.left -= quantity
        self.status = "partially_filled" if self.left else "filled"

    def end(self, status: str, reason: str = "") -> None:
        self.left, self.status, self.reason = 0, status, reason


class PlainBook:
    def __init__(self, rules: MarketRules) -> None:
        self.rules = rules
        self.orders: dict[object, PlainOrder] = {}
        self.trades: list[dict[str, object]] = []
        self.refused: list[dict[str, object]] = []
        self.time = 0
        self.halted = self.closed = self.in_auction = False

    def apply(self, told: object) -> None:
        match told:
            case Submit():
                self.submit(told)
            case Cancel(order_id):
                self.finish(order_id, "cancel", "canceled", "by_request")
            case Expire(order_id):
                self.finish(order_id, "expire", "expired", "")
            case Replace():
                self.replace(told)
            case Halt():
                self.halted = True
            case Resume():
                self.halted = False
            case AuctionOpen():
                self.in_auction, self.closed = True, False
            case AuctionUncross():
                self.uncross()
            case Close():
                self.closed = True
            case Open():
                self.closed = False
            case ChangeRules(rules):
                self.rules = rules

    # What waits

    def side(self, side: str) -> list[PlainOrder]:
        waiting = [order for order in self.orders.values() if order.left and order.terms.side == side]
        return sorted(waiting, key=lambda order: (order.price is not None, order.rank))

    def facing(self, order: PlainOrder, limit: int) -> list[PlainOrder]:
        return [other for other in self.side("sell" if order.terms.side == "buy" else "buy") if other.accepts(limit)]

    def next_time(self) -> int:
        self.time += 1
        return self.time

    # Entry

    def submit(self, new: Submit) -> None:
        if new.order_id in self.orders:
            self.refuse("submit", new.order_id, "duplicate_order")
            return
        order = PlainOrder(new, new.price, new.quantity, new.quantity, new.quantity, 0)
        self.orders[new.order_id] = order
        reason = self.rejection(order)
        if reason:
            order.quantity = 0
            order.end("rejected", reason)
            return
        order.time = self.next_time()
        order.show()
        if self.in_auction:
            return
        if new.time_in_force == "fok" and not self.would_fill(order):
            order.end("canceled", "fok_not_filled")
            return
        self.take(order)
        if order.left and (order.price is None or new.time_in_force in ("ioc", "fok")):
            order.end("canceled", "ioc_remainder")

    def rejection(self, order: PlainOrder) -> str | None:
        new, band = order.terms, self.rules.band
        immediate = new.time_in_force in ("ioc", "fok")
        price = new.protection if new.order_type == "market" else new.price
        is_market = new.order_type == "market"
        for reason, holds in (
            ("invalid_quantity", new.quantity <= 0),
            ("invalid_price", (new.price is None) is not is_market or (price is not None and price <= 0)),
            ("invalid_combination", new.post_only and (immediate or is_market)),
            ("invalid_combination", new.display is not None and (immediate or is_market)),
            ("invalid_combination", new.display is not None and not 0 < new.display < new.quantity),
            ("market_halted", self.halted),
            ("market_closed", self.closed),
            ("off_lot", new.quantity % self.rules.lot),
            ("off_tick", price is not None and price % self.rules.tick),
            ("outside_band", price is not None and band is not None and not band[0] <= price <= band[1]),
            ("not_in_auction", self.in_auction and (immediate or new.post_only or new.display is not None)),
            ("no_protection_price", is_market and not self.in_auction and price is None and band is None),
        ):
            if holds:
                return reason
        if new.post_only and not self.in_auction and self.facing(order, new.price):
            return "would_take"
        return None

    def limit(self, order: PlainOrder) -> int:
        if order.price is not None:
            return order.price
        if order.terms.protection is not None:
            return order.terms.protection
        return self.rules.band[order.terms.side == "buy"]

    def would_fill(self, order: PlainOrder) -> bool:
        rehearsal = copy.deepcopy(self)
        double = rehearsal.orders[order.terms.order_id]
        rehearsal.take(double)
        return double.filled == double.quantity

    def take(self, taker: PlainOrder) -> None:
        while taker.left and (facing := [other for other in self.facing(taker, self.limit(taker)) if other.shown]):
            maker = facing[0]
            if maker.terms.owner == taker.terms.owner:
                self.prevent_self_trade(maker, taker)
                continue
            quantity = min(taker.left, maker.shown)
            self.trade(maker.price, quantity, maker, taker)
            maker.shown -= quantity
            if maker.left and not maker.shown:
                maker.time = self.next_time()
                maker.show()

        if taker.left:
            taker.show()

    def prevent_self_trade(self, maker: PlainOrder, taker: PlainOrder) -> None:
        mode = taker.terms.self_trade_mode
        if mode == "decrement":
            less = min(maker.left, taker.left)
            for order in (maker, taker):
                order.lose(less)
                if not order.left:
                    order.end("canceled", "self_trade")
        if mode in ("cancel_oldest", "cancel_both"):
            maker.end("canceled", "self_trade")
        if mode in ("cancel_newest", "cancel_both"):
            taker.end("canceled", "self_trade")

    def trade(self, price: int, quantity: int, maker: PlainOrder, taker: PlainOrder) -> None:
        row = {"price": price, "qty": quantity, "maker": maker.terms.order_id, "taker": taker.terms.order_id}
        self.trades.append(row)
        maker.fill(quantity)
        taker.fill(quantity)

    # Orders that wait

    def refuse(self, op: str, order_id: object, reason: str) -> None:
        self.refused.append({"op": op, "id": order_id, "reason": reason})

    def is_waiting(self, order_id: object, op: str) -> bool:
        if order_id not in self.orders:
            self.refuse(op, order_id, "unknown_order")
        elif not self.orders[order_id].left:
            self.refuse(op, order_id, f"too_late_to_{op}")
        else:
            return True
        return False

    def finish(self, order_id: object, op: str, status: str, reason: str) -> None:
        if self.is_waiting(order_id, op):
            self.orders[order_id].end(status, reason)

    def replace(self, told: Replace) -> None:
        if not self.is_waiting(told.order_id, "replace"):
            return
        order = self.orders[told.order_id]
        quantity = order.quantity if told.quantity is None else told.quantity
        price = order.price if told.price is None else told.price
        keeps_time = price == order.price and quantity < order.quantity
        reason = self.replace_refusal(order, quantity, price, keeps_time)
        if reason:
            self.refuse("replace", told.order_id, reason)
            return
        left = order.left + quantity - order.quantity
        if left <= 0:
            order.end("canceled", "by_request")
            return
        if keeps_time:
            order.lose(order.left - left)
            order.quantity = quantity
            return
        order.price, order.quantity, order.left, order.time = price, quantity, left, self.next_time()
        order.show()
        if not self.in_auction:
            self.take(order)

    def replace_refusal(self, order: PlainOrder, quantity: int, price: int | None, keeps_time: bool) -> str | None:
        band = self.rules.band
        for reason, holds in (
            ("invalid_quantity", quantity <= 0),
            ("invalid_price", price is not None and (price <= 0 or order.price is None)),
            ("market_halted", self.halted),
            ("market_closed", self.closed),
            ("off_lot", quantity % self.rules.lot),
            ("off_tick", price is not None and price % self.rules.tick),
            ("outside_band", price is not None and band is not None and not band[0] <= price <= band[1]),
        ):
            if holds:
                return reason
        takes = order.terms.post_only and not keeps_time and not self.in_auction and self.facing(order, price)
        return "would_take" if takes else None

    # The auction

    def bought_and_sold(self, price: int) -> tuple[int, int]:
        return tuple(sum(order.left for order in self.side(side) if order.accepts(price)) for side in ("buy", "sell"))

    def volume(self, price: int) -> int:
        return min(self.bought_and_sold(price))

    def fills_all_better(self, price: int) -> bool:
        return all(
            sum(order.left for order in self.side(side) if order.is_better_than(price)) <= self.volume(price)
            for side in ("buy", "sell")
        )

    def imbalance(self, price: int) -> int:
        bought, sold = self.bought_and_sold(price)
        return bought - sold

    def auction_price(self) -> int | None:
        waiting = self.side("buy") + self.side("sell")
        prices = {order.price for order in waiting if order.price is not None} | {self.rules.reference}
        prices = sorted(price for price in prices if price > 0)
        most = max((self.volume(price) for price in prices), default=0)
        if not most:
            return None
        prices = [price for price in prices if self.volume(price) == most]
        prices = [price for price in prices if self.fills_all_better(price)] or prices
        least = min(abs(self.imbalance(price)) for price in prices)
        prices = [price for price in prices if abs(self.imbalance(price)) == least]
        if all(self.imbalance(price) > 0 for price in prices):
            return max(prices)
        if all(self.imbalance(price) < 0 for price in prices):
            return min(prices)
        closest = min(abs(price - self.rules.reference) for price in prices)
        return max(price for price in prices if abs(price - self.rules.reference) == closest)

    def uncross(self) -> None:
        self.in_auction = False
        price = self.auction_price()
        volume = 0 if price is None else self.volume(price)
        while volume:
            buy, sell = self.side("buy")[0], self.side("sell")[0]
            maker, taker = sorted((buy, sell), key=lambda order: order.time)
            quantity = min(buy.left, sell.left, volume)
            self.trade(price, quantity, maker, taker)
            buy.shown, sell.shown = min(buy.shown, buy.left), min(sell.shown, sell.left)
            volume -= quantity
        for order in self.orders.values():
            if order.left and order.price is None:
                order.end("canceled", "auction_remainder")

    # What it has come to

    def depth(self, side: str) -> list[list[int]]:
        waiting = [order for order in self.side(side) if order.price is not None]
        prices = list(dict.fromkeys(order.price for order in waiting))
        at = {price: [order.shown for order in waiting if order.price == price] for price in prices}
        return [[price, sum(at[price]), len(at[price])] for price in prices]

    def result(self) -> dict[str, object]:
        states = {}
        for order_id, order in self.orders.items():
            states[str(order_id)] = {"status": order.status, "filled": order.filled, "remaining": order.left}
            if order.reason:
                states[str(order_id)]["reason"] = order.reason
        return {
            "trades": self.trades,
            "orders": states,
            "refused": self.refused,
            "book": {"bids": self.depth("buy"), "asks": self.depth("sell")},
        }
