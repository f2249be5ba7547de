"""Noise: small orders of every kind by lot, some of them wrong, cancelled and replaced at random."""

from typing import Any

from tests.soak.line import PATIENCE_SECONDS
from tests.soak.participants.base import MIDDLE_FEN
from tests.soak.participants.trading import TradingParticipant, in_seconds

WIDTH_FEN = 12
BEYOND_FEN = 9_000
OPEN_AT_MOST = 20
BATCH = 10
MODES = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")


class Taker(TradingParticipant):
    """Draws what to ask for."""

    pause_seconds = 2.5

    def step(self) -> None:
        """Do one thing."""
        draw = self.lot.random()
        if len(self.open) > OPEN_AT_MOST or (self.open and draw < 0.15):
            self.cancel(self.lot.choice(self.open))
        elif self.open and draw < 0.23:
            terms = {"price_fen": self.near(WIDTH_FEN), "quantity_t": self.lot.randint(1, 60)}
            self.replace(self.lot.choice(self.open), **terms)
        elif self.open and draw < 0.25:
            self.cancel_all()
        elif draw < 0.29:
            orders = [{"client_order_id": self.next_name(), **self._terms(is_sound=True)} for _ in range(BATCH)]
            self.enter_many(self.market(), orders)
        elif draw < 0.33:
            self._look()
        else:
            self.enter(self.market(), **self._terms())

    def _look(self) -> None:
        market = self.market()
        what = (f"/markets/{market}", f"/markets/{market}/trades", f"/markets/{market}/candles?interval=1m", "/orders")
        self.get(self.lot.choice((*what, "/portfolio", "/trades", "/accounts")))

    def _terms(self, *, is_sound: bool = False) -> dict[str, Any]:
        lot = self.lot
        terms: dict[str, Any] = {
            "side": lot.choice(["buy", "sell"]),
            "price_fen": self.near(WIDTH_FEN),
            "quantity_t": lot.randint(1, 40),
        }
        draw = lot.random()
        if draw < 0.12:
            terms |= {"order_type": "market", "price_fen": lot.choice([None, terms["price_fen"]])}
        elif draw < 0.24:
            terms["time_in_force"] = "ioc"
        elif draw < 0.3:
            terms["time_in_force"] = "fok"
        elif draw < 0.37:
            terms["post_only"] = True
        elif draw < 0.45:
            terms |= {"display_t": lot.randint(1, 5), "quantity_t": lot.randint(6, 60)}
        elif draw < 0.48 and not is_sound:
            terms |= lot.choice([{"price_fen": BEYOND_FEN}, {"quantity_t": 0}, {"time_in_force": "never"}])
        elif draw < 0.54:
            # Longer than anybody waits for an answer: whether it is refused does not hang on when it is.
            ends_in = lot.uniform(PATIENCE_SECONDS, PATIENCE_SECONDS + 30)
            terms |= {"time_in_force": "gtd", "expires_at": in_seconds(ends_in)}
        if lot.random() < 0.5:
            terms["self_trade_mode"] = lot.choice(MODES)
        return terms


assert BEYOND_FEN > MIDDLE_FEN * 2, "outside every band"
