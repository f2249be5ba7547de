"""What the journal refuses: each with its own error, and with nothing changed."""

import contextlib

import pytest
from django.utils import timezone

from ledger.errors import (
    AlreadyReversed,
    AssetMismatch,
    BalanceOverflow,
    EmptyTransaction,
    HoldChanged,
    InsufficientBalance,
    InvalidAmount,
    InvalidSerials,
    SameAccount,
    SerialsNotOwned,
    TooManyTransfers,
    UnknownAccount,
)
from ledger.journal.payments import cash
from ledger.journal.posting import MAX_AMOUNT, HoldChange, Leg, Posting, post_transactions
from ledger.journal.selectors import system_account
from ledger.journal.services import draw_serials, open_account, place_hold, release_holds
from ledger.journal.terms import MAX_LEGS
from ledger.models import Account, Hold, Record, SerialBlock, Transaction, Transfer, UnsequencedRecord
from tests.scenes import issue_to_cooperative, pay_in

NOWHERE = 2**62
CHANGED_BY_POSTING = (Account, Hold, SerialBlock, Transaction, Transfer, Record, UnsequencedRecord)


@pytest.fixture
def accounts(who):
    """Return the accounts of buyer, other buyer and cooperative in CNY, the first with 1,000 fen; in credits, 10 t."""
    pay_in(who, who.buyer, 1_000)
    batch = issue_to_cooperative(who, 10)
    organisations = (who.buyer.organisation, who.other_buyer.organisation, who.cooperative.organisation)
    return [
        open_account(organisation=organisation, asset=asset)
        for asset in (cash(), batch.asset)
        for organisation in organisations
    ]


@contextlib.contextmanager
def refused(error, **params):
    """Expect a refusal with these parameters, and every row of the journal as it was before."""
    before = [list(model.objects.order_by("pk").values()) for model in CHANGED_BY_POSTING]
    with pytest.raises(error) as refusal:
        yield
    assert type(refusal.value) is error
    assert refusal.value.params == params
    assert str(refusal.value)
    assert [list(model.objects.order_by("pk").values()) for model in CHANGED_BY_POSTING] == before


def post(*legs, holds=None, kind="transfer", reverses_id=None):
    entry = Posting(kind, legs, "system", timezone.now(), reverses_id=reverses_id)
    return post_transactions([entry], hold_changes=holds)[0]


@pytest.mark.parametrize("account_id", [NOWHERE, 2**63, 0, -1])
def test_an_account_that_does_not_exist(accounts, account_id):
    with refused(UnknownAccount, account=account_id):
        post(Leg(accounts[0].pk, account_id, 1))
    with refused(UnknownAccount, account=account_id):
        place_hold(account_id=account_id, amount=1, purpose="order")
    with refused(UnknownAccount, account=account_id):
        release_holds({1: HoldChange(account_id, 1, 0)})


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1, 2**63, 1.0, 0.5, True, "1", None])
def test_an_amount_that_is_no_whole_number_from_1_to_the_largest(accounts, amount):
    one, two, *_ = accounts
    with refused(InvalidAmount):
        post(Leg(one.pk, two.pk, 5), Leg(one.pk, two.pk, amount))
    with refused(InvalidAmount):
        place_hold(account_id=one.pk, amount=amount, purpose="order")
    with refused(InvalidAmount):
        draw_serials(amount)


def test_a_balance_larger_than_the_ledger_counts(accounts):
    one = accounts[0]
    bank = system_account(cash(), "bank")
    with refused(BalanceOverflow, account=one.pk):
        post(Leg(bank.pk, one.pk, MAX_AMOUNT - 999))
    post(Leg(bank.pk, one.pk, MAX_AMOUNT - 1_000))
    one.refresh_from_db()
    assert one.balance == MAX_AMOUNT
    with refused(BalanceOverflow, account=bank.pk):
        post(Leg(bank.pk, accounts[1].pk, 1))


def test_two_assets_in_one_transfer(accounts):
    with refused(AssetMismatch):
        post(Leg(accounts[0].pk, accounts[1].pk, 1), Leg(accounts[0].pk, accounts[3].pk, 1))


def test_a_transfer_from_an_account_to_itself(accounts):
    with refused(SameAccount):
        post(Leg(accounts[0].pk, accounts[0].pk, 1))


def test_a_transaction_without_a_transfer(accounts):
    with refused(EmptyTransaction):
        post()


def test_a_transaction_of_more_transfers_than_its_entry_holds(accounts):
    one, two, *_ = accounts
    with refused(TooManyTransfers, most=MAX_LEGS):
        post(*[Leg(one.pk, two.pk, 1)] * (MAX_LEGS + 1))
    assert len(post(*[Leg(one.pk, two.pk, 1)] * MAX_LEGS).transfer_ids) == MAX_LEGS


