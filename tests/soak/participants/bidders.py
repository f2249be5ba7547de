"""Bidders for lots that are sold by one-way auction."""

from tests.soak.participants.trading import TradingParticipant


class Bidder(TradingParticipant):
    """Looks for lots, bids for them, and sometimes thinks better of it."""

    pause_seconds = 4.0

    def step(self) -> None:
        """Bid for a lot, or withdraw a bid."""
        lots = self.results("/auctions?state=open&page_size=20")
        if lots and self.lot.random() < 0.8:
            self._bid(self.lot.choice(lots))
        else:
            for bid in self.results("/bids?state=standing&page_size=20")[:1]:
                self._withdraw(bid["id"])

    def finish(self) -> None:
        """Withdraw what can be; the rest is decided when its auction closes."""
        for bid in self.results("/bids?state=standing&page_size=200"):
            self._withdraw(bid["id"])
        super().finish()

    def _bid(self, auction: dict[str, int]) -> None:
        bid = {
            "client_bid_id": self.next_name(),
            "price_fen": auction["reserve_price_fen"] + self.lot.randint(0, 60),
            "quantity_t": self.lot.randint(1, auction["quantity_t"]),
        }
        answer = self.line.ask("POST", f"/auctions/{auction['id']}/bids", bid)
        self.tell_of("bid", bid, answer)

    def _withdraw(self, bid_id: int) -> None:
        answer = self.line.ask("POST", f"/bids/{bid_id}/withdraw", {})
        self.tell(withdraw_bid=bid_id, status=answer.status if answer else 0)
