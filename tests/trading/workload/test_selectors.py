"""What waits for whom, of trading."""

import pytest

from ledger.models import Membership
from ledger.workload.selectors import tasks_of
from tests.scenes import issue_to_cooperative, market_for, offer_block, pay_in
from trading.execution.services import execute_market
from trading.orders.phases import halt_market

pytestmark = pytest.mark.django_db


def kinds(reader: Membership) -> list[str]:
    return [task.kind for task in tasks_of(reader)]


def test_an_offer_waits_for_the_other_party_and_a_halted_market_for_the_operator(who):
    pay_in(who, who.buyer, 100_000_000)
    market = market_for(who, issue_to_cooperative(who, 1_000, vintage=2020))
    offer = offer_block(who.buyer, who.cooperative, market, "o1")
    task = next(each for each in tasks_of(who.cooperative) if each.kind == "offer_to_answer")
    assert (task.due_at, task.url) == (offer.expires_at, f"/blocks/{offer.pk}")
    assert "offer_to_answer" not in kinds(who.buyer)
    assert "market_to_resume" not in kinds(who.registrar)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Strange prices.")
    execute_market(market.pk)
    assert "market_to_resume" in kinds(who.registrar)
