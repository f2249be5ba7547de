"""Transactions: what they move, what they refuse, and what they leave in the books."""

import orjson
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import InsufficientBalance, InvalidValue
from ledger.journal.payments import cash
from ledger.journal.posting import MAX_AMOUNT, HoldChange, Leg, Posting, post_transactions
from ledger.journal.selectors import serial_blocks, statement, system_account
from ledger.journal.services import draw_serials, open_account, open_asset, place_hold, release_holds
from ledger.models import Account, Asset, Record, Transaction, Transfer
from tests.factories import OrganisationFactory
from tests.scenes import issue_to_cooperative, pay_in


@pytest.fixture
def accounts(who):
    """Return three cash accounts: the first has 1,000 fen, the others nothing."""
    pay_in(who, who.buyer, 1_000)
    organisations = (who.buyer.organisation, who.other_buyer.organisation, who.cooperative.organisation)
    return [open_account(organisation=organisation, asset=cash()) for organisation in organisations]


def post(*legs, key=None, holds=None, reverses_id=None, kind="transfer"):
    entry = Posting(kind, legs, "system", timezone.now(), idempotency_key=key, reverses_id=reverses_id)
    return post_transactions([entry], hold_changes=holds)[0]


def balances(*accounts):
    found = dict(Account.objects.filter(pk__in=[account.pk for account in accounts]).values_list("pk", "balance"))
    return [found[account.pk] for account in accounts]


def body_of(posted):
    return orjson.loads(Record.objects.get(pk=posted.record_id).entry)["body"]


def test_a_transfer_takes_from_one_and_gives_to_the_other(accounts):
    one, two, _ = accounts
    posted = post(Leg(one.pk, two.pk, 300))
    assert balances(one, two) == [700, 300]
    transfer = Transfer.objects.get(transaction_id=posted.transaction_id)
    assert (transfer.debit_account, transfer.credit_account, transfer.amount, transfer.serials) == (one, two, 300, None)
    assert body_of(posted)["transfers"] == [
        {"transfer": str(transfer.pk), "debit": str(one.pk), "credit": str(two.pk), "amount": 300}
    ]


def test_many_are_posted_at_once_in_the_order_given(accounts):
    one, two, three = accounts
    now = timezone.now()
    posted = post_transactions(
        [
            Posting("transfer", [Leg(one.pk, two.pk, 600), Leg(one.pk, three.pk, 400)], "system", now),
            Posting("transfer", [Leg(two.pk, three.pk, 600)], "system", now),
            Posting("transfer", [Leg(three.pk, one.pk, 1)], "system", now),
        ]
    )
    assert balances(one, two, three) == [1, 0, 999]
    ids = [row.transaction_id for row in posted]
    assert ids == sorted(ids)
    assert list(Transaction.objects.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)) == ids
    assert [len(row.transfer_ids) for row in posted] == [2, 1, 1]


@pytest.mark.parametrize("amount", [1_001, 10_000, MAX_AMOUNT])
def test_more_than_there_is_is_refused_and_nothing_changes(accounts, amount):
    one, two, _ = accounts
    before = Transaction.objects.count(), Record.objects.count()
    with pytest.raises(InsufficientBalance) as refusal:
        post(Leg(one.pk, two.pk, amount))
    assert refusal.value.params == {"available": 1_000, "needed": amount}
    assert balances(one, two) == [1_000, 0]
    assert (Transaction.objects.count(), Record.objects.count()) == before


def test_one_transfer_too_many_takes_all_others_back(accounts):
    one, two, three = accounts
    with pytest.raises(InsufficientBalance):
        post(Leg(one.pk, two.pk, 500), Leg(three.pk, two.pk, 1))
    assert balances(one, two, three) == [1_000, 0, 0]


def test_a_correction_names_what_it_reverses_once(accounts):
    one, two, _ = accounts
    wrong = post(Leg(one.pk, two.pk, 500))
    right = post(Leg(two.pk, one.pk, 500), kind="reversal", reverses_id=wrong.transaction_id)
    assert balances(one, two) == [1_000, 0]
    assert Transaction.objects.get(pk=wrong.transaction_id).reversed_by.pk == right.transaction_id
    assert body_of(right)["reverses"] == str(wrong.transaction_id)


# Holds


def test_what_is_held_cannot_be_given(accounts):
    one, two, _ = accounts
    place_hold(account_id=one.pk, amount=900, purpose="order")
    with pytest.raises(InsufficientBalance) as refusal:
        post(Leg(one.pk, two.pk, 101))
    assert refusal.value.params == {"available": 100, "needed": 101}
    post(Leg(one.pk, two.pk, 100))


def test_no_more_is_held_than_is_available(accounts):
    one = accounts[0]
    place_hold(account_id=one.pk, amount=600, purpose="order")
    with pytest.raises(InsufficientBalance) as refusal:
        place_hold(account_id=one.pk, amount=401, purpose="order")
    assert refusal.value.params == {"available": 400, "needed": 401}
    one.refresh_from_db()
    assert one.held == 600


def test_a_transfer_settles_what_was_held_for_it(accounts):
    one, two, _ = accounts
    hold = place_hold(account_id=one.pk, amount=1_000, purpose="order")
    post(Leg(one.pk, two.pk, 700), holds={hold.pk: HoldChange(one.pk, 1_000, 250)})
    one.refresh_from_db()
    hold.refresh_from_db()
    assert (one.balance, one.held, one.available, hold.remaining) == (300, 250, 50, 250)


