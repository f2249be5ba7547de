"""What credits have cost, and what was gained by them: exact cases, and any sequence of moves against a plain model."""

import datetime as dt
from dataclasses import dataclass

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.credits.services import retire_credits
from ledger.credits.transfers.services import accept_transfer
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.journal.selectors import holding_in
from ledger.models import Transaction
from tests.scenes import issue_to_cooperative, market_for, offer_credits, pay_in, sell
from trading.models import PositionDay
from trading.portfolio.positions import NO_POSITION, Position, keep_all, keep_positions, positions

pytestmark = pytest.mark.django_db
MIDNIGHT = dt.timedelta(days=1)
MOST = 2**53 - 1


@dataclass
class Plain:
    """The moving weighted average as one would write it down on paper."""

    tonnes: int = 0
    cost: int = 0
    realised: int = 0
    used: int = 0

    def receive(self, quantity, paid):
        self.tonnes, self.cost = self.tonnes + quantity, self.cost + paid

    def give(self, quantity, got):
        share, rest = divmod(self.cost * quantity, self.tonnes)
        gone = share + (2 * rest >= self.tonnes)
        if quantity == self.tonnes:
            gone = self.cost
        self.tonnes, self.cost = self.tonnes - quantity, self.cost - gone
        if got is None:
            self.used += gone
        else:
            self.realised += got - gone


amounts = st.integers(0, MOST) | st.integers(0, 3)
moves = st.lists(st.tuples(st.integers(1, MOST) | st.integers(1, 3), st.booleans(), st.none() | amounts), max_size=30)


@given(moves)
@settings(max_examples=150, deadline=None)
def test_any_moves_come_to_what_a_plain_model_says(moves):
    plain, taken, paid, got = Plain(), [], 0, 0
    for quantity, gives, money in moves:
        if gives and plain.tonnes:
            quantity = min(quantity, plain.tonnes)
            plain.give(quantity, money)
            got += money or 0
            taken.append((-quantity, money))
        else:
            plain.receive(quantity, money or 0)
            paid += money or 0
            taken.append((quantity, money))
    assert state_after(taken) == (plain.tonnes, plain.cost, plain.realised, plain.used)
    # No fen comes from nowhere, and none is lost: what was paid is in the cost, was used, or has been set against what was got.
    assert paid == plain.cost + plain.used + (got - plain.realised)


