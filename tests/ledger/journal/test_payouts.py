"""Money that households get by the bank: ordered by the cooperative's owner, confirmed by a treasurer."""

import pytest

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.errors import InvalidValue, NotAllowed, NotFound, NothingToPayOut, WrongState
from ledger.journal import payouts
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.journal.payouts import confirm_payout, refuse_payout, request_payout
from ledger.models import Account, Hold, Membership, Payout
from tests.factories import MembershipFactory, ProjectFactory
from tests.racing import race
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell
from trading.execution.reconciliation import reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(who):
    return ProjectFactory(proponent=who.cooperative.organisation)


@pytest.fixture
def market(who, project):
    pay_in(who, who.buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 10_000, project=project))


@pytest.fixture
def households(who, project, market):
    households = households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, 10)
    share_waiting_proceeds()
    return households


def broken():
    return [result for result in reconcile() if not result.holds]


def shares():
    return list(Account.objects.filter(purpose="share").order_by("id").values_list("balance", "held"))


def test_what_households_have_is_held_then_paid(who, households):
    (payout,) = request_payout(actor=who.cooperative)
    assert (payout.amount_fen, payout.lines.count()) == (36_000, 2)
    assert shares() == [(12_000, 12_000), (24_000, 24_000)]
    assert broken() == []
    with pytest.raises(NothingToPayOut):
        request_payout(actor=who.cooperative)
    payout = confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="B-1")
    assert (payout.status, payout.transaction.kind) == ("posted", "payout")
    assert shares() == [(0, 0), (0, 0)]
    assert broken() == []
    with pytest.raises(WrongState):
        confirm_payout(actor=who.second_treasurer, payout_id=payout.pk, bank_reference="B-2")


def test_what_is_refused_can_be_ordered_again(who, households):
    (payout,) = request_payout(actor=who.cooperative)
    refuse_payout(actor=who.treasurer, payout_id=payout.pk)
    assert shares() == [(12_000, 0), (24_000, 0)]
    assert broken() == []
    (again,) = request_payout(actor=who.cooperative)
    assert again.amount_fen == 36_000
    assert broken() == []


def test_what_is_shared_meanwhile_waits_for_the_next_payout(who, households, market):
    (payout,) = request_payout(actor=who.cooperative)
    sell(who, market, 10)
    share_waiting_proceeds()
    assert shares() == [(24_000, 12_000), (48_000, 24_000)]
    confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="B-1")
    assert shares() == [(12_000, 0), (24_000, 0)]
    assert broken() == []


def test_many_households_are_paid_by_several_lists(who, households, monkeypatch):
    monkeypatch.setattr(payouts, "MAX_LEGS", 1)
    assert [payout.amount_fen for payout in request_payout(actor=who.cooperative)] == [12_000, 24_000]
    assert broken() == []


def test_a_bank_reference_is_needed_and_used_once(who, households, market):
    (payout,) = request_payout(actor=who.cooperative)
    with pytest.raises(InvalidValue):
        confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference=" ")
    confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="B-1")
    sell(who, market, 10)
    share_waiting_proceeds()
    (second,) = request_payout(actor=who.cooperative)
    with pytest.raises(InvalidValue):
        confirm_payout(actor=who.treasurer, payout_id=second.pk, bank_reference="B-1")
    second.refresh_from_db()
    assert second.status == "requested"
    assert broken() == []


def test_a_payout_that_came_back_is_reversed(who, households):
    (payout,) = request_payout(actor=who.cooperative)
    payout = confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="B-1")
    correction = request_correction(actor=who.treasurer, transaction_id=payout.transaction_id, reason="It came back.")
    confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    payout.refresh_from_db()
    assert payout.status == "reversed"
    assert shares() == [(12_000, 0), (24_000, 0)]
    assert broken() == []
    (again,) = request_payout(actor=who.cooperative)
    confirm_payout(actor=who.treasurer, payout_id=again.pk, bank_reference="B-1")
    assert broken() == []


def test_who_may_order_and_who_may_decide(who, households):
    cooperative = who.cooperative.organisation
    others = [
        MembershipFactory(organisation=cooperative, role=role)
        for role in (Membership.Role.TRADER, Membership.Role.VIEWER)
    ]
    for actor in (*others, who.buyer, who.verifier, who.registrar, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            request_payout(actor=actor)
    (payout,) = request_payout(actor=who.cooperative)
    for actor in (who.cooperative, *others, who.buyer, who.verifier, who.registrar, who.auditor):
        with pytest.raises(NotAllowed):
            confirm_payout(actor=actor, payout_id=payout.pk, bank_reference="B")
        with pytest.raises(NotAllowed):
            refuse_payout(actor=actor, payout_id=payout.pk)
    with pytest.raises(NotFound):
        refuse_payout(actor=who.treasurer, payout_id=0)


@pytest.mark.django_db(transaction=True)
def test_two_who_order_or_decide_at_once(who, households):
    outcomes = race(lambda: request_payout(actor=who.cooperative), lambda: request_payout(actor=who.cooperative))
    assert sorted(type(outcome) for outcome in outcomes if isinstance(outcome, Exception)) == [NothingToPayOut]
    payout = Payout.objects.get()
    outcomes = race(
        lambda: confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference="B-1"),
        lambda: refuse_payout(actor=who.second_treasurer, payout_id=payout.pk),
        share_waiting_proceeds,
    )
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [WrongState]
    assert not Hold.objects.filter(remaining__gt=0, purpose="payout").exists()
    assert broken() == []
