"""What is shared among households: each sale once, to the fen, by a plan that was stated, with members of the cooperative."""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.transparency.offline.accounts import CASH
from ledger.transparency.offline.decisions import Awaited
from ledger.transparency.offline.entries import number_of
from ledger.transparency.offline.fields import Body, text, whole
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.numbers import NumberSet
from ledger.transparency.offline.transactions import Posted

WHOLE_BPS = 10_000


class Households:
    """Member households, and whose members they are."""

    def __init__(self) -> None:
        self.cooperatives: dict[str, str] = {}
        self._left: set[str] = set()

    def add(self, body: Body) -> None:
        """Note a member household.

        Raises: Fault.
        """
        household = text(body, "household")
        if household in self.cooperatives:
            raise Fault(f"household {household} was added before")
        self.cooperatives[household] = text(body, "cooperative")

    def leave(self, body: Body) -> None:
        """Note that a household has left.

        Raises: Fault.
        """
        household = text(body, "household")
        if self.cooperatives.get(household) != text(body, "cooperative") or household in self._left:
            raise Fault(f"household {household} is no member that could leave")
        self._left.add(household)


@dataclass(slots=True)
class _Plan:
    cooperative: str
    retained_bps: int


class Sharing:
    """Plans, and what was shared by them. Units: fen."""

    def __init__(self, awaited: Awaited, households: Households, is_posted: Callable[[int], bool]) -> None:
        self.count = 0
        self.shared_fen = 0
        self._awaited = awaited
        self._households = households
        self._is_posted = is_posted
        self._plans: dict[str, _Plan] = {}
        self._distributions: set[str] = set()
        self._sales = NumberSet()

    def state(self, body: Body) -> None:
        """Note a plan.

        Raises: Fault.
        """
        plan = text(body, "plan")
        if plan in self._plans:
            raise Fault(f"plan {plan} was stated before")
        self._plans[plan] = _Plan(text(body, "cooperative"), whole(body, "retained_bps"))
        parts = [whole(body, f"{name}_bps") for name in ("area", "equal", "contribution")]
        if sum(parts) != WHOLE_BPS or self._plans[plan].retained_bps > WHOLE_BPS:
            raise Fault(f"the parts of plan {plan} do not make a whole")

    def share(self, body: Body) -> None:
        """Compare a distribution with its sales, its plan and the transactions that it names.

        Raises: Fault.
        """
        posted = [self._awaited.take({"transaction": each}, "proceeds_shared") for each in _list(body, "transactions")]
        distribution, cooperative = text(body, "distribution"), text(body, "cooperative")
        if distribution in self._distributions:
            raise Fault(f"distribution {distribution} was made before")
        self._distributions.add(distribution)
        plan = self._plans.get(text(body, "plan"))
        if plan is None or plan.cooperative != cooperative:
            raise Fault(f"distribution {distribution} follows no plan of its cooperative")
        net_fen, retained_fen, shared_fen = (whole(body, f"{name}_fen") for name in ("net", "retained", "shared"))
        if net_fen != retained_fen + shared_fen or retained_fen != net_fen * plan.retained_bps // WHOLE_BPS:
            raise Fault(f"distribution {distribution} does not part its proceeds as its plan says")
        if self._sold(body, distribution) != net_fen:
            raise Fault(f"the sales of distribution {distribution} do not come to {net_fen} fen")
        if sum(leg.amount for each in posted for leg in each.legs) != shared_fen:
            raise Fault(f"the transactions of distribution {distribution} do not come to {shared_fen} fen")
        self._check_parties(posted, cooperative)
        self.count += 1
        self.shared_fen += shared_fen

    def _sold(self, body: Body, distribution: str) -> int:
        net_fen = 0
        for sale in _list(body, "sales"):
            if not isinstance(sale, list) or len(sale) != 2 or type(sale[1]) is not int or sale[1] <= 0:
                raise Fault(f"a sale of distribution {distribution} is not a transaction with an amount")
            number = number_of(sale[0], "sale")
            if not self._is_posted(number):
                raise Fault(f"distribution {distribution} shares transaction {number}, which was never posted")
            if not self._sales.add(number):
                raise Fault(f"distribution {distribution} shares sale {number}, which was shared before")
            net_fen += sale[1]
        return net_fen

    def _check_parties(self, posted: list[Posted], cooperative: str) -> None:
        for each in posted:
            for leg in each.legs:
                if (leg.debit.organisation, leg.debit.asset) != (cooperative, CASH):
                    raise Fault(f"transfer {leg.id} is not from the cash of cooperative {cooperative}")
                if self._households.cooperatives.get(leg.credit.household or "") != cooperative:
                    raise Fault(f"transfer {leg.id} is not to a member household of cooperative {cooperative}")


@dataclass(slots=True)
class _Order:
    cooperative: str
    amount_fen: int
    households: int
    lines_sha256: str


class Payouts:
    """Money that households get by the bank: what was ordered is what was confirmed, and what was posted."""

    def __init__(self, awaited: Awaited, households: Households) -> None:
        self._awaited = awaited
        self._households = households
        self._orders: dict[str, _Order] = {}
        self._seen: set[str] = set()

    def request(self, body: Body) -> None:
        """Note a payout that was ordered.

        Raises: Fault.
        """
        payout, order = _read_payout(body)
        if payout in self._seen:
            raise Fault(f"payout {payout} was requested before")
        self._seen.add(payout)
        self._orders[payout] = order

    def confirm(self, body: Body) -> None:
        """Compare a confirmed payout with its order and its transaction.

        Raises: Fault.
        """
        posted = self._awaited.take(body, "payout_confirmed")
        payout, order = self._decide(body)
        if (len(posted.legs), sum(leg.amount for leg in posted.legs)) != (order.households, order.amount_fen):
            raise Fault(
                f"payout {payout} is of {order.amount_fen} fen to {order.households} households, unlike its transaction"
            )
        for leg in posted.legs:
            if self._households.cooperatives.get(leg.debit.household or "") != order.cooperative:
                raise Fault(f"transfer {leg.id} is not from a member household of cooperative {order.cooperative}")

    def refuse(self, body: Body) -> None:
        """Note a payout that was refused.

        Raises: Fault.
        """
        self._decide(body)

    def _decide(self, body: Body) -> tuple[str, _Order]:
        payout, stated = _read_payout(body)
        order = self._orders.pop(payout, None)
        if order is None:
            raise Fault(f"payout {payout} was {'decided before' if payout in self._seen else 'never requested'}")
        if stated != order:
            raise Fault(f"payout {payout} is not what was requested")
        return payout, stated


def _read_payout(body: Body) -> tuple[str, _Order]:
    order = _Order(
        text(body, "cooperative"),
        whole(body, "amount_fen", least=1),
        whole(body, "households", least=1),
        text(body, "lines_sha256"),
    )
    return text(body, "payout"), order


def _list(body: Body, name: str) -> list[object]:
    value = body.get(name)
    if not isinstance(value, list):
        raise Fault(f"it has no {name}")
    return value
