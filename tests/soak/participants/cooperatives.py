"""Cooperatives after harvest: what was issued to them they sell in plain limit orders, and have the proceeds paid out."""

from tests.soak.participants.trading import TradingParticipant

WITHDRAW_FROM_FEN = 100_000


class Cooperative(TradingParticipant):
    """Sells what it finds on its accounts; what its households have coming it has paid to them."""

    pause_seconds = 6.0

    def step(self) -> None:
        """Sell, withdraw, pay households, or look."""
        draw = self.lot.random()
        if len(self.open) > 8:
            self.cancel(self.open[0])
        elif draw < 0.6:
            self._sell()
        elif draw < 0.75:
            self._withdraw()
        elif draw < 0.85 and self.plan.more.get("has_households"):
            self._pay_households()
        else:
            self.get(self.lot.choice(("/tasks", "/notices", "/distributions", "/payments", "/orders?status=open")))

    def _sell(self) -> None:
        held = [each for each in self.results("/accounts?kind=credit") if (each["available"] or 0) > 0]
        held = [each for each in held if each["asset"] in self.place.markets]
        if not held:
            return
        account = self.lot.choice(held)
        quantity_t = self.lot.randint(1, min(30, account["available"]))
        self.enter(account["asset"], side="sell", price_fen=self.near(6), quantity_t=quantity_t)

    def _withdraw(self) -> None:
        (available,) = [each["available"] or 0 for each in self.results("/accounts?asset=CNY")][:1] or [0]
        if available < WITHDRAW_FROM_FEN:
            return
        asked = {"amount_fen": self.lot.randint(available // 20, available // 5)}
        answer = self.line.ask("POST", "/payments/withdrawals", asked, Idempotency_Key=self.key())
        self.tell_of("withdrawal", asked, answer)

    def _pay_households(self) -> None:
        answer = self.line.ask("POST", "/payouts", {}, Idempotency_Key=self.key())
        if answer is not None and answer.status == 201:
            for payout in answer.content:
                self.tell(payout=payout["amount_fen"], id=payout["id"], status=201)
        else:
            self.tell(payout=None, status=answer.status if answer else 0)
