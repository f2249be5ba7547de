"""Clients on a host of their own, who ask until they are answered and keep what they were told: nobody else knows."""

import http.client
import itertools
import json
import threading
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

from ledger.models import Membership
from ledger.parties.services import issue_token
from trading.models import Market

TIMEOUT_SECONDS = 3.0
PATIENCE_SECONDS = 30.0
BATCH = 5
MIDDLE_FEN = 4_000


@dataclass
class Trader(threading.Thread):
    """Sells and buys by turns at one price, so that whatever is entered trades, until told to stop."""

    address: str
    port: int
    actor: Membership
    market: Market
    side: str
    token: str = ""
    told: dict[str, int] = field(default_factory=dict)
    """What was acknowledged: the client's own id of each order, and the exchange's."""
    unanswered: int = 0
    longest_seconds: float = 0.0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.token = issue_token(user=self.actor.user, name="hosts")[1]
        self._stopped = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        for number in itertools.count():
            if self._stopped.wait(0.05):
                return
            self._enter(f"{self.side}-{self.market.symbol}-{number}")

    def end(self) -> None:
        """Let it have its last answer, and stop."""
        self._stopped.set()
        self.join(60)
        assert not self.is_alive(), "a client is not answered"

    def _enter(self, name: str) -> None:
        orders = [
            {"client_order_id": f"{name}-{at}", "side": self.side, "price_fen": MIDDLE_FEN, "quantity_t": 1}
            for at in range(BATCH)
        ]
        began = monotonic()
        # Until there is an answer: the same ids mean the same orders.
        while (answer := self._ask({"market": self.market.symbol, "orders": orders})) is None:
            self.unanswered += 1
            sleep(0.1)
            if self._stopped.is_set() and monotonic() > began + PATIENCE_SECONDS:
                return
        self.longest_seconds = max(self.longest_seconds, monotonic() - began)
        for result in answer["results"]:
            self.told[result["order"]["client_order_id"]] = result["order"]["id"]

    def _ask(self, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        line = http.client.HTTPConnection(self.address, self.port, timeout=TIMEOUT_SECONDS)
        try:
            line.request("POST", "/api/v1/orders/batch", json.dumps(body), headers)
            response = line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()
        if response.status >= 500:
            return None
        assert response.status == 200, content
        found: dict[str, Any] = json.loads(content)
        return found
