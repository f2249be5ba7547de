"""The order book: one instruction in, events out; no clock, no chance, no input or output.

Source: the design page "Matching: what the book does, exactly"; names follow FIX.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator

from trading.matching import auction
from trading.matching.checks import IMMEDIATE, SELF_TRADE_MODES, breach, rejection
from trading.matching.instructions import (
    Accepted,
    AuctionOpen,
    AuctionUncross,
    Cancel,
    Canceled,
    ChangeRules,
    Close,
    Decremented,
    Event,
    Expire,
    Expired,
    Halt,
    Instruction,
    MarketRules,
    Open,
    Refused,
    Rejected,
    Replace,
    Replaced,
    Replenished,
    RestingOrder,
    Resume,
    Submit,
    Traded,
    Uncrossed,
)
from trading.matching.orders import BookOrder
from trading.matching.sides import BookSide


def _nobody(order_id: Hashable) -> bool:
    return False


class OrderBook:
    """A market's book. `was_known` tells which orders have been on it and are finished: the book forgets those, and its
    owner remembers them as long as it likes."""

    def __init__(self, rules: MarketRules, was_known: Callable[[Hashable], bool] = _nobody) -> None:
        self.rules = rules
        self.sequence = 0
        self.halted = False
        self.closed = False
        self.in_auction = False
        self._was_known = was_known
        self._orders: dict[Hashable, BookOrder] = {}
        self._bids = BookSide(1)
        self._asks = BookSide(-1)
        self._market_orders: dict[Hashable, BookOrder] = {}
        self._handlers: dict[type, Callable[..., list[Event]]] = {
            Submit: self._submit,
            Cancel: self._cancel,
            Replace: self._replace,
            Expire: self._expire,
            Halt: self._halt,
            Resume: self._resume,
            AuctionOpen: self._open_auction,
            AuctionUncross: self._uncross,
            Close: self._close,
            Open: self._open,
            ChangeRules: self._change_rules,
        }

    @classmethod
    def restore(
        cls,
        rules: MarketRules,
        resting: Iterable[RestingOrder],
        *,
        sequence: int,
        halted: bool = False,
        closed: bool = False,
        in_auction: bool = False,
        was_known: Callable[[Hashable], bool] = _nobody,
    ) -> "OrderBook":
        """Return the book that had these orders resting; it goes on as the first one would have."""
        book = cls(rules, was_known)
        book.sequence, book.halted, book.closed, book.in_auction = sequence, halted, closed, in_auction
        for row in sorted(resting, key=lambda row: row.sequence):
            book._put_back(row)
        return book

    def apply(self, instruction: Instruction) -> list[Event]:
        """Carry out one instruction and return what happened, in order."""
        return self._handlers[type(instruction)](instruction)

    def resting(self) -> Iterator[RestingOrder]:
        """Yield every order on the book, buys and sells in priority, then an auction's market orders."""
        for order in (*self._bids, *self._asks, *self._market_orders.values()):
            yield RestingOrder(
                order_id=order.order_id,
                owner=order.owner,
                side="buy" if order.is_buy else "sell",
                price=order.price,
                quantity=order.quantity,
                filled=order.filled,
                sequence=order.sequence,
                order_type=order.terms.order_type,
                time_in_force=order.terms.time_in_force,
                post_only=order.terms.post_only,
                display=order.terms.display,
                shown=order.shown,
                decremented=order.decremented,
                self_trade_mode=order.terms.self_trade_mode,
            )

    def depth(self, levels: int | None = None) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """Return bids and asks as (price, shown quantity, number of orders), each from the best price on."""
        return self._bids.depth(levels), self._asks.depth(levels)

    def indicative(self) -> tuple[int, int] | None:
        """Return price and volume at which the auction would uncross now, or None."""
        return auction.clearing_price(*self._queues(), self.rules.reference)

    # Entry

    def _submit(self, new: Submit) -> list[Event]:
        reason = self._rejection(new)
        if reason is not None:
            return [Rejected(new.order_id, reason)]
        self.sequence += 1
        order = BookOrder(new, self.sequence)
        events: list[Event] = [Accepted(new.order_id, self.sequence)]
        if not self.in_auction:
            self._trade_on_entry(order, new, events)
            if not order.remaining:
                return events
        self._rest(order)
        return events

    def _trade_on_entry(self, order: BookOrder, new: Submit, events: list[Event]) -> None:
        """Let an order trade as its terms say; of one that may not rest, nothing remains."""
        limit = new.price if new.order_type == "limit" else self._protection(new)
        assert limit is not None
        if new.time_in_force == "fok" and not self._would_fill(order, limit):
            self._end(order, "fok_not_filled", events)
            return
        self._take(order, limit, events)
        if order.remaining and (new.order_type == "market" or new.time_in_force in IMMEDIATE):
            self._end(order, "ioc_remainder", events)

    def _end(self, order: BookOrder, reason: str, events: list[Event]) -> None:
        """Cancel what remains of an order that is not on the book."""
        events.append(Canceled(order.order_id, order.remaining, reason))
        order.remaining = 0

    def _rejection(self, new: Submit) -> str | None:
        if new.order_id in self._orders or self._was_known(new.order_id):
            return "duplicate_order"
        reason = rejection(new, self.rules, stopped=self._stopped(), in_auction=self.in_auction)
        if reason is None and new.post_only and self._would_take(new.side == "buy", new.price):
            return "would_take"
        return reason

    def _protection(self, new: Submit) -> int:
        if new.protection is not None:
            return new.protection
        assert self.rules.band is not None
        return self.rules.band[1 if new.side == "buy" else 0]

    def _would_take(self, is_buy: bool, price: int | None) -> bool:
        if self.in_auction:
            return False
        opposite = self._asks if is_buy else self._bids
        return bool(opposite.keys) and price is not None and opposite.keys[-1] >= opposite.sign * price

    def _rest(self, order: BookOrder) -> None:
        order.show()
        self._orders[order.order_id] = order
        if order.price is None:
            self._market_orders[order.order_id] = order
        else:
            (self._bids if order.is_buy else self._asks).add(order)

    def _put_back(self, row: RestingOrder) -> None:
        terms = Submit(
            row.order_id,
            row.owner,
            row.side,
            row.order_type,
            row.price,
            row.quantity,
            row.time_in_force,
            row.post_only,
            row.display,
            row.self_trade_mode,
        )
        order = BookOrder(terms, row.sequence)
        order.decremented = row.decremented
        order.remaining = row.quantity - row.filled - row.decremented
        self._rest(order)
        if row.shown is not None:
            order.shown = row.shown

    # Trading

    def _take(self, taker: BookOrder, limit: int, events: list[Event]) -> None:
        """Let an incoming order trade with the opposite side while prices allow; what remains of it is left to the caller."""
        side = self._asks if taker.is_buy else self._bids
        keys, limit_key = side.keys, side.sign * limit
        while taker.remaining and keys and keys[-1] >= limit_key:
            key = keys[-1]
            maker = next(iter(side.levels[key].values()))
            if maker.owner == taker.owner:
                self._prevent_self_trade(taker, maker, events)
                continue
            quantity = min(taker.remaining, maker.shown)
            taker.remaining -= quantity
            maker.remaining -= quantity
            maker.shown -= quantity
            events.append(Traded(key * side.sign, quantity, maker.order_id, taker.order_id))
            if not maker.remaining:
                self._take_off(maker)
            elif not maker.shown:
                self._replenish(side, maker, events)

    def _replenish(self, side: BookSide, order: BookOrder, events: list[Event]) -> None:
        side.remove(order)
        self.sequence += 1
        order.sequence = self.sequence
        order.show()
        side.add(order)
        events.append(Replenished(order.order_id, order.shown, order.sequence))

    def _prevent_self_trade(self, taker: BookOrder, maker: BookOrder, events: list[Event]) -> None:
        """Do what the taker's mode says where it meets an order of its own owner; after it one of the two has changed."""
        mode = taker.terms.self_trade_mode
        assert mode in SELF_TRADE_MODES, "the same two orders would meet for ever"
        if mode == "decrement":
            quantity = min(taker.remaining, maker.remaining)
            for order in (maker, taker):
                order.decrement(quantity)
                events.append(Decremented(order.order_id, quantity))
            if not maker.remaining:
                self._take_off(maker)
                events.append(Canceled(maker.order_id, 0, "self_trade"))
            if not taker.remaining:
                events.append(Canceled(taker.order_id, 0, "self_trade"))
            return
        if mode in ("cancel_oldest", "cancel_both"):
            self._take_off(maker)
            events.append(Canceled(maker.order_id, maker.remaining, "self_trade"))
        if mode in ("cancel_newest", "cancel_both"):
            self._end(taker, "self_trade", events)

    def _would_fill(self, order: BookOrder, limit: int) -> bool:
        """Return whether the order, run as IOC, would fill wholly: a rehearsal that changes nothing."""
        side = self._asks if order.is_buy else self._bids
        needed = order.remaining
        for key in reversed(side.keys):
            if key < side.sign * limit:
                return False
            queue = [
                (maker.owner, maker.shown, maker.remaining, maker.terms.display) for maker in side.levels[key].values()
            ]
            while queue:
                behind = []
                for owner, shown, remaining, display in queue:
                    if owner == order.owner:
                        if order.terms.self_trade_mode == "cancel_oldest":
                            continue
                        return False
                    needed -= shown
                    if needed <= 0:
                        return True
                    if remaining > shown:
                        hidden = remaining - shown
                        behind.append((owner, min(display or hidden, hidden), hidden, display))
                queue = behind
        return False

    def _take_off(self, order: BookOrder) -> None:
        del self._orders[order.order_id]
        if order.price is None:
            del self._market_orders[order.order_id]
        else:
            (self._bids if order.is_buy else self._asks).remove(order)

    # Orders on the book

    def _cancel(self, instruction: Cancel) -> list[Event]:
        order = self._orders.get(instruction.order_id)
        if order is None:
            return [self._refusal("cancel", instruction.order_id)]
        self._take_off(order)
        return [Canceled(order.order_id, order.remaining, "by_request")]

    def _expire(self, instruction: Expire) -> list[Event]:
        order = self._orders.get(instruction.order_id)
        if order is None:
            return [self._refusal("expire", instruction.order_id)]
        self._take_off(order)
        return [Expired(order.order_id, order.remaining)]

    def _refusal(self, op: str, order_id: Hashable) -> Refused:
        return Refused(op, order_id, f"too_late_to_{op}" if self._was_known(order_id) else "unknown_order")

    def _replace(self, instruction: Replace) -> list[Event]:
        order = self._orders.get(instruction.order_id)
        if order is None:
            return [self._refusal("replace", instruction.order_id)]
        quantity = order.quantity if instruction.quantity is None else instruction.quantity
        price = order.price if instruction.price is None else instruction.price
        reason = self._replace_refusal(order, quantity, price)
        if reason is not None:
            return [Refused("replace", order.order_id, reason)]
        remaining = quantity - order.filled - order.decremented
        if remaining <= 0:
            self._take_off(order)
            return [Canceled(order.order_id, order.remaining, "by_request")]
        if price == order.price and quantity < order.quantity:
            order.quantity, order.remaining = quantity, remaining
            order.shown = min(order.shown, remaining)
            return [Replaced(order.order_id, price, quantity, order.sequence)]
        return self._enter_again(order, quantity, price, remaining)

    def _replace_refusal(self, order: BookOrder, quantity: int, price: int | None) -> str | None:
        if type(quantity) is not int or quantity <= 0:
            return "invalid_quantity"
        if price is not None and (type(price) is not int or price <= 0 or order.price is None):
            return "invalid_price"
        stopped = self._stopped()
        if stopped is not None:
            return stopped
        reason = breach(self.rules, quantity, price)
        if reason is not None:
            return reason
        would_rest_elsewhere = price != order.price or quantity >= order.quantity
        if order.terms.post_only and would_rest_elsewhere and self._would_take(order.is_buy, price):
            return "would_take"
        return None

    def _enter_again(self, order: BookOrder, quantity: int, price: int | None, remaining: int) -> list[Event]:
        self._take_off(order)
        self.sequence += 1
        order.sequence, order.price, order.quantity = self.sequence, price, quantity
        order.remaining = order.shown = remaining
        events: list[Event] = [Replaced(order.order_id, price, quantity, self.sequence)]
        if not self.in_auction:
            assert price is not None
            self._take(order, price, events)
        if order.remaining:
            self._rest(order)
        return events

    # The market's state

    def _halt(self, instruction: Halt) -> list[Event]:
        self.halted = True
        return []

    def _resume(self, instruction: Resume) -> list[Event]:
        self.halted = False
        return []

    def _open_auction(self, instruction: AuctionOpen) -> list[Event]:
        self.closed, self.in_auction = False, True
        return []

    def _close(self, instruction: Close) -> list[Event]:
        self.closed = True
        return []

    def _open(self, instruction: Open) -> list[Event]:
        self.closed = False
        return []

    def _change_rules(self, instruction: ChangeRules) -> list[Event]:
        self.rules = instruction.rules
        return []

    def _stopped(self) -> str | None:
        """Return why no order is taken now, or None."""
        if self.halted:
            return "market_halted"
        return "market_closed" if self.closed else None

    def _uncross(self, instruction: AuctionUncross) -> list[Event]:
        buys, sells = self._queues()
        self.in_auction = False
        cleared = auction.clearing_price(buys, sells, self.rules.reference)
        events: list[Event] = [Uncrossed(*cleared) if cleared else Uncrossed(None, 0)]
        for maker, taker, quantity in auction.pair_off(buys, sells, cleared[1]) if cleared else ():
            assert cleared is not None
            events.append(Traded(cleared[0], quantity, maker.order_id, taker.order_id))
            for order in (maker, taker):
                self._fill_in_auction(order, quantity)
        for order in list(self._market_orders.values()):
            self._take_off(order)
            events.append(Canceled(order.order_id, order.remaining, "auction_remainder"))
        return events

    def _fill_in_auction(self, order: BookOrder, quantity: int) -> None:
        order.remaining -= quantity
        order.shown = min(order.shown, order.remaining)
        if not order.remaining:
            self._take_off(order)
        elif not order.shown:
            order.show()

    def _queues(self) -> tuple[list[BookOrder], list[BookOrder]]:
        market_orders = self._market_orders.values()
        buys = [order for order in market_orders if order.is_buy] + list(self._bids)
        sells = [order for order in market_orders if not order.is_buy] + list(self._asks)
        return buys, sells
