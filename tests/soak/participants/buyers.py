"""Buyers: they pay in, buy, and retire what they have bought; blocks that are offered to them they accept or not."""

from typing import Any

from tests.soak.participants.trading import TradingParticipant, in_seconds

PAY_IN_BELOW_FEN = 20_000_000
PAY_IN_FEN = (10_000_000, 60_000_000)
RETIRE_FROM_T = 10
OFFER_SECONDS = 25.0


class Buyer(TradingParticipant):
    """A company that makes up for what it emits."""

    pause_seconds = 4.0
    newer_share = 0.5

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._is_paying_in = False

    def step(self) -> None:
        """Do what comes next: answer offers, pay in, buy, retire, look."""
        draw = self.lot.random()
        if draw < 0.15:
            self._answer_offers()
        elif draw < 0.3:
            self._pay_in()
        elif draw < 0.75:
            self._buy()
        elif draw < 0.92:
            self._retire()
        else:
            self._look()

    def finish(self) -> None:
        """Leave neither orders nor offers."""
        super().finish()
        self.withdraw_offers()

    def _answer_offers(self) -> None:
        for offer in self.results("/blocks?state=open&page_size=20"):
            if offer["counterparty"]["id"] != self.plan.organisation:
                continue
            draw, path = self.lot.random(), f"/blocks/{offer['id']}"
            if draw < 0.6:
                answer = self.line.ask("POST", f"{path}/accept", {})
                self.tell(accept_block=offer["id"], status=answer.status if answer else 0)
            elif draw < 0.8:
                answer = self.line.ask("POST", f"{path}/decline", {})
                self.tell(decline_block=offer["id"], status=answer.status if answer else 0)
            else:
                self._counter(offer)
            return

    def _counter(self, offer: dict[str, Any]) -> None:
        terms = {
            "client_offer_id": self.next_name(),
            "price_fen": offer["price_fen"] - 5,
            "quantity_t": offer["quantity_t"],
            "expires_at": in_seconds(OFFER_SECONDS),
        }
        self.tell_of("block", terms, self.line.ask("POST", f"/blocks/{offer['id']}/counter", terms))

    def _pay_in(self) -> None:
        accounts = self.results("/accounts?asset=CNY")
        if sum(each["available"] or 0 for each in accounts) < PAY_IN_BELOW_FEN:
            self.place.bank.append((self.plan.organisation, self.lot.randint(*PAY_IN_FEN)))

    def _buy(self) -> None:
        market = self.market()
        _bid, ask = self.best(market)
        terms = {"side": "buy", "price_fen": ask or self.near(5), "quantity_t": self.lot.randint(5, 50)}
        self.enter(market, **terms, time_in_force=self.lot.choice(["gtc", "ioc"]))
        if len(self.open) > 5:
            self.cancel(self.open[0])

    def _retire(self) -> None:
        own = [each for each in self.results("/accounts?kind=credit") if (each["available"] or 0) >= RETIRE_FROM_T]
        if not own:
            return
        account = self.lot.choice(own)
        retirement = {
            "batch": account["asset"],
            "quantity_t": self.lot.randint(1, min(account["available"], 2 * RETIRE_FROM_T)),
            "beneficiary_name": f"受益人 {self.plan.name}",
            "purpose": "own_footprint",
        }
        answer = self.line.ask("POST", "/retirements", retirement, Idempotency_Key=self.key())
        self.tell_of("retirement", retirement, answer)
        if answer is not None and answer.status < 300 and self.lot.random() < 0.05:
            self.line.ask("GET", f"/retirements/{answer.content['id']}/certificate.pdf")

    def _look(self) -> None:
        self.get(self.lot.choice(("/retirements", "/batches", "/notices", "/portfolio", "/payments", "/trades")))