def test_releasing_a_hold_gives_back_what_it_kept(accounts):
    one = accounts[0]
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    release_holds({hold.pk: HoldChange(one.pk, 500, 200)})
    one.refresh_from_db()
    hold.refresh_from_db()
    assert (one.balance, one.held, hold.remaining) == (1_000, 200, 200)


# Serial numbers


def runs_of(account):
    return [(block.serials.lower, block.serials.upper - 1) for block in serial_blocks(account)]


@pytest.fixture
def tonnes(who):
    """Return a batch's accounts: the cooperative's with ten tonnes, two others with none; and its first number."""
    batch = issue_to_cooperative(who, 10)
    others = [open_account(organisation=each.organisation, asset=batch.asset) for each in (who.buyer, who.other_buyer)]
    return (
        Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset),
        *others,
        batch.serials.lower,
    )


def test_serial_numbers_go_with_the_tonnes_lowest_first(tonnes):
    owner, buyer, _, first = tonnes
    posted = post(Leg(owner.pk, buyer.pk, 4))
    assert posted.serials == (((first, first + 3),),)
    assert runs_of(buyer) == [(first, first + 3)]
    assert runs_of(owner) == [(first + 4, first + 9)]
    assert body_of(posted)["transfers"][0]["serials"] == [[str(first), str(first + 3)]]
    (stored,) = Transfer.objects.get(transaction_id=posted.transaction_id).serials
    assert (stored.lower, stored.upper) == (first, first + 4)


def test_what_came_first_goes_first(tonnes):
    """First in, first out: also where later tonnes have lower numbers."""
    owner, buyer, other, first = tonnes
    post(Leg(owner.pk, buyer.pk, 4))
    post(Leg(owner.pk, other.pk, 4))
    post(Leg(buyer.pk, other.pk, 2))
    assert runs_of(other) == [(first, first + 1), (first + 4, first + 7)]
    posted = post(Leg(other.pk, owner.pk, 5))
    assert posted.serials == (((first, first), (first + 4, first + 7)),)
    assert runs_of(other) == [(first + 1, first + 1)]


def test_each_receiver_of_a_call_gets_one_stretch(tonnes):
    owner, buyer, other, first = tonnes
    now = timezone.now()
    turns = [buyer, other, buyer, other, buyer]
    post_transactions([Posting("transfer", [Leg(owner.pk, to.pk, 1)], "system", now) for to in turns])
    assert runs_of(buyer) == [(first, first + 2)]
    assert runs_of(other) == [(first + 3, first + 4)]


def test_neighbouring_blocks_are_named_as_one_run(tonnes):
    owner, buyer, other, first = tonnes
    for _ in range(5):
        post(Leg(owner.pk, buyer.pk, 1))
    assert len(runs_of(buyer)) == 5
    assert post(Leg(buyer.pk, other.pk, 5)).serials == (((first, first + 4),),)
    assert runs_of(other) == [(first, first + 4)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 6)), min_size=1, max_size=12))
def test_blocks_stay_disjoint_and_as_long_as_the_balances_whatever_is_moved(tonnes, moves):
    *accounts, first = tonnes
    for giver, receiver, quantity in moves:
        try:
            post(Leg(accounts[giver].pk, accounts[receiver].pk, quantity))
        except (InsufficientBalance, InvalidValue):
            continue
    numbers = [number for account in accounts for low, high in runs_of(account) for number in range(low, high + 1)]
    assert sorted(numbers) == list(range(first, first + 10))
    assert balances(*accounts) == [sum(high - low + 1 for low, high in runs_of(account)) for account in accounts]


# Accounts, statement


def test_an_account_is_opened_once_and_recorded(who):
    one = open_account(organisation=who.buyer.organisation, asset=cash())
    assert open_account(organisation=who.buyer.organisation, asset=cash()) == one
    assert Record.objects.filter(kind="account_opened").count() == 1
    bank = open_account(organisation=None, asset=cash(), purpose=Account.Purpose.BANK)
    assert system_account(cash(), Account.Purpose.BANK) == bank
    assert open_asset(code="CNY", kind=Asset.Kind.CASH) == cash()


def test_a_statement_has_what_came_and_went_newest_first_in_one_query(accounts, django_assert_num_queries):
    one, two, three = accounts
    post(Leg(one.pk, two.pk, 300))
    post(Leg(two.pk, three.pk, 100))
    post(Leg(two.pk, one.pk, 50))
    with django_assert_num_queries(1):
        lines = [
            (row.transaction.kind, row.debit_account.organisation, row.credit_account.organisation, row.amount)
            for row in statement(two)
        ]
    assert [(kind, amount) for kind, _, _, amount in lines] == [("transfer", 50), ("transfer", 100), ("transfer", 300)]
    assert lines[0][1:3] == (two.organisation, one.organisation)


def test_a_large_call_takes_no_more_queries_than_a_small_one(accounts, django_assert_max_num_queries):
    one, two, _ = accounts
    now = timezone.now()
    with django_assert_max_num_queries(20):
        post_transactions([Posting("transfer", [Leg(one.pk, two.pk, 1)], "system", now) for _ in range(200)])


@pytest.mark.django_db
def test_drawn_serial_numbers_follow_one_another():
    first, last = draw_serials(5)
    assert last == first + 4
    assert draw_serials(1) == (last + 1, last + 1)


@pytest.mark.django_db
def test_an_organisation_has_one_account_an_asset_and_purpose():
    organisation = OrganisationFactory()
    assert open_account(organisation=organisation, asset=cash()).pk
    assert Account.objects.filter(organisation=organisation).count() == 1
