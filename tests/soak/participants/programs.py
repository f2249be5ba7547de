"""Programs at the API: batches under keys of their own, sent again on purpose, and lists read page by page."""

from typing import Any

from tests.soak.participants.trading import TradingParticipant

BATCH = (5, 25)
WIDTH_FEN = 15


class Program(TradingParticipant):
    """A buyer's program, written by somebody who has read the reference."""

    pause_seconds = 5.0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._etags: dict[str, str] = {}

    def step(self) -> None:
        """Enter a batch, send one again, read lists, or begin anew."""
        draw = self.lot.random()
        if len(self.open) > 80:
            self.cancel_all()
        elif draw < 0.5:
            self._enter_batch()
        elif draw < 0.65:
            self._enter_batch(is_sent_twice=True)
        elif draw < 0.85:
            self._read_pages()
        else:
            self._read_again()

    def _enter_batch(self, *, is_sent_twice: bool = False) -> None:
        market, key = self.market(), self.key()
        orders = [self._order() for _ in range(self.lot.randint(*BATCH))]
        first = self.enter_many(market, orders, Idempotency_Key=key)
        if not is_sent_twice or first is None or first.status != 200:
            return
        again = self.line.ask("POST", "/orders/batch", {"market": market, "orders": orders}, Idempotency_Key=key)
        if again is None or again.status != 200:
            self.complain(f"a batch sent again was answered by {again and again.status}")
        elif again.content != first.content:
            self.complain("a batch sent again under its key was answered otherwise")
        elif again.headers.get("Idempotency-Replayed") != "true":
            self.complain("a batch sent again under its key was not said to be replayed")

    def _order(self) -> dict[str, Any]:
        return {
            "client_order_id": self.next_name(),
            "side": self.lot.choice(["buy", "sell"]),
            "price_fen": self.near(WIDTH_FEN),
            "quantity_t": self.lot.randint(1, 20),
        }

    def _read_pages(self) -> None:
        path = self.lot.choice(("/orders?status=open&page_size=50", "/trades?page_size=50"))
        seen: set[int] = set()
        for _page in range(3):
            found = self.get(path)
            if found is None:
                return
            ids = [each["id"] for each in found["results"]]
            if seen.intersection(ids):
                self.complain(f"{path}: a page repeats what an earlier one had")
            seen.update(ids)
            if not found["next"]:
                return
            path = found["next"].partition("/api/v1")[2]

    def _read_again(self) -> None:
        path = f"/markets/{self.market()}/rules"
        answer = self.line.ask("GET", path, **({"If_None_Match": self._etags[path]} if path in self._etags else {}))
        if answer is not None and answer.status == 200:
            self._etags[path] = answer.headers.get("ETag", "")
