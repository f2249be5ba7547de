"""Those who enter orders, and write down what they were told of each."""

import datetime as dt
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.soak.line import Answer
from tests.soak.participants.base import MIDDLE_FEN, Participant, code_of

RESTS = ("pending_new", "new", "partially_filled")


class TradingParticipant(Participant):
    """Enters, replaces and cancels orders, each under an id of its own, and notes every answer."""

    # Ever so often on a market that has just opened, else on the oldest.
    newer_share: ClassVar[float] = 0.3

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.count = 0
        self.open: deque[int] = deque()

    def market(self) -> str:
        """Return a market by lot."""
        if len(self.place.markets) > 1 and self.lot.random() < self.newer_share:
            return self.lot.choice(self.place.markets[1:])
        return self.place.markets[0]

    def next_name(self) -> str:
        """Return an id that nobody has used."""
        self.count += 1
        return f"{self.plan.name}-{self.count}"

    def enter(self, market: str, **terms: Any) -> Answer | None:
        """Enter an order, and note what is told of it."""
        order = {"client_order_id": self.next_name(), **terms}
        answer = self.line.ask("POST", "/orders", {"market": market, **order})
        self.note_order(market, order, answer and answer.status, answer and answer.content)
        return answer

    def enter_many(self, market: str, orders: Sequence[Mapping[str, Any]], **headers: str) -> Answer | None:
        """Enter many orders at once, each of which has its id, and note what is told of each."""
        answer = self.line.ask("POST", "/orders/batch", {"market": market, "orders": orders}, **headers)
        self.note_many(market, orders, answer)
        return answer

    def note_many(self, market: str, orders: Sequence[Mapping[str, Any]], answer: Answer | None) -> None:
        """Note what is told of many orders."""
        if answer is None or answer.status != 200:
            for order in orders:
                self.note_order(market, order, answer and answer.status, answer and answer.content)
            return
        for order, result in zip(orders, answer.content["results"], strict=True):
            error = result.get("error")
            self.note_order(market, order, error["status"] if error else 200, error or result["order"])

    def note_order(self, market: str, order: Mapping[str, Any], status: int | None, content: Any) -> None:
        """Note what is told of an order."""
        told = {"order": dict(order), "market": market, "status": status or 0}
        if status in (200, 201):
            if content["status"] in RESTS and content["time_in_force"] == "gtc":
                self.open.append(content["id"])
            self.tell(**told, id=content["id"])
        else:
            self.tell(**told, code=content.get("code", "") if isinstance(content, dict) else "")

    def cancel(self, order_id: int) -> None:
        """Cancel an order."""
        if order_id in self.open:
            self.open.remove(order_id)
        answer = self.line.ask("POST", f"/orders/{order_id}/cancel", {})
        self.tell(cancel=order_id, status=answer.status if answer else 0)

    def replace(self, order_id: int, **terms: int) -> bool:
        """Give an order new terms; return whether the market was asked to."""
        answer = self.line.ask("POST", f"/orders/{order_id}/replace", terms)
        self.tell(replace=order_id, terms=terms, status=answer.status if answer else 0)
        is_over = answer is not None and answer.status == 409 and code_of(answer) == "too_late_to_replace"
        if is_over and order_id in self.open:
            self.open.remove(order_id)
        return answer is not None and answer.status == 202

    def cancel_all(self) -> None:
        """Cancel all that the organisation has on any market."""
        answer = self.line.ask("POST", "/orders/cancel", {})
        self.tell(cancel_all=list(self.open), status=answer.status if answer else 0)
        self.open.clear()

    def finish(self) -> None:
        """Leave no order on a book."""
        self.cancel_all()

    def withdraw_offers(self) -> None:
        """Take back the blocks that one has offered and nobody has decided."""
        for offer in self.results("/blocks?state=open&page_size=200"):
            if offer["proposer"]["id"] == self.plan.organisation:
                answer = self.line.ask("POST", f"/blocks/{offer['id']}/withdraw", {})
                self.tell(withdraw_block=offer["id"], status=answer.status if answer else 0)

    def tell_of(self, what: str, asked: Mapping[str, Any], answer: Answer | None) -> None:
        """Write down what is told of an offer, a lot, a bid and the like."""
        told: dict[str, Any] = {what: dict(asked), "status": answer.status if answer else 0}
        if answer is not None:
            told |= {"id": answer.content["id"]} if answer.status < 300 else {"code": code_of(answer)}
        self.tell(**told)

    def near(self, width: int) -> int:
        """Return a price about the middle."""
        return MIDDLE_FEN + self.lot.randint(-width, width)

    def best(self, market: str) -> tuple[int | None, int | None]:
        """Return the best bid and the best ask."""
        book = self.get(f"/markets/{market}/book?levels=1")
        sides = (book["bids"], book["asks"]) if book else ((), ())
        bid, ask = (side[0]["price_fen"] if side else None for side in sides)
        return bid, ask


def in_seconds(seconds: float) -> str:
    """Return a time to come, as the API reads it."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).isoformat()
