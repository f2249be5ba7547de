"""Who takes part in a soak: a module for each kind, each deterministic in what it draws from its seed."""

from tests.soak.participants.auditors import Auditor
from tests.soak.participants.base import Participant, Plan, Tell
from tests.soak.participants.bidders import Bidder
from tests.soak.participants.buyers import Buyer
from tests.soak.participants.cooperatives import Cooperative
from tests.soak.participants.faulty import Faulty
from tests.soak.participants.followers import MarketFollower, OrdersFollower
from tests.soak.participants.makers import Maker
from tests.soak.participants.programs import Program
from tests.soak.participants.sellers import Seller
from tests.soak.participants.takers import Taker
from tests.soak.participants.treasury import Treasurer

KINDS: dict[str, type[Participant]] = {
    "maker": Maker,
    "taker": Taker,
    "seller": Seller,
    "cooperative": Cooperative,
    "buyer": Buyer,
    "bidder": Bidder,
    "program": Program,
    "faulty": Faulty,
    "market follower": MarketFollower,
    "orders follower": OrdersFollower,
    "auditor": Auditor,
    "treasurer": Treasurer,
}
"""By the name that a plan gives."""

__all__ = ["KINDS", "Participant", "Plan", "Tell"]
