"""The order book: one instruction in, events out; no clock, no chance, no input or output.

Source: the design page "Matching: what the book does, exactly"; names follow FIX.
"""

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from trading.matching import auction
from trading.matching.checks import IMMEDIATE, breach, rejection
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
    RestingOrder,
    Resume,
    Submit,
    Uncrossed,
    accepted,
    canceled,
    traded,
)
from trading.matching.resting import RestingOrders, Waiting, part_of
from trading.matching.sides import AT_ANY_PRICE
from trading.matching.taking import take, would_fill, would_take


class OrderBook:
    """A market's book. `was_known` tells which orders have been on it and are finished: the book forgets those, and its
    owner remembers them as long as it likes."""

    def __init__(self, rules: MarketRules, was_known: Callable[[Hashable], bool] | None = None) -> None:
        self._was_known = was_known
        self._resting = RestingOrders()
        self._set_rules(rules)
        self._set_state(halted=False, closed=False, in_auction=False)

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
        was_known: Callable[[Hashable], bool] | None = None,
    ) -> "OrderBook":
        """Return the book that had these orders resting; it goes on as the first one would have."""
        book = cls(rules, was_known)
        book._set_state(halted=halted, closed=closed, in_auction=in_auction)
        book._resting.sequence = sequence
        for row in sorted(resting, key=lambda row: row.sequence):
            book._resting.put_back(row)
        return book

    @property
    def sequence(self) -> int:
        """The last place in time that was given to an order."""
        return self._resting.sequence

    def apply(self, instruction: Instruction) -> list[Event]:
        """Carry out one instruction and return what happened, in order.

        Nearly every instruction is a limit order without options, in continuous trading, that breaks no rule. All of that is
        asked right here, and the order entered without a detour; whatever else comes goes to the handler of its kind, which
        would do the same with this one, only slower.
        """
        if (
            type(instruction) is Submit
            and self._is_continuous
            and instruction.order_type == "limit"
            and instruction.time_in_force == "gtc"
            and not instruction.post_only
            and instruction.display is None
            and type(price := instruction.price) is int
            and type(quantity := instruction.quantity) is int
            and self._lowest <= price <= self._highest
            and quantity > 0
            and (self._takes_any_number or not (price % self._tick or quantity % self._lot))
            and (order_id := instruction.order_id) not in self._resting.terms
            and (self._was_known is None or not self._was_known(order_id))
        ):
            resting = self._resting
            resting.sequence = sequence = resting.sequence + 1
            event = Accepted()
            event.order_id, event.sequence = order_id, sequence
            if instruction.side == "buy":
                if resting.asks.best >= -price:
                    return self._take_and_rest(instruction, quantity, [event])
                resting.bids[price][order_id] = sequence
            else:
                if resting.bids.best >= price:
                    return self._take_and_rest(instruction, quantity, [event])
                resting.asks[-price][order_id] = sequence
            resting.terms[order_id] = instruction
            return [event]
        return _HANDLERS[type(instruction)](self, instruction)

    def resting(self) -> Iterator[RestingOrder]:
        """Yield every order on the book, buys and sells in priority, an auction's market orders before limits."""
        return self._resting.rows()

    def depth(self, levels: int | None = None) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """Return bids and asks as (price, shown quantity, number of orders), each from the best price on."""
        resting = self._resting
        return resting.depth(resting.bids, levels), resting.depth(resting.asks, levels)

    def indicative(self) -> tuple[int, int] | None:
        """Return price and volume at which the auction would uncross now, or None."""
        return auction.clearing_price(*self._queues(), self.rules.reference)

    # Entry

    def _submit(self, new: Submit) -> list[Event]:
        reason = self._rejection(new)
        if reason is not None:
            return [Rejected(new.order_id, reason)]
        resting = self._resting
        resting.sequence += 1
        events: list[Event] = [accepted(new.order_id, resting.sequence)]
        if self.in_auction:
            resting.rest(new, resting.sequence, part_of(new, new.quantity))
            return events
        limit = new.price if new.order_type == "limit" else self._protection(new)
        assert limit is not None
        if new.order_type == "market" or new.time_in_force in IMMEDIATE:
            self._take_or_end(new, limit, events)
        else:
            self._take_and_rest(new, new.quantity, events)
        return events

    def _rejection(self, new: Submit) -> str | None:
        if new.order_id in self._resting.terms or self._is_finished(new.order_id):
            return "duplicate_order"
        reason = rejection(new, self.rules, stopped=self._stopped(), in_auction=self.in_auction)
        if reason is None and new.post_only and self._would_take(new):
            return "would_take"
        return reason

    def _take_and_rest(self, order: Submit, quantity: int, events: list[Event], decremented: int = 0) -> list[Event]:
        """Let an order trade as far as its price allows, and what remains of it rest."""
        assert order.price is not None
        resting, sequence = self._resting, self._resting.sequence
        remaining = take(resting, order, quantity, order.price, events)
        if remaining:
            decremented += sum(
                event.quantity
                for event in events
                if isinstance(event, Decremented) and event.order_id == order.order_id
            )
            resting.rest(order, sequence, part_of(order, remaining, decremented))
        return events

    def _take_or_end(self, order: Submit, limit: int, events: list[Event]) -> None:
        """Let an order trade that may not rest: what remains of it is canceled."""
        if order.time_in_force == "fok" and not would_fill(self._resting, order, limit):
            events.append(canceled(order.order_id, order.quantity, "fok_not_filled"))
            return
        remaining = take(self._resting, order, order.quantity, limit, events)
        if remaining:
            events.append(canceled(order.order_id, remaining, "ioc_remainder"))

    def _would_take(self, order: Submit) -> bool:
        return not self.in_auction and order.price is not None and would_take(self._resting, order, order.price)

    def _protection(self, new: Submit) -> int:
        if new.protection is not None:
            return new.protection
        assert self.rules.band is not None
        return self.rules.band[1 if new.side == "buy" else 0]

    # Orders on the book

    def _cancel(self, instruction: Cancel) -> list[Event]:
        order_id = instruction.order_id
        if order_id not in self._resting.terms:
            return [self._refusal("cancel", order_id)]
        event = Canceled()
        event.order_id, event.quantity, event.reason = order_id, self._resting.take_off(order_id), "by_request"
        return [event]

    def _expire(self, instruction: Expire) -> list[Event]:
        order_id = instruction.order_id
        if order_id not in self._resting.terms:
            return [self._refusal("expire", order_id)]
        return [Expired(order_id, self._resting.take_off(order_id))]

    def _is_finished(self, order_id: Hashable) -> bool:
        return self._was_known is not None and self._was_known(order_id)

    def _refusal(self, op: str, order_id: Hashable) -> Refused:
        return Refused(op, order_id, f"too_late_to_{op}" if self._is_finished(order_id) else "unknown_order")

    def _replace(self, instruction: Replace) -> list[Event]:
        order_id, resting = instruction.order_id, self._resting
        old = resting.terms.get(order_id)
        if old is None:
            return [self._refusal("replace", order_id)]
        new = replace(
            old,
            quantity=old.quantity if instruction.quantity is None else instruction.quantity,
            price=old.price if instruction.price is None else instruction.price,
        )
        reason = self._replace_refusal(old, new)
        if reason is not None:
            return [Refused("replace", order_id, reason)]
        remaining = new.quantity - old.quantity + resting.part(order_id).remaining
        if remaining <= 0:
            return [canceled(order_id, resting.take_off(order_id), "by_request")]
        if _keeps_priority(old, new):
            return [Replaced(order_id, new.price, new.quantity, resting.shrink(new))]
        return self._enter_again(new, remaining)

    def _replace_refusal(self, old: Submit, new: Submit) -> str | None:
        if type(new.quantity) is not int or new.quantity <= 0:
            return "invalid_quantity"
        if new.price is not None and (type(new.price) is not int or new.price <= 0 or old.price is None):
            return "invalid_price"
        reason = self._stopped() or breach(self.rules, new.quantity, new.price)
        if reason is not None:
            return reason
        if new.post_only and not _keeps_priority(old, new) and self._would_take(new):
            return "would_take"
        return None

    def _enter_again(self, new: Submit, remaining: int) -> list[Event]:
        """Let an order trade and rest anew, behind all others of its price; what it lost without a trade stays lost."""
        resting = self._resting
        decremented = resting.part(new.order_id).decremented
        resting.take_off(new.order_id)
        resting.sequence += 1
        events: list[Event] = [Replaced(new.order_id, new.price, new.quantity, resting.sequence)]
        if self.in_auction:
            resting.rest(new, resting.sequence, part_of(new, remaining, decremented))
        else:
            self._take_and_rest(new, remaining, events, decremented)
        return events

    # The market's state

    def _set_state(self, *, halted: bool, closed: bool, in_auction: bool) -> None:
        self.halted, self.closed, self.in_auction = halted, closed, in_auction
        self._is_continuous = not (halted or closed or in_auction)

    def _set_rules(self, rules: MarketRules) -> None:
        self.rules = rules
        self._tick, self._lot = rules.tick, rules.lot
        self._takes_any_number = rules.tick == rules.lot == 1
        lowest, self._highest = rules.band or (1, sys.maxsize)
        self._lowest = max(lowest, 1)

    def _halt(self, instruction: Halt) -> list[Event]:
        self._set_state(halted=True, closed=self.closed, in_auction=self.in_auction)
        return []

    def _resume(self, instruction: Resume) -> list[Event]:
        self._set_state(halted=False, closed=self.closed, in_auction=self.in_auction)
        return []

    def _open_auction(self, instruction: AuctionOpen) -> list[Event]:
        self._set_state(halted=self.halted, closed=False, in_auction=True)
        return []

    def _close(self, instruction: Close) -> list[Event]:
        self._set_state(halted=self.halted, closed=True, in_auction=self.in_auction)
        return []

    def _open(self, instruction: Open) -> list[Event]:
        self._set_state(halted=self.halted, closed=False, in_auction=self.in_auction)
        return []

    def _change_rules(self, instruction: ChangeRules) -> list[Event]:
        self._set_rules(instruction.rules)
        return []

    def _stopped(self) -> str | None:
        """Return why no order is taken now, or None."""
        if self.halted:
            return "market_halted"
        return "market_closed" if self.closed else None

    def _uncross(self, instruction: AuctionUncross) -> list[Event]:
        buys, sells = self._queues()
        self._set_state(halted=self.halted, closed=self.closed, in_auction=False)
        cleared = auction.clearing_price(buys, sells, self.rules.reference)
        if cleared is None:
            return [Uncrossed(None, 0), *self._end_market_orders()]
        price, volume = cleared
        events: list[Event] = [Uncrossed(price, volume)]
        for maker, taker, quantity in auction.pair_off(buys, sells, volume):
            pair = (maker.terms.order_id, taker.terms.order_id)
            if maker.terms.owner == taker.terms.owner and not instruction.pairs_own:
                events += [event for order_id in pair for event in self._take_off_own(order_id, quantity)]
                continue
            events.append(traded(price, quantity, *pair))
            for order_id in pair:
                self._resting.reduce(order_id, quantity)
        return events + self._end_market_orders()

    def _take_off_own(self, order_id: Hashable, quantity: int) -> list[Event]:
        """Take off an order what it would have traded with its own owner."""
        events: list[Event] = [Decremented(order_id, quantity)]
        if not self._resting.decrement(order_id, quantity):
            events.append(canceled(order_id, 0, "self_trade"))
        return events

    def _end_market_orders(self) -> list[Event]:
        """Cancel what an auction has left of its market orders, in order of time."""
        left = {**self._resting.bids.get(AT_ANY_PRICE, {}), **self._resting.asks.get(AT_ANY_PRICE, {})}
        return [
            canceled(order_id, self._resting.take_off(order_id), "auction_remainder")
            for order_id in sorted(left, key=left.__getitem__)
        ]

    def _queues(self) -> tuple[list[Waiting], list[Waiting]]:
        return self._resting.queue(self._resting.bids), self._resting.queue(self._resting.asks)


def _keeps_priority(old: Submit, new: Submit) -> bool:
    """Return whether a replace only takes quantity off."""
    return new.price == old.price and new.quantity < old.quantity


_HANDLERS: dict[type, Callable[..., list[Event]]] = {
    Submit: OrderBook._submit,
    Cancel: OrderBook._cancel,
    Replace: OrderBook._replace,
    Expire: OrderBook._expire,
    Halt: OrderBook._halt,
    Resume: OrderBook._resume,
    AuctionOpen: OrderBook._open_auction,
    AuctionUncross: OrderBook._uncross,
    Close: OrderBook._close,
    Open: OrderBook._open,
    ChangeRules: OrderBook._change_rules,
}