def test_more_than_there_is_in_the_last_of_several_legs(accounts):
    one, two, three, *_ = accounts
    with refused(InsufficientBalance, available=0, needed=1):
        post(Leg(one.pk, two.pk, 500), Leg(three.pk, two.pk, 1))


def test_a_hold_released_twice(accounts):
    one = accounts[0]
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    release_holds({hold.pk: HoldChange(one.pk, 500, 0)})
    with refused(HoldChanged):
        release_holds({hold.pk: HoldChange(one.pk, 500, 0)})


def test_a_hold_that_is_not_what_the_caller_saw(accounts):
    one, two, *_ = accounts
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    with refused(HoldChanged):
        post(Leg(one.pk, two.pk, 400), holds={hold.pk: HoldChange(one.pk, 400, 0)})


def test_a_hold_of_another_account(accounts):
    one, two, *_ = accounts
    post(Leg(one.pk, two.pk, 500))
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    place_hold(account_id=two.pk, amount=500, purpose="order")
    with refused(HoldChanged):
        release_holds({hold.pk: HoldChange(two.pk, 500, 0)})


def test_a_hold_that_does_not_exist(accounts):
    with refused(HoldChanged):
        release_holds({NOWHERE: HoldChange(accounts[0].pk, 1, 0)})


@pytest.mark.parametrize("after", [-1, 0.5, None])
def test_a_hold_of_which_no_whole_number_would_remain(accounts, after):
    one = accounts[0]
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    with refused(InvalidAmount):
        release_holds({hold.pk: HoldChange(one.pk, 500, after)})


def test_a_hold_that_would_grow_beyond_the_balance(accounts):
    one = accounts[0]
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    with refused(InsufficientBalance, available=-1, needed=0):
        release_holds({hold.pk: HoldChange(one.pk, 500, 1_001)})


def test_credits_that_are_passed_on_by_the_call_in_which_they_come(accounts):
    _, _, _, buyer, other, owner = accounts
    now = timezone.now()
    passing_on = [
        Posting("transfer", [Leg(owner.pk, buyer.pk, 5)], "system", now),
        Posting("transfer", [Leg(buyer.pk, other.pk, 5)], "system", now),
    ]
    with refused(SerialsNotOwned, account=buyer.pk):
        post_transactions(passing_on)


@pytest.mark.parametrize(
    "runs",
    [(), ((1, 3),), ((1, 5),), ((2, 1), (1, 4)), ((0, 3),), ((1, 2), (2, 3)), ((1, 2), (1, 2)), ((2**63 - 3, 2**63),)],
)
def test_serial_numbers_that_are_not_as_many_as_the_tonnes_each_once(accounts, runs):
    *_, buyer, _, owner = accounts
    with refused(InvalidSerials):
        post(Leg(owner.pk, buyer.pk, 4, runs))
    issuance = system_account(owner.asset, "issuance")
    with refused(InvalidSerials):
        post(Leg(issuance.pk, owner.pk, 4, runs), kind="issuance")


def test_a_serial_number_that_two_legs_name(accounts):
    *_, buyer, other, owner = accounts
    with refused(InvalidSerials):
        post(Leg(owner.pk, buyer.pk, 2, ((1, 2),)), Leg(owner.pk, other.pk, 2, ((2, 3),)))


def test_serial_numbers_of_money(accounts):
    with refused(InvalidSerials):
        post(Leg(accounts[0].pk, accounts[1].pk, 1, ((1, 1),)))


def test_serial_numbers_that_another_owns(accounts):
    *_, buyer, other, owner = accounts
    post(Leg(owner.pk, buyer.pk, 4))
    with refused(SerialsNotOwned, account=owner.pk):
        post(Leg(owner.pk, other.pk, 2, ((4, 5),)))
    with refused(SerialsNotOwned, account=buyer.pk):
        post(Leg(owner.pk, other.pk, 1, ((5, 5),)), Leg(buyer.pk, other.pk, 1, ((6, 6),)))


def test_a_second_reversal(accounts):
    one, two, *_ = accounts
    wrong = post(Leg(one.pk, two.pk, 5))
    post(Leg(two.pk, one.pk, 5), kind="reversal", reverses_id=wrong.transaction_id)
    post(Leg(one.pk, two.pk, 5))
    with refused(AlreadyReversed):
        post(Leg(two.pk, one.pk, 5), kind="reversal", reverses_id=wrong.transaction_id)
