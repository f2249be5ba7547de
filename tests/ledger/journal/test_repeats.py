"""The same key with the same content is answered with what was posted first; with other content it is refused."""

import pytest
import time_machine
from django.utils import timezone

from ledger.errors import IdempotencyConflict, InsufficientBalance, InvalidValue
from ledger.journal import posting as journal_posting
from ledger.journal.payments import cash
from ledger.journal.posting import HoldChange, Leg, Posting, post_transactions
from ledger.journal.services import open_account, place_hold
from ledger.models import Account, Record, Transaction, Transfer
from tests.racing import Meeting, race, unlocked
from tests.scenes import issue_to_cooperative, pay_in


@pytest.fixture
def accounts(who):
    """Return three cash accounts, the first with 1,000 fen."""
    pay_in(who, who.buyer, 1_000)
    organisations = (who.buyer.organisation, who.other_buyer.organisation, who.cooperative.organisation)
    return [open_account(organisation=organisation, asset=cash()) for organisation in organisations]


def posting(*legs, key="k", kind="transfer", **more):
    return Posting(kind, legs, "system", timezone.now(), idempotency_key=key, **more)


def post(*legs, holds=None, **more):
    return post_transactions([posting(*legs, **more)], hold_changes=holds)[0]


def balances(accounts):
    found = Account.objects.in_bulk([account.pk for account in accounts])
    return [found[account.pk].balance for account in accounts]


def counts():
    return Transaction.objects.count(), Transfer.objects.count(), Record.objects.count()


def test_a_repeat_gets_the_first_answer_and_moves_nothing(accounts):
    one, two, three = accounts
    first = post(Leg(one.pk, two.pk, 1_000), Leg(two.pk, three.pk, 300))
    before = counts()
    # There would not be enough for a second one, and it comes at another time from somebody else.
    with time_machine.travel(timezone.now() + timezone.timedelta(days=1)):
        legs = [Leg(one.pk, two.pk, 1_000), Leg(two.pk, three.pk, 300)]
        again = post_transactions([Posting("transfer", legs, "user:x", timezone.now(), idempotency_key="k")])
    assert again == [first]
    assert (balances(accounts), counts()) == ([0, 700, 300], before)


def test_a_repeat_of_credits_is_answered_with_their_serial_numbers(who):
    batch = issue_to_cooperative(who, 10)
    owner = Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset)
    buyer = open_account(organisation=who.buyer.organisation, asset=batch.asset)
    first = post(Leg(owner.pk, buyer.pk, 4))
    named = Leg(owner.pk, buyer.pk, 4, first.serials[0])
    assert post(Leg(owner.pk, buyer.pk, 4)) == post(named) == first
    with pytest.raises(IdempotencyConflict):
        post(Leg(owner.pk, buyer.pk, 4, ((batch.serials.lower + 4, batch.serials.lower + 7),)))
    assert balances([owner, buyer]) == [6, 4]


@pytest.mark.parametrize("change", ["amount", "giver", "receiver", "more", "less", "kind", "reverses", "trade"])
def test_a_key_with_other_content_is_refused(accounts, change):
    one, two, three = accounts
    legs = [Leg(one.pk, two.pk, 10), Leg(one.pk, three.pk, 20)]
    first = post(*legs)
    before = balances(accounts), counts()
    other = {
        "amount": lambda: post(Leg(one.pk, two.pk, 11), legs[1]),
        "giver": lambda: post(Leg(three.pk, two.pk, 10), legs[1]),
        "receiver": lambda: post(Leg(one.pk, three.pk, 10), legs[1]),
        "more": lambda: post(*legs, legs[0]),
        "less": lambda: post(legs[0]),
        "kind": lambda: post(*legs, kind="deposit"),
        "reverses": lambda: post(*legs, reverses_id=first.transaction_id),
        "trade": lambda: post(*legs, trade={"trade": "1"}),
    }
    with pytest.raises(IdempotencyConflict) as refusal:
        other[change]()
    assert (refusal.value.status, refusal.value.params) == (409, {"key": "k"})
    assert (balances(accounts), counts()) == before


def test_the_entry_says_the_key(accounts):
    one, two, _ = accounts
    with_key, without = post(Leg(one.pk, two.pk, 1)), post(Leg(one.pk, two.pk, 1), key=None)
    bodies = [bytes(Record.objects.get(pk=row.record_id).entry) for row in (with_key, without)]
    assert b'"idempotency_key":"k"' in bodies[0]
    assert b"idempotency_key" not in bodies[1]


