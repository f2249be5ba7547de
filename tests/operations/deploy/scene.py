"""Run on the machine of test_path.py: a market with money and credits, and who trades there. Prints the market and two tokens."""

import json

from ledger.models import Membership, Organisation
from ledger.parties.scopes import Scope
from ledger.parties.services import issue_token
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in

Role, Kind = Membership.Role, Organisation.Kind


def cast() -> People:
    """Return people of all kinds; the operator is the one that its first person has come to."""
    operator = Organisation.objects.get(kind=Kind.OPERATOR)
    registrar, treasurer, second = (
        MembershipFactory(organisation=operator, role=role) for role in (Role.REGISTRAR, Role.TREASURER, Role.TREASURER)
    )
    return People(
        cooperative=MembershipFactory(organisation__kind=Kind.COOPERATIVE),
        buyer=MembershipFactory(),
        other_buyer=MembershipFactory(),
        verifier=MembershipFactory(organisation__kind=Kind.VERIFIER),
        registrar=registrar,
        treasurer=treasurer,
        second_treasurer=second,
        auditor=MembershipFactory(organisation__kind=Kind.AUDITOR),
    )


def main() -> None:
    """Bring it about, and print it."""
    who = cast()
    batch = issue_to_cooperative(who, 1_000)
    pay_in(who, who.buyer, 10_000_000)
    market = market_for(who, batch)
    sides = {"sell": who.cooperative, "buy": who.buyer}
    scopes = [Scope.READ, Scope.TRADE]
    tokens = {side: issue_token(user=person.user, name=side, scopes=scopes)[1] for side, person in sides.items()}
    print(json.dumps({"market": market.symbol, "tokens": tokens}))
