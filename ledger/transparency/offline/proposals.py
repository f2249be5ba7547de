"""Offers of block trades and one-way auctions: each decided once, bids as they were committed to, awards by the rules."""

import hashlib
from dataclasses import dataclass, field

from ledger.transparency.offline.entries import number_of
from ledger.transparency.offline.fields import Body, text, whole
from ledger.transparency.offline.findings import Fault

TERMS = ("market", "proposer", "counterparty", "side")
FIGURES = ("price_fen", "quantity_t", "fee_bps")


class Offers:
    """Offers of block trades: what is decided is what was offered."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[object, ...]] = {}
        self._seen: set[str] = set()

    def offer(self, body: Body) -> None:
        """Note an offer that was made.

        Raises: Fault.
        """
        offer = text(body, "offer")
        if offer in self._seen:
            raise Fault(f"offer {offer} was made before")
        self._seen.add(offer)
        self._open[offer] = _terms(body)

    def decide(self, body: Body) -> None:
        """Compare an offer that was decided with the one that was made.

        Raises: Fault.
        """
        offer = text(body, "offer")
        made = self._open.pop(offer, None)
        if made is None:
            raise Fault(f"offer {offer} was {'decided before' if offer in self._seen else 'never made'}")
        if made != _terms(body):
            raise Fault(f"offer {offer} is not what was offered")


def _terms(body: Body) -> tuple[object, ...]:
    return (*(text(body, name) for name in TERMS), *(whole(body, name) for name in FIGURES), text(body, "expires_at"))


@dataclass(slots=True)
class _Revealed:
    number: int
    price_fen: int
    quantity_t: int
    awarded_t: int
    awarded_price_fen: int


@dataclass(slots=True)
class _Auction:
    quantity_t: int
    reserve_price_fen: int
    pricing: str
    # What bids have committed to that still stand, and those that the award has revealed.
    commitments: dict[str, str] = field(default_factory=dict)
    revealed: list[_Revealed] = field(default_factory=list)


class Auctions:
    """One-way auctions: bids are revealed as they were committed to, all of them, and the award follows from them."""

    def __init__(self) -> None:
        self._open: dict[str, _Auction] = {}
        self._seen: set[str] = set()
        self._bids: set[str] = set()

    def announce(self, body: Body) -> None:
        """Note a lot that was put up.

        Raises: Fault.
        """
        auction = text(body, "auction")
        if auction in self._seen:
            raise Fault(f"auction {auction} was announced before")
        self._seen.add(auction)
        quantity_t, reserve_price_fen = whole(body, "quantity_t", least=1), whole(body, "reserve_price_fen", least=1)
        self._open[auction] = _Auction(quantity_t, reserve_price_fen, text(body, "pricing"))

    def place(self, body: Body) -> None:
        """Note what a bid commits to.

        Raises: Fault.
        """
        auction, bid = self._auction(body), text(body, "bid")
        if bid in self._bids:
            raise Fault(f"bid {bid} was placed before")
        self._bids.add(bid)
        auction.commitments[bid] = text(body, "commitment")

    def end(self, body: Body) -> None:
        """Note a bid that was withdrawn, or is void.

        Raises: Fault.
        """
        self._take(self._auction(body), text(body, "bid"))

    def reveal(self, body: Body) -> None:
        """Compare a bid's terms with what it committed to.

        Raises: Fault.
        """
        auction, bid = self._auction(body), text(body, "bid")
        committed = self._take(auction, bid)
        price_fen, quantity_t = whole(body, "price_fen", least=1), whole(body, "quantity_t", least=1)
        awarded_t = whole(body, "awarded_t")
        auction.revealed.append(
            _Revealed(
                number_of(bid, "bid"),
                price_fen,
                quantity_t,
                awarded_t,
                whole(body, "awarded_price_fen", least=1) if awarded_t else 0,
            )
        )
        terms = f"{text(body, 'nonce')}:{text(body, 'auction')}:{bid}:{price_fen}:{quantity_t}"
        if hashlib.sha256(terms.encode()).hexdigest() != committed:
            raise Fault(f"bid {bid} is not what it committed to")

    def award(self, body: Body) -> None:
        """Check that all bids were revealed, and that what was awarded follows from them.

        Raises: Fault.
        """
        auction = self._auction(body)
        number = text(body, "auction")
        del self._open[number]
        if auction.commitments:
            raise Fault(f"bid {next(iter(auction.commitments))} of auction {number} was never revealed")
        for bid, (awarded_t, price_fen) in _expected(auction):
            if (bid.awarded_t, bid.awarded_price_fen) != (awarded_t, price_fen):
                raise Fault(
                    f"bid {bid.number} of auction {number} got {bid.awarded_t} t at {bid.awarded_price_fen} fen, "
                    f"by the rules it gets {awarded_t} t at {price_fen} fen"
                )

    def cancel(self, body: Body) -> None:
        """Note an auction that was called off, with no bid left.

        Raises: Fault.
        """
        auction = self._auction(body)
        del self._open[text(body, "auction")]
        if auction.commitments:
            raise Fault(f"bid {next(iter(auction.commitments))} stands after its auction was called off")

    def _auction(self, body: Body) -> _Auction:
        number = text(body, "auction")
        found = self._open.get(number)
        if found is None:
            raise Fault(f"auction {number} was {'decided before' if number in self._seen else 'never announced'}")
        return found

    def _take(self, auction: _Auction, bid: str) -> str:
        committed = auction.commitments.pop(bid, None)
        if committed is None:
            raise Fault(f"bid {bid} was {'ended before' if bid in self._bids else 'never placed'}")
        return committed


def _expected(auction: _Auction) -> list[tuple[_Revealed, tuple[int, int]]]:
    """Return the revealed bids, each with the tonnes that it gets and the price that it pays: the highest price first."""
    left = auction.quantity_t
    parts: list[tuple[_Revealed, int]] = []
    for bid in sorted(auction.revealed, key=lambda bid: (-bid.price_fen, bid.number)):
        part = min(bid.quantity_t, left) if bid.price_fen >= auction.reserve_price_fen else 0
        left -= part
        parts.append((bid, part))
    lowest = min((bid.price_fen for bid, part in parts if part), default=0)
    is_uniform = auction.pricing == "uniform"
    return [(bid, (part, (lowest if is_uniform else bid.price_fen) if part else 0)) for bid, part in parts]