def test_a_repeat_changes_its_holds_once(accounts):
    one, two, _ = accounts
    hold = place_hold(account_id=one.pk, amount=500, purpose="order")
    changes = {hold.pk: HoldChange(one.pk, 500, 100)}
    first = post(Leg(one.pk, two.pk, 400), holds=changes)
    assert post(Leg(one.pk, two.pk, 400), holds=changes) == first
    one.refresh_from_db()
    hold.refresh_from_db()
    assert (one.balance, one.held, hold.remaining) == (600, 100, 100)


def test_among_many_only_those_are_posted_that_are_new(accounts):
    one, two, _ = accounts
    leg = Leg(one.pk, two.pk, 10)
    first = post(leg, key="b")
    call = [posting(leg, key="a"), posting(leg, key="b"), posting(leg, key=None), posting(leg, key="a")]
    posted = post_transactions(call)
    assert posted[1] == first
    assert posted[3] == posted[0]
    assert len({row.transaction_id for row in posted}) == 3
    assert balances(accounts) == [970, 30, 0]


def test_one_call_gives_a_key_to_one_content(accounts):
    one, two, _ = accounts
    with pytest.raises(IdempotencyConflict):
        post_transactions([posting(Leg(one.pk, two.pk, 10)), posting(Leg(one.pk, two.pk, 11))])
    assert balances(accounts) == [1_000, 0, 0]


def test_a_key_that_was_refused_is_free(accounts):
    one, two, _ = accounts
    with pytest.raises(InsufficientBalance):
        post(Leg(one.pk, two.pk, 1_001))
    post(Leg(one.pk, two.pk, 1_000))
    assert balances(accounts) == [0, 1_000, 0]


@pytest.mark.parametrize("key", ["", "k" * 121, "\x00", "\ud800"])
def test_a_key_is_a_text_that_can_be_stored(accounts, key):
    with pytest.raises(InvalidValue) as refusal:
        post(Leg(accounts[0].pk, accounts[1].pk, 1), key=key)
    assert refusal.value.field == "idempotency_key"


def test_without_keys_nothing_is_asked_about_them(accounts, django_assert_num_queries):
    one, two, _ = accounts
    call = [posting(Leg(one.pk, two.pk, 1), key=None) for _ in range(50)]
    with django_assert_num_queries(10):
        post_transactions(call)
    keyed = [posting(Leg(one.pk, two.pk, 1), key=str(at)) for at in range(50)]
    with django_assert_num_queries(11):
        post_transactions(keyed)
    with django_assert_num_queries(6):
        post_transactions(keyed)


# Two sessions


@pytest.mark.django_db(transaction=True)
def test_of_two_sessions_with_one_key_the_second_gets_the_first_answer(accounts):
    one, two, _ = accounts
    outcomes = race(*[lambda: post(Leg(one.pk, two.pk, 600))] * 4)
    assert len(set(outcomes)) == 1
    assert outcomes[0].transaction_id == Transaction.objects.latest("id").pk
    assert balances(accounts) == [400, 600, 0]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_on_the_accounts_only_the_constraint_refuses_the_second(accounts):
    one, two, _ = accounts
    meeting = Meeting()
    outcomes = race(*[unlocked(lambda: post(Leg(one.pk, two.pk, 600)), meeting)] * 2)
    assert meeting.met
    assert sum(isinstance(outcome, IdempotencyConflict) for outcome in outcomes) == 1
    assert balances(accounts) == [400, 600, 0]


@pytest.mark.django_db(transaction=True)
def test_of_two_sessions_with_one_key_for_different_accounts_one_is_refused(who, accounts, monkeypatch):
    """They have no account in common: neither sees the other's key before it writes its own."""
    pay_in(who, who.other_buyer, 500)
    one, two, three = accounts
    fees = open_account(organisation=None, asset=cash(), purpose="fees")
    meeting, part = Meeting(), journal_posting.part_repeats

    def late(postings):
        found = part(postings)
        meeting.wait()
        return found

    monkeypatch.setattr(journal_posting, "part_repeats", late)
    outcomes = race(lambda: post(Leg(one.pk, three.pk, 100)), lambda: post(Leg(two.pk, fees.pk, 100)))
    assert meeting.met
    assert sum(isinstance(outcome, IdempotencyConflict) for outcome in outcomes) == 1
    assert sum(balances([three, fees])) == 100
