"""Faulty clients: everything that somebody's first program does wrong, and some of what an enemy would."""

import contextlib
import json
import socket
from collections.abc import Callable
from time import sleep
from typing import Any

from tests.soak.participants.base import code_of
from tests.soak.participants.trading import TradingParticipant

OVERSIZED_BYTES = 6 * 1024 * 1024
HAMMERED = 400
SLOW_SECONDS = 4.0
SLOW_PIECES = 8
SOCKET_SECONDS = 15.0
UNREACHABLE = (502, 503, 504)


class Faulty(TradingParticipant):
    """Does one thing wrong at a time. What it is answered must say so; what it has entered must be there once."""

    pause_seconds = 4.0

    def step(self) -> None:
        """Do something wrong, most often cheaply."""
        misdeeds = self._misdeeds()
        names = list(misdeeds)
        # What costs the product most comes seldom, as it does in earnest.
        weights = [0.15 if name in ("too large", "hammered") else 1.0 for name in names]
        (name,) = self.lot.choices(names, weights)
        misdeeds[name]()
        while len(self.open) > 5:
            self.cancel(self.open[0])

    def _misdeeds(self) -> dict[str, Callable[[], None]]:
        return {
            "malformed": self._malformed,
            "of the wrong kind": self._of_the_wrong_kind,
            "unknown field": self._unknown_field,
            "wrong scope": self._wrong_scope,
            "expired token": lambda: self._with_token("expired", {401}),
            "no token at all": lambda: self._with_token("", {401}),
            "id used again": self._id_used_again,
            "key used again": self._key_used_again,
            "too large": self._too_large,
            "slow": self._slow,
            "gone in the middle": self._gone_in_the_middle,
            "gone before the answer": self._gone_before_the_answer,
            "replayed": self._replayed,
            "hammered": self._hammered,
            "nowhere": self._nowhere,
            "noise": self._noise,
            "what is another's": self._anothers,
        }

    def _expect(self, name: str, status: int | None, wanted: set[int]) -> None:
        """Note how a misdeed was answered. Where the product is out of reach nothing is said of it: others see that."""
        self.tell(misdeed=name, status=status or 0)
        if status and status not in UNREACHABLE and status not in wanted and status != 429:
            self.complain(f"{name}: answered by {status}, not by {' or '.join(map(str, sorted(wanted)))}")

    def _post(self, body: bytes, path: str = "/orders", **headers: str) -> int | None:
        answer = self.line.ask_once("POST", path, body, **headers)
        return answer and answer.status

    def _order(self, **terms: Any) -> dict[str, Any]:
        order = {"client_order_id": self.next_name(), "side": "buy", "price_fen": self.near(30), "quantity_t": 1}
        return {"market": self.place.markets[0], **order, **terms}

    def _malformed(self) -> None:
        whole = json.dumps(self._order())
        body = self.lot.choice(
            (whole[: self.lot.randrange(1, len(whole))], "[]", "null", '"x"', "\x00", "{" * 2_000, '{"a": NaN}', "")
        )
        self._expect("malformed", self._post(body.encode()), {400})

    def _of_the_wrong_kind(self) -> None:
        wrong = self.lot.choice(
            (
                {"price_fen": "4000"},
                {"price_fen": 40.5},
                {"quantity_t": -1},
                {"quantity_t": 2**70},
                {"side": "both"},
                {"client_order_id": ""},
                {"client_order_id": "\x00"},
                {"market": ["x"]},
            )
        )
        self._expect("of the wrong kind", self._post(json.dumps(self._order(**wrong)).encode()), {400, 404, 422})

    def _unknown_field(self) -> None:
        self._expect("unknown field", self._post(json.dumps(self._order(colour="green")).encode()), {400})

    def _wrong_scope(self) -> None:
        authorization = f"Bearer {self.plan.more['reader']}"
        status = self._post(json.dumps(self._order()).encode(), Authorization=authorization)
        self._expect("wrong scope", status, {403})

    def _with_token(self, name: str, wanted: set[int]) -> None:
        authorization = f"Bearer {self.plan.more[name]}" if name else "Bearer th_nobody"
        status = self._post(json.dumps(self._order()).encode(), Authorization=authorization)
        self._expect(f"token: {name or 'none'}", status, wanted)

    def _id_used_again(self) -> None:
        market = self.place.markets[0]
        terms = {"side": "buy", "price_fen": self.near(30), "quantity_t": 2}
        first = self.enter(market, **terms)
        if first is None or first.status not in (200, 201):
            return
        again = {"market": market, "client_order_id": f"{self.plan.name}-{self.count}", **terms, "quantity_t": 3}
        self._expect("id used again", self._post(json.dumps(again).encode()), {409})

    def _key_used_again(self) -> None:
        key, market = self.key(), self.place.markets[0]
        order = self._order()
        answer = self.line.ask("POST", "/orders", order, Idempotency_Key=key)
        self.note_order(market, _without_market(order), answer and answer.status, answer and answer.content)
        if answer is None or answer.status != 201:
            return
        status = self._post(json.dumps(self._order()).encode(), Idempotency_Key=key)
        self._expect("key used again", status, {422})

    def _too_large(self) -> None:
        answer = self.line.ask_once("POST", "/orders", b'{"market": "' + b"x" * OVERSIZED_BYTES + b'"}')
        self._expect("too large", answer and answer.status, {400, 413})

    def _slow(self) -> None:
        """Send an order in pieces, with pauses; it is an order like others in the end."""
        order = self._order()
        whole = self._request(order)
        size = -(-len(whole) // SLOW_PIECES)
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        with contextlib.suppress(OSError), self._socket() as connection:
            for piece in pieces:
                connection.sendall(piece)
                sleep(SLOW_SECONDS / SLOW_PIECES)
            connection.recv(1_000)
        self._settle(order)

    def _gone_in_the_middle(self) -> None:
        whole = self._request(self._order())
        with contextlib.suppress(OSError), self._socket() as connection:
            connection.sendall(whole[: self.lot.randrange(1, len(whole) - 1)])
        self.tell(misdeed="gone in the middle", status=0)

    def _gone_before_the_answer(self) -> None:
        """Enter an order and hang up; whoever asks again under the same id learns what became of it."""
        order = self._order()
        with contextlib.suppress(OSError), self._socket() as connection:
            connection.sendall(self._request(order))
        self._settle(order)

    def _replayed(self) -> None:
        """Send one order several times over connections of their own, before any answer is read."""
        order = self._order()
        with contextlib.ExitStack() as stack:
            for _time in range(4):
                with contextlib.suppress(OSError):
                    stack.enter_context(self._socket()).sendall(self._request(order))
        self._settle(order)

    def _settle(self, order: dict[str, Any]) -> None:
        """Ask until there is an answer, and note it: the order is there once."""
        answer = self.line.ask("POST", "/orders", order)
        market = order["market"]
        self.note_order(market, _without_market(order), answer and answer.status, answer and answer.content)

    def _hammered(self) -> None:
        """Ask as fast as one can, until told that it is too much."""
        statuses = set()
        for _time in range(HAMMERED):
            answer = self.line.ask_once("GET", "/me")
            statuses.add(answer.status if answer else 0)
            if answer is None or answer.status in (429, *UNREACHABLE):
                break
        self.tell(misdeed="hammered", status=429 if 429 in statuses else 200)

    def _nowhere(self) -> None:
        path = self.lot.choice(("/ordres", "/orders/0", "/orders/99999999999999999999", "/markets/%00", "/blocks/x"))
        answer = self.line.ask_once("GET", path)
        self._expect("nowhere", answer and answer.status, {400, 404})
        answer = self.line.ask_once("DELETE", "/orders")
        self._expect("wrong method", answer and answer.status, {405})

    def _noise(self) -> None:
        """Send what is no HTTP."""
        with contextlib.suppress(OSError), self._socket() as connection:
            connection.sendall(self.lot.randbytes(self.lot.randint(1, 2_000)))
            connection.recv(1_000)
        self.tell(misdeed="noise", status=0)

    def _anothers(self) -> None:
        order_id = self.lot.randint(1, 1_000)
        answer = self.line.ask_once("POST", f"/orders/{order_id}/cancel", b"{}")
        if order_id in self.open or answer is None:
            return
        if answer.status == 202 or (answer.status == 409 and code_of(answer) == "too_late_to_cancel"):
            self.tell(cancel=order_id, status=answer.status)
        self._expect("what is another's", answer.status, {404, 409, 202})

    def _socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.place.web_port), timeout=SOCKET_SECONDS)

    def _request(self, order: dict[str, Any]) -> bytes:
        body = json.dumps(order).encode()
        head = (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.plan.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _without_market(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "market"}
