"""What is read in one statement, and what is done by it in another: a rival comes between the two, and no harm is done."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection

from ledger.errors import InvalidValue, NotAllowed
from ledger.incidents.services import ask_for_lift
from ledger.journal.selectors import cash_account
from ledger.models import ApiToken, Membership
from ledger.parties.security.emails import confirm_address, remove_address, word_for
from ledger.parties.security.factors import add_passkey
from ledger.parties.security.locking import lock_account, unlock_account
from ledger.parties.security.passwords import change_password, reset_link, reset_password
from ledger.parties.security.resets import confirm_factor_reset, request_factor_reset
from ledger.parties.services import issue_token
from tests.factories import MembershipFactory
from tests.factors import with_app
from tests.racing import race
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import ReplacePending
from trading.execution.books import forget
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.incidents.services import confirm_lift, freeze
from trading.models import Instruction, Market, Order
from trading.orders.phases import halt_market, resume_market, step_markets
from trading.orders.replaces import replace_order
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW, OTHER = "a long enough password", "another long enough password", "a third password that is long"
SECONDS = 30.0


@contextmanager
def coming_after(statement: str, rival: Callable[[], Any]) -> Iterator[None]:
    """Have somebody else act, to the end, right after the first statement of ours that this pattern is found in."""
    done: list[bool] = []

    def act() -> None:
        try:
            rival()
            done.append(True)
        finally:
            connection.close()

    def execute(carry_out: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = carry_out(sql, params, many, context)
        if thread.ident is None and re.search(statement, sql, re.DOTALL):
            thread.start()
            thread.join(SECONDS)
        return result

    thread = threading.Thread(target=act, daemon=True)
    with connection.execute_wrapper(execute):
        yield
    assert done == [True], "the rival did not come, or not to an end"


# Markets


@pytest.fixture
def market(who):
    """Return a market with 1,000 t at the cooperative's, and 100,000 fen at the buyer's; its books hold at the end."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 100_000)
    yield market
    forget(market.pk)
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def test_new_terms_that_the_market_takes_just_now_are_not_those_that_the_next_ones_are_counted_from(who, market):
    """The next ones would hold too little, and the market would stand still over an order that its account cannot pay."""
    order = place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("a", "buy", 4_000, 25))
    execute_market(market.pk)
    replace_order(actor=who.buyer, order_id=order.pk, quantity_t=1)
    with (
        coming_after(r'FROM "trading_order"', lambda: execute_market(market.pk)),
        pytest.raises(ReplacePending),
    ):
        replace_order(actor=who.buyer, order_id=order.pk, quantity_t=20)
    # Whatever it has freed may be held for something else.
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 24))
    assert execute_market(market.pk) == 1
    assert cash_account(who.buyer.organisation).held == 100_000
    assert not Instruction.objects.exists()
    order.refresh_from_db()
    assert (order.quantity_t, order.status) == (1, Order.Status.NEW)


def test_an_auction_that_the_market_ends_just_now_is_not_ended_twice(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="A pause.")
    resume_market(actor=who.registrar, market_id=market.pk, auction_minutes=1)
    execute_market(market.pk)
    Market.objects.update(auction_ends_at="2020-01-01T00:00:00+08:00")
    assert step_markets() == 1
    with coming_after(r'FROM "trading_(instruction|market)" .*LIMIT', lambda: execute_market(market.pk)):
        assert step_markets() == 0
    assert not Instruction.objects.exists()


def test_a_halt_at_the_moment_of_a_lift_stands(who, market):
    incident = freeze(actor=who.treasurer, scope="trading", reason="Odd orders.")
    ask_for_lift(actor=who.treasurer, incident_id=incident.pk, reason="Understood.")
    race(
        lambda: confirm_lift(actor=who.registrar, incident_id=incident.pk),
        lambda: halt_market(actor=who.registrar, market_id=market.pk, reason="Wait."),
    )
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.halt_reason) == (Market.State.HALTED, "Wait.")


# People


@pytest.fixture
def person(who):
    """Return a buyer's owner who knows a password, beside another owner."""
    MembershipFactory(organisation=who.buyer.organisation, role="owner")
    user = who.buyer.user
    user.set_password(OLD)
    user.save()
    return user


@pytest.fixture
def second(who):
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.OWNER)


def test_who_was_let_in_before_the_account_was_locked_makes_no_token_that_outlives_it(who, second, person):
    lock = lock_account(actor=who.registrar, user_id=person.pk, reason="A call from the bank.")
    assert person.is_active
    with pytest.raises(NotAllowed):
        issue_token(user=person, name="robot")
    unlock_account(actor=second, lock_id=lock.pk)
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    person.refresh_from_db()
    assert issue_token(user=person, name="robot")


def test_who_was_let_in_by_the_old_password_makes_no_token_that_outlives_it(person):
    reset_password(link=reset_link(person), new=NEW)
    with pytest.raises(NotAllowed):
        issue_token(user=person, name="robot")
    assert not ApiToken.objects.exists()


def test_a_password_that_is_set_by_mail_just_now_is_not_changed_by_whoever_knows_the_old_one(person):
    rival = type(person).objects.get(pk=person.pk)
    with (
        coming_after(r'FROM "ledger_user"', lambda: reset_password(link=reset_link(rival), new=NEW)),
        pytest.raises(InvalidValue) as refused,
    ):
        change_password(user=person, old=OLD, new=OTHER, session_key=None)
    assert refused.value.field == "old"
    rival.refresh_from_db()
    assert rival.check_password(NEW)


def test_no_factor_is_added_while_all_are_reset(who, second, person):
    with_app(person)
    reset = request_factor_reset(actor=who.registrar, user_id=person.pk, reason="Called back.")
    race(
        lambda: confirm_factor_reset(actor=second, reset_id=reset.pk),
        lambda: add_passkey(user=person, name="mine", credential={}),
        lambda: request_factor_reset(actor=who.registrar, user_id=person.pk, reason="Once more."),
    )
    reset.refresh_from_db()
    left = list(Authenticator.objects.filter(user=person).order_by("pk").values_list("type", "created_at"))
    # Added before the reset, it has gone with the others; after it, it is the first of new ones.
    assert reset.status == "confirmed"
    assert all(added_at >= reset.decided_at for _type, added_at in left)


def test_an_address_that_is_removed_just_now_does_not_come_back(person):
    address = EmailAddress.objects.create(user=person, email="somebody@example.cn")
    rival = type(person).objects.get(pk=person.pk)
    with (
        coming_after(r'FROM "account_emailaddress"', lambda: remove_address(user=rival)),
        pytest.raises(InvalidValue),
    ):
        confirm_address(word=word_for(address))
    assert not EmailAddress.objects.exists()
    person.refresh_from_db()
    assert person.email == ""
