"""Credits handed on by two at the same moment, or while a market sells them; each race with its control."""

import contextlib
from collections import Counter

import pytest

from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.reversals.services import confirm_reversal, replenish
from ledger.credits.services import retire_credits
from ledger.credits.transfers import services as transfers
from ledger.credits.transfers.services import accept_transfer, decline_transfer, expire_transfers, withdraw_transfer
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    NothingOwed,
    TransferNotOpen,
    WrongState,
)
from ledger.models import Account, Cancellation, CreditTransfer, Record, Reversal, Transaction
from tests.factories import MembershipFactory, ProjectFactory
from tests.racing import Meeting, race, unlocked
from tests.scenes import issue_to_cooperative, market_for, offer_credits, pay_in, report_loss
from trading.errors import InsufficientCredits
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import Order, Trade
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    """No worker runs here: what is executed, is executed by the test."""
    monkeypatch.setattr("trading.orders.services.wake_after_commit", lambda market: None)


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100, buffer_t=10)


def broken():
    return [result.name for result in reconcile() if not result.holds]


def kinds(outcomes):
    return Counter(type(outcome) for outcome in outcomes)


def balances(*members):
    return [
        sum(
            Account.objects.filter(organisation=member.organisation, asset__kind="credit").values_list(
                "balance", flat=True
            )
        )
        for member in members
    ]


def test_two_acceptances_move_the_credits_once(who, batch):
    offered = offer_credits(who.cooperative, who.buyer, batch, 40).public_id
    other = MembershipFactory(organisation=who.buyer.organisation)
    outcomes = race(*(lambda each=each: accept_transfer(actor=each, public_id=offered) for each in (who.buyer, other)))
    assert kinds(outcomes) == {CreditTransfer: 1, TransferNotOpen: 1}
    assert balances(who.cooperative, who.buyer) == [50, 40]
    assert broken() == []


def test_control_without_the_locks_a_transfer_is_accepted_twice_though_moved_once(who, batch):
    """The key of the journal's transaction still keeps the credits from moving twice; the log would tell it twice."""
    offered = offer_credits(who.cooperative, who.buyer, batch, 40).public_id
    meeting = Meeting()
    accept = unlocked(lambda: accept_transfer(actor=who.buyer, public_id=offered), meeting)
    outcomes = race(accept, accept)
    assert meeting.met
    assert kinds(outcomes) == {CreditTransfer: 2}
    assert Record.objects.filter(kind="credit_transfer_accepted").count() == 2
    assert Transaction.objects.filter(kind="transfer").count() == 1


@pytest.mark.parametrize("rival", ["withdraw", "decline", "expire"])
def test_of_accepting_and_ending_at_once_the_first_wins(who, batch, rival, monkeypatch):
    offered = offer_credits(who.cooperative, who.buyer, batch, 40).public_id
    rivals = {
        "withdraw": lambda: withdraw_transfer(actor=who.cooperative, public_id=offered),
        "decline": lambda: decline_transfer(actor=who.buyer, public_id=offered),
        "expire": expire_transfers,
    }
    outcomes = race(lambda: accept_transfer(actor=who.buyer, public_id=offered), rivals[rival])
    stored = CreditTransfer.objects.get()
    is_accepted = stored.state == CreditTransfer.State.ACCEPTED
    assert balances(who.cooperative, who.buyer) == ([50, 40] if is_accepted else [90, 0])
    assert Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset).held == 0
    assert kinds(outcomes)[TransferNotOpen] == (0 if rival == "expire" else 1)
    assert broken() == []


def test_an_offer_and_an_order_do_not_set_aside_the_same_tonnes(who, batch):
    market = market_for(who, batch)
    outcomes = race(
        lambda: offer_credits(who.cooperative, who.buyer, batch, 60),
        lambda: place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 60)),
    )
    made = kinds(outcomes)
    assert made in ({CreditTransfer: 1, InsufficientCredits: 1}, {InsufficientBalance: 1, type(outcomes[1]): 1})
    assert broken() == []


def test_credits_are_handed_over_while_the_market_sells_the_holders_other_ones(who, batch):
    """The market's worker keeps orders in memory, not balances: both are settled, and no number goes two ways."""
    market = market_for(who, batch)
    pay_in(who, who.other_buyer, 10_000_000)
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 30))
    execute_market(market.pk)
    offered = offer_credits(who.cooperative, who.buyer, batch, 40).public_id
    for at in range(10):
        place_order(actor=who.other_buyer, market_id=market.pk, order=NewOrder(f"b{at}", "buy", 4_000, 3))
    outcomes = race(
        lambda: accept_transfer(actor=who.buyer, public_id=offered),
        lambda: execute_market(market.pk),
        lambda: cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=5, reason="no_claim"),
        lambda: retire_credits(
            actor=who.cooperative, batch_id=batch.pk, quantity_t=5, beneficiary_name="甲", purpose="event"
        ),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (Trade.objects.count(), Order.objects.filter(status="filled").count()) == (10, 11)
    assert balances(who.cooperative, who.buyer, who.other_buyer) == [10, 40, 30]
    assert broken() == []