def state_after(taken):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT trading_position(moved, value_fen ORDER BY place)
              FROM unnest(%s::bigint[], %s::numeric[]) WITH ORDINALITY AS given (moved, value_fen, place)
            """,
            [[moved for moved, _ in taken], [money for _, money in taken]],
        )
        state = cursor.fetchone()[0]
    return (0, 0, 0, 0) if state is None else tuple(map(int, state))


def test_what_was_sold_before_a_mistake_was_undone_is_bought_back(who):
    assert state_after([(-5, 100), (5, 130), (2, 10)]) == (2, 10, -30, 0)


def position_of(person, batch):
    account = holding_in(person.organisation, batch.asset)
    return positions([account.pk])[account.pk]


def test_purchases_sales_and_their_fees_make_cost_and_profit(who):
    pay_in(who, who.buyer, 100_000_000)
    pay_in(who, who.other_buyer, 100_000_000)
    batch = issue_to_cooperative(who, 1_000)
    market = market_for(who, batch, taker_fee_bps=10)
    # 100 t at 40 yuan and 0.1 % of 4,000 yuan; 50 t at 41 yuan and 0.1 % of 2,050 yuan: the buyer takes.
    sell(who, market, 100, price_fen=4_000)
    sell(who, market, 50, price_fen=4_100)
    assert position_of(who.buyer, batch) == Position(150, 400_000 + 400 + 205_000 + 205, 0, 0)
    assert position_of(who.buyer, batch).average_fen == 4_037  # 605,605 / 150 = 4,037.37
    # Issued credits have cost the cooperative nothing: all that a sale brings is gained.
    assert position_of(who.cooperative, batch) == Position(850, 0, 605_000, 0)
    retire_credits(
        actor=who.buyer, batch_id=batch.pk, quantity_t=50, beneficiary_name="Somebody", purpose="own_footprint"
    )
    # 50/150 of 605,605 is 201,868.33.
    assert position_of(who.buyer, batch) == Position(100, 605_605 - 201_868, 0, 201_868)
    assert position_of(who.buyer, batch).unrealised_fen(4_200) == 420_000 - 403_737
    assert position_of(who.buyer, batch).unrealised_fen(None) is None


def test_a_transfer_costs_what_the_two_have_stated_and_a_gift_nothing(who):
    batch = issue_to_cooperative(who, 1_000)
    bought = offer_credits(who.cooperative, who.buyer, batch, 100, price_fen=3_000)
    accept_transfer(actor=who.buyer, public_id=bought.public_id)
    given = offer_credits(who.cooperative, who.buyer, batch, 100, ground="gift")
    accept_transfer(actor=who.buyer, public_id=given.public_id)
    assert position_of(who.buyer, batch) == Position(200, 300_000, 0, 0)
    assert position_of(who.cooperative, batch) == Position(800, 0, 300_000, 0)
    passed_on = offer_credits(who.buyer, who.other_buyer, batch, 50, ground="gift")
    accept_transfer(actor=who.other_buyer, public_id=passed_on.public_id)
    assert position_of(who.buyer, batch) == Position(150, 225_000, 0, 75_000)
    assert position_of(who.other_buyer, batch) == Position(50, 0, 0, 0)


def test_a_transfer_that_was_undone_has_never_been(who):
    batch = issue_to_cooperative(who, 1_000)
    transfer = offer_credits(who.cooperative, who.buyer, batch, 100, price_fen=3_000)
    accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    tomorrow = timezone.now() + MIDNIGHT
    accounts = [holding_in(each.organisation, batch.asset).pk for each in (who.buyer, who.cooperative)]
    assert keep_positions(accounts, before=tomorrow) == 2
    transfer.refresh_from_db()
    asked = request_correction(actor=who.treasurer, transaction_id=transfer.transaction_id, reason="Wrong recipient.")
    confirm_correction(actor=who.second_treasurer, correction_id=asked.pk)
    # What was kept includes it: the balance says so, and the position is reckoned from the beginning.
    assert position_of(who.buyer, batch) == NO_POSITION
    assert position_of(who.cooperative, batch) == Position(1_000, 0, 0, 0)
    assert Transaction.objects.filter(reverses=transfer.transaction_id).exists()


def test_a_position_goes_on_from_the_last_day_that_was_kept(who, django_assert_num_queries):
    pay_in(who, who.buyer, 100_000_000)
    batch = issue_to_cooperative(who, 1_000)
    market = market_for(who, batch)
    sell(who, market, 10, price_fen=4_001)
    account = holding_in(who.buyer.organisation, batch.asset)
    assert keep_positions([account.pk], before=timezone.now() - MIDNIGHT) == 0
    assert keep_positions([account.pk], before=timezone.now() + MIDNIGHT) == 1
    # A second time, or at the same time as another, nothing is there to add.
    assert keep_positions([account.pk], before=timezone.now() + MIDNIGHT) == 0
    sell(who, market, 20, price_fen=4_000)
    with django_assert_num_queries(1):
        assert position_of_account(account) == Position(30, 120_010, 0, 0)
    assert keep_positions([account.pk], before=timezone.now() + MIDNIGHT) == 1
    (day,) = PositionDay.objects.filter(account=account)
    assert (day.tonnes, day.cost_fen, day.day) == (30, 120_010, timezone.localdate())


def position_of_account(account):
    return positions([account.pk])[account.pk]


def test_days_that_were_kept_wrong_are_kept_anew(who):
    pay_in(who, who.buyer, 100_000_000)
    batch = issue_to_cooperative(who, 1_000)
    sell(who, market_for(who, batch), 10)
    account = holding_in(who.buyer.organisation, batch.asset)
    keep_positions([account.pk], before=timezone.now() + MIDNIGHT)
    PositionDay.objects.filter(account=account).update(tonnes=7, cost_fen=1)
    assert position_of_account(account) == Position(10, 40_000, 0, 0)
    assert (
        keep_all(before=timezone.now() + MIDNIGHT) == 2
    )  # and one of the cooperative's, of whose nothing was kept yet
    assert PositionDay.objects.get(account=account).cost_fen == 40_000
    assert keep_all(before=timezone.now() + MIDNIGHT) == 0


def test_no_account_has_no_position():
    assert positions([]) == {}
