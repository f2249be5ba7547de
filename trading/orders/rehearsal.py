"""What entering an order would refuse and hold, asked without entering it: nothing is locked, and nothing is written."""

from dataclasses import dataclass

from ledger.journal.models import Account
from ledger.parties.models import Membership
from trading.markets.models import Market
from trading.orders.services import check_cover, require_trader
from trading.orders.standing import standing_in_market
from trading.orders.terms import NewOrder, check_order


@dataclass(frozen=True, slots=True)
class Cover:
    """What an order would hold, and what would be left. Units: fen of a buy, tonnes of a sell."""

    needed: int
    available: int

    @property
    def left(self) -> int:
        return self.available - self.needed


def rehearse_entry(*, actor: Membership, market: Market, order: NewOrder) -> Cover:
    """Return what an order would hold, or refuse it as `place_order` would at this moment.

    Raises: NotAllowed, OrganisationNotApproved, and what `check_order` and `check_cover` refuse.
    """
    require_trader(actor)
    check_order(order, market)
    standing = standing_in_market(market_id=market.pk, organisation_id=actor.organisation_id)
    standing.require_unfrozen()
    accounts = Account.objects.in_bulk([each for each in (standing.cash_id, standing.credit_id) if each is not None])
    # An account that is opened with the first order is empty till then.
    cash, credit = (accounts.get(each) or Account() for each in (standing.cash_id, standing.credit_id))
    needed = check_cover(order, market, standing.limits, cash=cash, credit=credit)
    return Cover(needed, (cash if order.side == "buy" else credit).available)