def test_what_was_handed_over_is_sold_on_at_once(who, batch):
    """What the recipient got is its own to sell, by the same worker that knew nothing of it."""
    market = market_for(who, batch)
    pay_in(who, who.other_buyer, 1_000_000)
    execute_market(market.pk)
    accept_transfer(actor=who.buyer, public_id=offer_credits(who.cooperative, who.buyer, batch, 40).public_id)
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 40))
    place_order(actor=who.other_buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 40))
    execute_market(market.pk)
    assert balances(who.cooperative, who.buyer, who.other_buyer) == [50, 0, 40]
    assert broken() == []


@pytest.mark.parametrize("what", ["offer", "cancel"])
def test_a_key_sent_twice_at_once_counts_once(who, batch, what):
    calls = {
        "offer": lambda: offer_credits(who.cooperative, who.buyer, batch, 20, key="k"),
        "cancel": lambda: cancel_credits(
            actor=who.cooperative, batch_id=batch.pk, quantity_t=20, reason="no_claim", idempotency_key="k"
        ),
    }
    one, other = race(calls[what], calls[what])
    assert one == other
    assert sorted([one.is_replay, other.is_replay]) == [False, True]
    assert broken() == []


def test_a_key_sent_at_once_for_two_batches_is_a_conflict_for_one(who, batch):
    elsewhere = issue_to_cooperative(who, 100)
    outcomes = race(
        *(
            lambda each=each: cancel_credits(
                actor=who.cooperative, batch_id=each.pk, quantity_t=20, reason="no_claim", idempotency_key="k"
            )
            for each in (batch, elsewhere)
        )
    )
    assert kinds(outcomes) == {Cancellation: 1, IdempotencyConflict: 1}
    assert broken() == []


def test_two_losses_confirmed_at_once_do_not_take_the_same_tonnes_of_the_pool(who, batch):
    others = issue_to_cooperative(who, 100, project=ProjectFactory(proponent=who.cooperative.organisation))
    ProjectFactory()
    issue_to_cooperative(who, 50, buffer_t=5, project=others.project)
    losses = [
        report_loss(who.cooperative, batch.project, 12, days_ago=1),
        report_loss(who.cooperative, others.project, 9, days_ago=1),
    ]
    outcomes = race(
        *(lambda each=each: confirm_reversal(actor=who.registrar, public_id=each.public_id) for each in losses)
    )
    assert kinds(outcomes) == {Reversal: 2}
    assert sum(each.from_buffer_t for each in outcomes) == 15
    assert sum(each.owed_t for each in outcomes) == 6
    assert broken() == []


def test_one_loss_is_confirmed_once(who, batch):
    loss = report_loss(who.verifier, batch.project, 5).public_id
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    outcomes = race(
        *(lambda each=each: confirm_reversal(actor=each, public_id=loss) for each in (who.registrar, second))
    )
    assert kinds(outcomes) == {Reversal: 1, WrongState: 1}
    assert Cancellation.objects.count() == 1
    assert broken() == []


def test_no_more_is_made_up_for_than_is_owed_when_two_do_it_at_once(who, batch):
    loss = report_loss(who.cooperative, batch.project, 8, cause="ploughed_up").public_id
    confirm_reversal(actor=who.registrar, public_id=loss)
    outcomes = race(
        *[lambda: replenish(actor=who.cooperative, public_id=loss, batch_id=batch.pk, quantity_t=5)] * 2,
    )
    assert kinds(outcomes) == {Cancellation: 1, NothingOwed: 1}
    assert broken() == []


class Killed(BaseException):
    """What ends a process is no error that anybody catches."""


@pytest.mark.parametrize("at", ["record_decided", "move_credits"])
def test_a_process_that_is_killed_midway_has_moved_nothing(who, batch, at, monkeypatch):
    offered = offer_credits(who.cooperative, who.buyer, batch, 40).public_id

    def killed(*_args, **_options):
        raise Killed

    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(transfers, at, killed)
        accept_transfer(actor=who.buyer, public_id=offered)
    assert CreditTransfer.objects.get().state == "offered"
    assert not Transaction.objects.filter(kind="transfer").exists()
    assert broken() == []
    assert accept_transfer(actor=who.buyer, public_id=offered).state == "accepted"
    assert broken() == []
