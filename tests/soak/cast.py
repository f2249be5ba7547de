"""Who takes part, how many of each kind, and what they are given: organisations, tokens, money and credits."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils import timezone

from ledger.credits.transfers.services import accept_transfer
from ledger.models import ApiToken, Membership, Organisation
from ledger.parties.scopes import Scope
from ledger.parties.services import issue_token
from ledger.transparency.history import current_vkey
from tests.factories import MembershipFactory, OrganisationFactory, ProjectFactory
from tests.scenes import (
    People,
    bank_account,
    households_of,
    issue_to_cooperative,
    market_for,
    offer_credits,
    pay_in,
    people,
    plan_of,
)
from tests.soak.books import held_in_all
from tests.soak.participants import Plan
from trading.models import Market

SHARES = {
    "maker": 36,
    "taker": 56,
    "seller": 12,
    "cooperative": 22,
    "buyer": 28,
    "bidder": 8,
    "program": 14,
    "faulty": 12,
    "market follower": 4,
    "orders follower": 2,
    "auditor": 4,
    "treasurer": 2,
}
"""How many of 200 are of each kind."""
FIXED = {"treasurer": 2}
TRADES = ("maker", "taker", "seller", "program", "faulty", "bidder")
CASH_FEN = 10**11
ISSUED_T = 10**8
# Two hundred and fifty may trade.
TONNES = 400_000
HARVEST_T = 2_000
WAVE_T = 400
HARVESTS = 3
"""So many cooperatives have fields and households of their own, and are issued credits during the run."""
FEE_BPS = 30


@dataclass
class Cast:
    """Everybody, and what the run needs to know of them."""

    who: People
    market: Market
    plans: list[Plan]
    board_token: str
    cooperatives: list[Membership]
    # Those of `cooperatives` whose fields yield credits during the run.
    growers: list[Membership]
    # What there was of each asset before anybody was given any, and what was told of the gifts, as a participant would.
    total: Counter[str]
    told: list[dict[str, Any]]
    harvested: list[Market] = field(default_factory=list)

    def plans_as_json(self) -> list[dict[str, Any]]:
        """Return the plans as the crowd reads them."""
        return [asdict(plan) for plan in self.plans]

    def counts(self) -> dict[str, int]:
        """Return how many there are of each kind."""
        return {kind: sum(plan.kind == kind for plan in self.plans) for kind in SHARES}

    def harvest(self) -> Market | None:
        """Issue a year's credits to the next cooperative with fields, and open a market for them; None where all have had theirs."""
        if len(self.harvested) == len(self.growers):
            return None
        grower = self.growers[len(self.harvested)]
        who = people_with(self.who, grower)
        batch = issue_to_cooperative(who, HARVEST_T, buffer_t=HARVEST_T // 10, project=_project_of(grower))
        market = market_for(who, batch, taker_fee_bps=FEE_BPS)
        self.harvested.append(market)
        return market

    def wave(self) -> None:
        """Let every cooperative have more of the first market's credits."""
        for member in self.cooperatives:
            _give(self.who, member, self.market, WAVE_T)


def people_with(who: People, cooperative: Membership) -> People:
    """Return the same people around another cooperative."""
    return People(**{**{name: getattr(who, name) for name in People.__slots__}, "cooperative": cooperative})


def counts_of(participants: int) -> dict[str, int]:
    """Return how many there are of each kind: one at least, and the rest by the largest remainder."""
    counts = {kind: FIXED.get(kind, 1) for kind in SHARES}
    free = [kind for kind in SHARES if kind not in FIXED]
    left = participants - sum(counts.values())
    whole = sum(SHARES[kind] - 1 for kind in free)
    exact = {kind: max(left, 0) * (SHARES[kind] - 1) / whole for kind in free}
    for kind in free:
        counts[kind] += int(exact[kind])
    rest = max(left, 0) - sum(int(each) for each in exact.values())
    for kind in sorted(free, key=lambda kind: (int(exact[kind]) - exact[kind], kind))[:rest]:
        counts[kind] += 1
    return counts


def assemble(participants: int, seed: int) -> Cast:
    """Make everybody, a market, and what each needs to take part in it."""
    who = people()
    batch = issue_to_cooperative(who, ISSUED_T)
    market = market_for(who, batch, taker_fee_bps=FEE_BPS)
    counts, lot = counts_of(participants), random.Random(seed)
    members = {kind: _members(who, kind, count) for kind, count in counts.items()}
    cooperatives = members["cooperative"]
    for cooperative in cooperatives:
        bank_account(who, cooperative)
    growers = cooperatives[:HARVESTS]
    for grower in growers:
        _give_fields(who, grower)
    total = Counter(held_in_all())
    told = [_endow(who, market, member) for kind in TRADES for member in members[kind]]
    buyers = [str(member.organisation.public_id) for member in members["buyer"]]
    plans = [
        _plan(kind, at, member, lot.getrandbits(32), _more(kind, at, member, growers, buyers))
        for kind, found in members.items()
        for at, member in enumerate(found)
    ]
    board = issue_token(user=members["taker"][0].user, name="board", scopes=[Scope.READ])[1]
    return Cast(who, market, plans, board, cooperatives, growers, total, told)


def _members(who: People, kind: str, count: int) -> list[Membership]:
    if kind == "treasurer":
        return [who.treasurer, who.second_treasurer]
    if kind == "auditor":
        office = OrganisationFactory(kind=Organisation.Kind.AUDITOR)
        return [MembershipFactory(organisation=office) for _ in range(count)]
    if kind == "cooperative":
        return [MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE) for _ in range(count)]
    return [MembershipFactory() for _ in range(count)]


