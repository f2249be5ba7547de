"""Compare a settlement with the trade that it settles."""

from ledger.transparency.offline.accounts import CASH
from ledger.transparency.offline.entries import number_of
from ledger.transparency.offline.fields import text, whole
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.numbers import NumberSet
from ledger.transparency.offline.transactions import Leg, Posted


class Settlements:
    """The trades that were settled, each once, and what they come to. Units: tonnes, fen."""

    def __init__(self) -> None:
        self.count = 0
        self.quantity_t = 0
        self.value_fen = 0
        self.fees_fen = 0
        self._settled = NumberSet()
        self._asset_of_market: dict[str, str] = {}

    def open_market(self, market: str, asset: str) -> None:
        """Note what is traded in a market.

        Raises: Fault where another asset was.
        """
        if self._asset_of_market.setdefault(market, asset) != asset:
            raise Fault(f"market {market} trades {self._asset_of_market[market]}, not {asset}")

    def settle(self, posted: Posted) -> None:
        """Check a settlement against its trade: exactly the goods, the money and the fees, once.

        Raises: Fault.
        """
        trade = posted.trade
        if trade is None:
            raise Fault("a settlement names its trade")
        number = number_of(trade.get("trade"), "trade")
        quantity_t, price_fen = whole(trade, "quantity_t", least=1), whole(trade, "price_fen", least=1)
        buyer_fee_fen, seller_fee_fen = whole(trade, "buyer_fee_fen"), whole(trade, "seller_fee_fen")
        text(trade, "maker_order"), text(trade, "taker_order")
        if not self._settled.add(number):
            raise Fault(f"trade {number} was settled before")
        self.count += 1
        self.quantity_t += quantity_t
        self.value_fen += quantity_t * price_fen
        self.fees_fen += buyer_fee_fen + seller_fee_fen
        goods = _goods(posted, number)
        self._check_market(text(trade, "market"), goods.debit.asset)
        if goods.amount != quantity_t:
            raise Fault(f"trade {number} is of {quantity_t} t, but {goods.amount} t were delivered")
        _check_money(posted, number, goods, quantity_t * price_fen, buyer_fee_fen, seller_fee_fen)

    def _check_market(self, market: str, asset: str) -> None:
        expected = self._asset_of_market.get(market)
        if expected is None:
            raise Fault(f"market {market} was never opened")
        if expected != asset:
            raise Fault(f"market {market} trades {expected}, not {asset}")


def _goods(posted: Posted, trade: int) -> Leg:
    goods = [leg for leg in posted.legs if leg.runs is not None]
    if len(goods) != 1:
        raise Fault(f"the settlement of trade {trade} has {len(goods)} transfers of credits, not one")
    if goods[0].debit.purpose != "holding" or goods[0].credit.purpose != "holding":
        raise Fault(f"trade {trade} is settled with an account that is no holder's")
    return goods[0]


def _check_money(
    posted: Posted, trade: int, goods: Leg, value_fen: int, buyer_fee_fen: int, seller_fee_fen: int
) -> None:
    buyer, seller = goods.credit.organisation, goods.debit.organisation
    expected = [(buyer, seller, "holding", value_fen)]
    if buyer_fee_fen:
        expected.append((buyer, None, "fees", buyer_fee_fen))
    if seller_fee_fen:
        expected.append((seller, None, "fees", seller_fee_fen))
    for leg in posted.legs:
        if leg is goods:
            continue
        payer, payee = leg.debit, leg.credit
        paid = (payer.organisation, payee.organisation, payee.purpose, leg.amount)
        if payer.asset != CASH or payer.purpose != "holding" or paid not in expected:
            raise Fault(
                f"transfer {leg.id} of {leg.amount} fen from account {payer.id} to {payee.id} is no part of trade {trade}"
            )
        expected.remove(paid)
    if expected:
        raise Fault(f"the settlement of trade {trade} lacks a transfer of {expected[0][3]} fen")
