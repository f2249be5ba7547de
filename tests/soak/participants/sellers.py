"""Large sellers: icebergs, slices, blocks that are offered to one buyer, and lots by one-way auction."""

from typing import Any

from tests.soak.participants.trading import TradingParticipant, in_seconds

LOT_SECONDS = 20.0
OFFER_SECONDS = 25.0
OPEN_AT_MOST = 15


class Seller(TradingParticipant):
    """Has much to sell, and sells it in one of four ways at a time."""

    pause_seconds = 4.0
    newer_share = 0.0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._slices = 0

    def step(self) -> None:
        """Go on with what is being sold, or begin with something."""
        draw = self.lot.random()
        if len(self.open) > OPEN_AT_MOST:
            self.cancel(self.open[0])
        elif self._slices:
            self._slice()
        elif draw < 0.3:
            self._iceberg()
        elif draw < 0.5:
            self._slices = self.lot.randint(3, 8)
        elif draw < 0.8:
            self._offer_block()
        else:
            self._put_up_lot()

    def finish(self) -> None:
        """Leave neither orders nor offers."""
        super().finish()
        self.withdraw_offers()

    def _iceberg(self) -> None:
        quantity_t = self.lot.randint(200, 800)
        terms = {"side": "sell", "price_fen": self.near(4), "quantity_t": quantity_t}
        self.enter(self.market(), **terms, display_t=self.lot.randint(10, 40))

    def _slice(self) -> None:
        """Sell a slice at the best bid; what does not trade at once is not left behind."""
        self._slices -= 1
        market = self.market()
        bid, _ask = self.best(market)
        terms = {"side": "sell", "price_fen": bid or self.near(2), "quantity_t": self.lot.randint(10, 30)}
        self.enter(market, **terms, time_in_force="ioc")

    def _offer_block(self) -> None:
        terms = {
            "client_offer_id": self.next_name(),
            "price_fen": self.near(20),
            "quantity_t": self.lot.randint(100, 400),
            "expires_at": in_seconds(OFFER_SECONDS),
        }
        buyer = self.lot.choice(self.plan.more["buyers"])
        offer = {"market": self.market(), "counterparty": buyer, "side": "sell", **terms}
        answer = self.line.ask("POST", "/blocks", offer)
        self.tell_of("block", offer, answer)

    def _put_up_lot(self) -> None:
        lot = {
            "market": self.market(),
            "client_auction_id": self.next_name(),
            "quantity_t": self.lot.randint(50, 200),
            "reserve_price_fen": self.near(40),
            "is_sealed": self.lot.random() < 0.5,
            "pricing": self.lot.choice(["uniform", "pay_as_bid"]),
            "closes_at": in_seconds(LOT_SECONDS),
        }
        self.tell_of("lot", lot, self.line.ask("POST", "/auctions", lot))
