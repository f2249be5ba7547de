"""Run scenario files: what auditors and developers use to see what the book does."""

from typing import Any

from trading.matching import instructions as told
from trading.matching import reading
from trading.matching.book import OrderBook


class Recorder:
    """A book with the memory that it does without itself: the state of every order it ever had."""

    def __init__(self, rules: told.MarketRules) -> None:
        self.states: dict[Any, dict[str, Any]] = {}
        self.trades: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self._quantities: dict[Any, int] = {}
        self.book = OrderBook(rules, was_known=self.states.__contains__)

    def apply(self, instruction: told.Instruction) -> None:
        """Carry out one instruction and follow its events."""
        events = self.book.apply(instruction)
        if isinstance(instruction, told.Submit) and not isinstance(events[0], told.Rejected):
            self._quantities[instruction.order_id] = instruction.quantity
            self.states[instruction.order_id] = {
                "status": "new",
                "filled": 0,
                "remaining": instruction.quantity,
            }
        for event in events:
            self._follow(event)

    def _follow(self, event: told.Event) -> None:
        match event:
            case told.Traded(price, quantity, maker, taker):
                self.trades.append({"price": price, "qty": quantity, "maker": maker, "taker": taker})
                for order_id in (maker, taker):
                    self._fill(self.states[order_id], quantity)
            case told.Decremented(order_id, quantity):
                self.states[order_id]["remaining"] -= quantity
            case told.Canceled(order_id, _, reason):
                self.states[order_id] |= {"status": "canceled", "remaining": 0, "reason": reason}
            case told.Expired(order_id, _):
                self.states[order_id] |= {"status": "expired", "remaining": 0}
            case told.Rejected(order_id, "duplicate_order"):
                self.refused.append({"op": "submit", "id": order_id, "reason": "duplicate_order"})
            case told.Rejected(order_id, reason):
                self.states[order_id] = {"status": "rejected", "filled": 0, "remaining": 0, "reason": reason}
            case told.Replaced(order_id, _, quantity, _):
                self._replace(order_id, quantity)
            case told.Refused(op, order_id, reason):
                self.refused.append({"op": op, "id": order_id, "reason": reason})

    @staticmethod
    def _fill(state: dict[str, Any], quantity: int) -> None:
        state["filled"] += quantity
        state["remaining"] -= quantity
        state["status"] = "partially_filled" if state["remaining"] else "filled"

    def _replace(self, order_id: Any, quantity: int) -> None:
        """Follow a new total: the remainder changes by as much, so that what an order lost without a trade stays lost."""
        self.states[order_id]["remaining"] += quantity - self._quantities[order_id]
        self._quantities[order_id] = quantity

    def result(self) -> dict[str, Any]:
        """Return trades, orders, refusals and book, as a scenario's `expect` names them."""
        bids, asks = self.book.depth()
        return {
            "trades": self.trades,
            "orders": {str(order_id): state for order_id, state in self.states.items()},
            "refused": self.refused,
            "book": {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]},
        }


def run(scenario: Any) -> dict[str, Any]:
    """Run a scenario on a fresh book and return its result.

    Raises: ScenarioError, naming the command, for what the format does not have.
    """
    rules, instructions = reading.read(scenario)
    recorder = Recorder(rules)
    for instruction in instructions:
        recorder.apply(instruction)
    return recorder.result()


def differences(result: dict[str, Any], expect: dict[str, Any], path: str = "") -> list[str]:
    """Return where a result is not what was expected; what `expect` leaves out is not compared."""
    found = []
    for key, wanted in expect.items():
        got = result.get(key)
        here = f"{path}.{key}" if path else key
        if isinstance(wanted, dict) and isinstance(got, dict):
            found += differences(got, wanted, here)
        elif got != wanted:
            found.append(f"{here}: {got!r} instead of {wanted!r}")
    return found
