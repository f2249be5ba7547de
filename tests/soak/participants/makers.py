"""Market makers: two sides on one market, replaced as the market moves."""

from typing import Any

from tests.soak.participants.base import MIDDLE_FEN
from tests.soak.participants.trading import TradingParticipant

LOW_FEN, HIGH_FEN = MIDDLE_FEN - 250, MIDDLE_FEN + 250


class Maker(TradingParticipant):
    """Quotes a bid and an ask about the middle of the book, and follows it; what is filled is quoted anew."""

    pause_seconds = 3.0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._quotes: dict[str, int | None] = {"buy": None, "sell": None}
        self._half_fen = self.lot.randint(2, 9)
        self._market = ""

    def step(self) -> None:
        """Bring the quotes to where they belong, or leave a market for another."""
        if not self._market or self.lot.random() < 0.02:
            self.cancel_all()
            self._quotes = {"buy": None, "sell": None}
            self._market = self.market()
        bid, ask = self.best(self._market)
        middle = (bid + ask) // 2 if bid and ask else bid or ask or MIDDLE_FEN
        middle = min(max(middle + self.lot.randint(-2, 2), LOW_FEN), HIGH_FEN)
        self._quote("buy", middle - self._half_fen)
        self._quote("sell", middle + self._half_fen)

    def _quote(self, side: str, price_fen: int) -> None:
        order_id, quantity_t = self._quotes[side], self.lot.randint(5, 60)
        if order_id is not None and self.lot.random() < 0.1:
            self.cancel(order_id)
        elif order_id is not None and self.replace(order_id, price_fen=price_fen, quantity_t=quantity_t):
            return
        answer = self.enter(
            self._market,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            post_only=self.lot.random() < 0.5,
            self_trade_mode="cancel_oldest",
        )
        self._quotes[side] = answer.content["id"] if answer is not None and answer.status in (200, 201) else None
        while len(self.open) > 6:
            self.cancel(self.open[0])
