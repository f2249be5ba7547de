"""One client of the exchange, in a process of its own: orders and cancels by lot, each asked again until it is answered.

What it was told it writes down, a line each; nobody else knows. It ends when its input is closed.

    python -m tests.operations.failover.trader < plan > told
"""

import datetime as dt
import http.client
import json
import random
import select
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, NamedTuple

MIDDLE_FEN, WIDTH_FEN = 4_000, 12
BEYOND_FEN = 9_000
TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
OPEN_AT_MOST = 150
BATCH = 10
MODES = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")


class Answer(NamedTuple):
    status: int
    content: Any


@dataclass
class Line:
    """A connection to the product that is made again whenever it breaks."""

    port: int
    token: str
    unanswered: int = 0
    out_of_reach: int = 0
    failed: int = 0
    longest_seconds: float = 0.0
    _connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer | None:
        """Return the answer, asked for again and again where there is none or the product has failed; None after a while."""
        began = monotonic()
        while monotonic() < began + PATIENCE_SECONDS:
            answer = self._ask_once(method, path, None if body is None else json.dumps(body).encode())
            if answer is None:
                self.unanswered += 1
            elif answer.status < 500:
                self.longest_seconds = max(self.longest_seconds, monotonic() - began)
                return answer
            elif answer.status == 503:
                self.out_of_reach += 1
            else:
                self.failed += 1
            sleep(0.1)
        return None

    def close(self) -> None:
        """Close the connection; another one is made where there is more to ask."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask_once(self, method: str, path: str, body: bytes | None) -> Answer | None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        headers = {"Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, f"/api/v1{path}", body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        return Answer(response.status, json.loads(content) if response.status < 500 else None)


@dataclass
class Trader:
    """Draws what to ask for, and notes what it is told."""

    name: str
    market: str
    line: Line
    lot: random.Random
    # Where an order is replaced and all are cancelled, as far as the product has that.
    offers: Mapping[str, str]
    count: int = 0
    open: deque[int] = field(default_factory=deque)

    def step(self) -> Iterator[dict[str, Any]]:
        """Do one thing, and yield what has come of it."""
        if len(self.open) > OPEN_AT_MOST or (self.open and self.lot.random() < 0.15):
            yield self._cancel()
        elif self.open and "replace" in self.offers and self.lot.random() < 0.08:
            yield self._replace()
        elif self.open and "cancel_all" in self.offers and self.lot.random() < 0.01:
            yield self._cancel_all()
        elif self.lot.random() < 0.05:
            yield from self._enter_many()
        else:
            yield self._enter()

    def _enter(self) -> dict[str, Any]:
        order = self._order()
        answer = self.line.ask("POST", "/orders", {"market": self.market, **order})
        if answer is None:
            return {"order": order, "status": 0}
        return self._note(order, answer.status, answer.content)

    def _enter_many(self) -> Iterator[dict[str, Any]]:
        orders = [self._order(is_sound=True) for _ in range(BATCH)]
        answer = self.line.ask("POST", "/orders/batch", {"market": self.market, "orders": orders})
        if answer is None:
            yield from ({"order": order, "status": 0} for order in orders)
        elif answer.status != 200:
            yield from (self._note(order, answer.status, answer.content) for order in orders)
        else:
            for order, result in zip(orders, answer.content["results"], strict=True):
                error = result.get("error")
                yield self._note(order, error["status"] if error else 200, error or result["order"])

    def _note(self, order: dict[str, Any], status: int, content: dict[str, Any]) -> dict[str, Any]:
        if status not in (200, 201):
            return {"order": order, "status": status, "code": content["code"]}
        if content["status"] in ("pending_new", "new", "partially_filled") and content["time_in_force"] == "gtc":
            self.open.append(content["id"])
        return {"order": order, "status": status, "id": content["id"]}

    def _cancel(self) -> dict[str, Any]:
        at = self.lot.randrange(len(self.open)) if len(self.open) <= OPEN_AT_MOST else 0
        order_id = self.open[at]
        del self.open[at]
        answer = self.line.ask("POST", f"/orders/{order_id}/cancel", {})
        return {"cancel": order_id, "status": answer.status if answer else 0}

    def _cancel_all(self) -> dict[str, Any]:
        answer = self.line.ask("POST", self.offers["cancel_all"], {})
        told = {"cancel_all": list(self.open), "status": answer.status if answer else 0}
        self.open.clear()
        return told

    def _replace(self) -> dict[str, Any]:
        order_id = self.lot.choice(self.open)
        price_fen = MIDDLE_FEN + self.lot.randint(-WIDTH_FEN, WIDTH_FEN)
        terms = {"price_fen": price_fen, "quantity_t": self.lot.randint(1, 60)}
        answer = self.line.ask("POST", self.offers["replace"].format(order_id), terms)
        return {"replace": order_id, "terms": terms, "status": answer.status if answer else 0}

    def _order(self, *, is_sound: bool = False) -> dict[str, Any]:
        lot = self.lot
        self.count += 1
        order: dict[str, Any] = {
            "client_order_id": f"{self.name}-{self.count}",
            "side": lot.choice(["buy", "sell"]),
            "price_fen": MIDDLE_FEN + lot.randint(-WIDTH_FEN, WIDTH_FEN),
            "quantity_t": lot.randint(1, 40),
        }
        draw = lot.random()
        if draw < 0.1:
            order |= {"order_type": "market", "price_fen": lot.choice([None, order["price_fen"]])}
        elif draw < 0.2:
            order["time_in_force"] = "ioc"
        elif draw < 0.27:
            order["time_in_force"] = "fok"
        elif draw < 0.35:
            order["post_only"] = True
        elif draw < 0.43:
            order |= {"display_t": lot.randint(1, 5), "quantity_t": lot.randint(6, 60)}
        elif draw < 0.46 and not is_sound:
            order |= lot.choice([{"price_fen": BEYOND_FEN}, {"quantity_t": 0}, {"time_in_force": "never"}])
        elif draw < 0.52:
            # Longer than anybody waits for an answer: whether it is refused does not hang on when it is.
            ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(
                seconds=lot.uniform(PATIENCE_SECONDS, PATIENCE_SECONDS + 30)
            )
            order |= {"time_in_force": "gtd", "expires_at": ends_at.isoformat()}
        if lot.random() < 0.5:
            order["self_trade_mode"] = lot.choice(MODES)
        return order


def main() -> None:
    """Trade by a plan (a line of JSON on standard input) until the input is closed."""
    plan = json.loads(sys.stdin.readline())
    line = Line(plan["port"], plan["token"])
    trader = Trader(plan["name"], plan["market"], line, random.Random(plan["seed"]), plan["offers"])
    while not select.select([sys.stdin], [], [], 0)[0]:
        for told in trader.step():
            print(json.dumps(told))
    names = ("unanswered", "out_of_reach", "failed", "longest_seconds")
    summary = {name: getattr(line, name) for name in names}
    print(json.dumps({"summary": summary}), flush=True)


if __name__ == "__main__":
    main()