def _more(
    kind: str, at: int, member: Membership, growers: Sequence[Membership], buyers: Sequence[str]
) -> dict[str, Any]:
    if kind == "faulty":
        return {"reader": _token(member, scopes=[Scope.READ]), "expired": _expired_token(member)}
    more: Mapping[str, dict[str, Any]] = {
        "seller": {"buyers": list(buyers)},
        "cooperative": {"has_households": member in growers},
        "auditor": {"vkey": current_vkey()},
        "treasurer": {"is_second": at == 1},
    }
    return more.get(kind, {})


def _plan(kind: str, at: int, member: Membership, seed: int, more: dict[str, Any]) -> Plan:
    organisation = str(member.organisation.public_id)
    # Market followers are visitors.
    token = "" if kind == "market follower" else _token(member)
    return Plan(f"{kind.replace(' ', '-')}-{at}", kind, seed, organisation, token, more)


def _token(member: Membership, **terms: Any) -> str:
    return issue_token(user=member.user, name="soak", **terms)[1]


def _expired_token(member: Membership) -> str:
    token, secret = issue_token(user=member.user, name="expired")
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - dt.timedelta(hours=2))
    return secret


def _give_fields(who: People, grower: Membership) -> None:
    project = ProjectFactory(proponent=grower.organisation)
    around = people_with(who, grower)
    households_of(around, project, ["3", "2", "1.5", "1"])
    plan_of(around)


def _project_of(grower: Membership) -> Any:
    return grower.organisation.projects.get()


def _endow(who: People, market: Market, member: Membership) -> dict[str, Any]:
    """Give a trader means, and return what was told of the payment."""
    pay_in(who, member, CASH_FEN)
    _give(who, member, market, TONNES)
    asked = {"amount_fen": CASH_FEN}
    return {"deposit": asked, "confirmed deposit": asked, "id": member.organisation.payments.get().pk, "status": 200}


def _give(who: People, member: Membership, market: Market, tonnes: int) -> None:
    """Hand credits on, as holders do under a contract."""
    offered = offer_credits(who.cooperative, member, market.asset.batch, tonnes)
    accept_transfer(actor=member, public_id=offered.public_id)
