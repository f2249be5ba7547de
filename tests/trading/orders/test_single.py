"""One order at once: the same as by the way of many, also when two come at the same moment."""

from collections import Counter
from typing import Any

import pytest

from ledger.journal.selectors import cash_account
from ledger.models import Account
from tests.racing import race
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.errors import DuplicateOrder, InsufficientFunds
from trading.execution.reconciliation import reconcile
from trading.models import Instruction, Market, Order
from trading.orders import single
from trading.orders.services import NewOrder
from trading.orders.single import enter_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(who: People) -> Market:
    """Return a market in which the buyer has traded before, and has 100,000 fen."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 100_000)
    enter(who, market, "first", quantity_t=1, price_fen=3_600)
    return market


def enter(who: People, market: Market, client_order_id: str, **changes: Any) -> Any:
    order = {"side": "buy", "price_fen": 4_000, "quantity_t": 15} | changes
    result = enter_order(actor=who.buyer, symbol=market.symbol, order=NewOrder(client_order_id, **order))
    if result.error is not None:
        raise result.error
    return result


def test_what_is_returned_is_what_is_stored(who: People, market: Market) -> None:
    order = enter(who, market, "a").order
    stored = Order.objects.get(pk=order.pk)
    for field in Order._meta.concrete_fields:
        assert getattr(order, field.attname) == getattr(stored, field.attname), field.name
    assert (stored.hold.remaining, stored.hold.account_id, stored.hold.purpose) == (
        60_000,
        stored.cash_account_id,
        "order",
    )
    instruction = Instruction.objects.get(order=order)
    assert (instruction.kind, instruction.actor) == ("submit", f"user:{who.buyer.user.public_id}")
    assert all(result.holds for result in reconcile())


def test_two_at_the_same_moment_do_not_spend_the_same_money(who: People, market: Market) -> None:
    outcomes = race(*[lambda at=at: enter(who, market, str(at)) for at in range(4)])
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"OrderResult": 1, "InsufficientFunds": 3}
    assert cash_account(who.buyer.organisation).held == 60_000 + 3_600
    assert all(result.holds for result in reconcile())


def test_one_id_at_the_same_moment_is_one_order(who: People, market: Market) -> None:
    outcomes = race(*[lambda: enter(who, market, "same", quantity_t=5) for _ in range(4)])
    assert len({outcome.order.pk for outcome in outcomes}) == 1
    assert [outcome.replayed for outcome in outcomes].count(False) == 1
    assert cash_account(who.buyer.organisation).held == 20_000 + 3_600


@pytest.mark.parametrize("quantity_t", [5, 6])
def test_a_rival_with_the_same_id_between_reading_and_writing_is_seen(
    who: People, market: Market, monkeypatch: pytest.MonkeyPatch, quantity_t: int
) -> None:
    read = single.standing_in

    def read_before_the_rival_writes(**asked: Any) -> Any:
        standing = read(**asked)
        monkeypatch.setattr(single, "standing_in", read)
        enter(who, market, "same", quantity_t=5)
        return standing

    monkeypatch.setattr(single, "standing_in", read_before_the_rival_writes)
    if quantity_t == 5:
        assert enter(who, market, "same", quantity_t=5).replayed
    else:
        with pytest.raises(DuplicateOrder):
            enter(who, market, "same", quantity_t=6)
    assert Order.objects.count() == 2
    assert cash_account(who.buyer.organisation).held == 20_000 + 3_600


def test_a_first_order_opens_the_accounts(who: People, market: Market) -> None:
    assert not Account.objects.filter(organisation=who.other_buyer.organisation).exists()
    order = NewOrder("a", "buy", 4_000, 1)
    result = enter_order(actor=who.other_buyer, symbol=market.symbol, order=order)
    assert isinstance(result.error, InsufficientFunds)
    pay_in(who, who.other_buyer, 4_000)
    assert enter_order(actor=who.other_buyer, symbol=market.symbol, order=order).order is not None
