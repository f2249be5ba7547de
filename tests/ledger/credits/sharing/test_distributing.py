"""What sales bring is shared: each once, to the fen, by the plan that held, with those who take part."""

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger.credits.sharing import distributing
from ledger.credits.sharing.distributing import share_proceeds, share_waiting_proceeds
from ledger.errors import NotReversible
from ledger.journal.corrections import request_correction
from ledger.journal.payments import request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import Account, DistributedSale, Distribution, Record, Share, SharingProgress, Transaction
from ledger.parties.households import leave_household
from tests.database import as_owner
from tests.factories import HouseholdFactory, ParcelFactory, ProjectFactory
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
    return market_for(who, issue_to_cooperative(who, 10_000, project=project), taker_fee_bps=35, maker_fee_bps=10)


def broken():
    return [result for result in reconcile() if not result.holds]


def balances(households):
    rows = dict(Account.objects.filter(purpose="share").values_list("household_id", "balance"))
    return [rows.get(household.pk, 0) for household in households]


def test_a_sale_is_shared_by_area_to_the_fen(who, project, market):
    households = households_of(who, project, ["1", "2", "4"])
    plan_of(who)
    sell(who, market, 7)
    assert share_waiting_proceeds() == 1
    # 7 t at 40 yuan less the maker's fee of 10 basis points; a tenth of it, rounded down, stays.
    net = 28_000 - 28
    shared = net - net // 10
    assert balances(households) == [3_596, 7_193, 14_386]
    assert sum(balances(households)) == shared == 25_175
    assert cash_account(who.cooperative.organisation).balance == net // 10
    distribution = Distribution.objects.get()
    assert (distribution.net_fen, distribution.retained_fen, distribution.shared_fen) == (net, net // 10, shared)
    assert Record.objects.get(pk=distribution.record_id).kind == "proceeds_shared"
    assert broken() == []


def test_a_sale_is_shared_once_however_often_one_looks(who, project, market):
    households = households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, 3, 4)
    assert share_waiting_proceeds() == 2
    before = balances(households)
    assert share_waiting_proceeds() == 0
    assert share_proceeds(who.cooperative.organisation_id) == 0
    assert balances(households) == before
    # Even from the beginning on: the database has each sale once.
    SharingProgress.objects.update(looked_to=0)
    assert share_waiting_proceeds() == 0
    sale = DistributedSale.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        DistributedSale.objects.bulk_create([DistributedSale(sale.pk, sale.distribution_id, 1)])
    assert broken() == []


def test_what_was_sold_before_there_was_a_plan_is_the_cooperatives_own(who, project, market):
    households = households_of(who, project, ["1"])
    sell(who, market, 3)
    plan_of(who)
    assert share_waiting_proceeds() == 0
    sell(who, market, 5)
    assert share_waiting_proceeds() == 1
    assert balances(households) == [20_000 - 20 - 1_998]
    assert broken() == []


def test_each_sale_follows_the_plan_that_held_when_it_was_made(who, project, market):
    households = households_of(who, project, ["1", "3"])
    plan_of(who, retained_bps=0)
    sell(who, market, 10)
    plan_of(who, retained_bps=0, equal_bps=10_000)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    plan_of(who, retained_bps=10_000, equal_bps=10_000, effective_from=tomorrow)
    sell(who, market, 10)
    assert share_waiting_proceeds() == 2
    assert [each.plan.version for each in Distribution.objects.order_by("id")] == [1, 2]
    assert balances(households) == [9_990 + 19_980, 29_970 + 19_980]
    with time_machine.travel(tomorrow + dt.timedelta(hours=1)):
        sell(who, market, 10)
        assert share_waiting_proceeds() == 1
    assert Distribution.objects.latest("id").shared_fen == 0
    assert broken() == []


def test_a_plan_for_one_project_goes_before_the_plan_for_all(who, project, market):
    households = households_of(who, project, ["1", "3"])
    plan_of(who, retained_bps=0, project=project.code)
    plan_of(who, retained_bps=0, equal_bps=10_000)
    other = market_for(who, issue_to_cooperative(who, 100))
    sell(who, market, 10)
    sell(who, other, 10)
    share_waiting_proceeds()
    assert balances(households) == [9_990 + 20_000, 29_970 + 20_000]
    assert broken() == []


def test_by_contribution_and_mixed(who, project, market):
    households = households_of(who, project, ["1", "1"])
    codes = [household.code for household in households]
    plan_of(
        who,
        retained_bps=0,
        area_bps=5_000,
        contribution_bps=5_000,
        contributions={codes[0]: 30, codes[1]: 10},
    )
    sell(who, market, 10)
    share_waiting_proceeds()
    assert balances(households) == [24_975, 14_985]
    assert list(Share.objects.order_by("id").values_list("contribution", flat=True)) == [30, 10]
    assert broken() == []


def test_who_had_left_before_the_vintage_takes_no_part(who, project):
    pay_in(who, who.buyer, 100_000_000)
    batch = issue_to_cooperative(who, 100, project=project)
    long_ago = dt.datetime(batch.vintage - 1, 6, 1, tzinfo=dt.UTC)
    gone = HouseholdFactory(cooperative=who.cooperative.organisation, left_at=long_ago)
    ParcelFactory(project=project, household=gone)
    stayed, left_later = households_of(who, project, ["1", "1"])
    leave_household(actor=who.cooperative, public_id=left_later.public_id)
    plan_of(who, retained_bps=0)
    sell(who, market_for(who, batch), 1)
    share_waiting_proceeds()
    assert balances([gone, stayed, left_later]) == [0, 2_000, 2_000]
    assert broken() == []


def test_without_anybody_to_share_with_a_sale_waits(who, project, market):
    plan_of(who)
    sell(who, market, 5)
    assert share_waiting_proceeds() == 0
    assert broken() == []
    households = households_of(who, project, ["1"])
    assert share_waiting_proceeds() == 1
    assert balances(households) == [20_000 - 20 - 1_998]


def test_what_the_cooperative_has_spent_meanwhile_is_shared_when_it_has_money_again(who, project, market):
    households = households_of(who, project, ["1"])
    plan_of(who, retained_bps=0)
    sell(who, market, 5, 5)
    request_withdrawal(actor=who.cooperative, amount_fen=25_000)
    # The first sale alone is covered.
    assert share_waiting_proceeds() == 0
    pay_in(who, who.cooperative, 10_000)
    assert share_waiting_proceeds() == 1
    assert balances(households) == [19_980]
    assert broken() == []
    pay_in(who, who.cooperative, 20_000)
    assert share_waiting_proceeds() == 1
    assert balances(households) == [39_960]
    assert broken() == []


def test_credits_of_others_that_a_cooperative_sells_on_are_not_shared(who, project, market):
    households_of(who, project, ["1"])
    plan_of(who)
    pay_in(who, who.cooperative, 1_000_000)
    from tests.scenes import NewOrder, execute_market, place_orders

    other = ProjectFactory()
    batch = issue_to_cooperative(who, 10)
    batch_project = batch.project
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_project SET proponent_id = %s WHERE id = %s", [other.proponent_id, batch_project.pk]
        )
    strange = market_for(who, batch)
    for side, actor in (("sell", who.cooperative), ("buy", who.buyer)):
        place_orders(actor=actor, market_id=strange.pk, orders=[NewOrder(f"s{side}", side, 4_000, 5)])
    execute_market(strange.pk)
    assert share_waiting_proceeds() == 0


def test_many_sales_are_taken_some_at_a_time(who, project, market, monkeypatch):
    households = households_of(who, project, ["1", "2"])
    plan_of(who, retained_bps=0)
    sell(who, market, *[1] * 9)
    monkeypatch.setattr(distributing, "SALES_AT_A_TIME", 4)
    monkeypatch.setattr(distributing.waiting_sales, "__defaults__", (4,))
    assert share_waiting_proceeds() == 9
    assert [each.sales.count() for each in Distribution.objects.order_by("id")] == [4, 4, 1]
    assert sum(balances(households)) == 9 * 3_996
    assert broken() == []


def test_more_households_than_a_transaction_takes(who, project, market):
    cooperative = who.cooperative.organisation
    households = [HouseholdFactory(cooperative=cooperative) for _ in range(301)]
    plan_of(who, retained_bps=0, equal_bps=10_000)
    sell(who, market, 10)
    share_waiting_proceeds()
    assert Transaction.objects.filter(kind="distribution").count() == 2
    assert sum(balances(households)) == 39_960
    assert {132, 133} == set(balances(households))
    assert broken() == []


def test_the_number_of_queries_does_not_grow_with_sales_or_households(
    who, project, market, django_assert_max_num_queries
):
    households_of(who, project, ["1"] * 20)
    plan_of(who)
    sell(who, market, *[1] * 30)
    with django_assert_max_num_queries(40):
        share_waiting_proceeds()


def test_a_distribution_is_not_reversed(who, project, market):
    households_of(who, project, ["1"])
    plan_of(who)
    sell(who, market, 5)
    share_waiting_proceeds()
    posted = Transaction.objects.get(kind="distribution")
    with pytest.raises(NotReversible):
        request_correction(actor=who.treasurer, transaction_id=posted.pk, reason="Wrong.")


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_share_each_sale_once(who, project, market):
    households = households_of(who, project, ["1", "2"])
    plan_of(who)
    sell(who, market, *[1] * 20)
    outcomes = race(*[share_waiting_proceeds] * 4)
    share_waiting_proceeds()
    assert sum(outcomes) == 20
    assert DistributedSale.objects.count() == 20
    assert sum(balances(households)) == sum(Distribution.objects.values_list("shared_fen", flat=True))
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_stated_meanwhile_leaves_each_sale_to_the_plan_that_held(who, project, market):
    households_of(who, project, ["1", "2"])
    plan_of(who)
    for _turn in range(3):
        sell(who, market, *[1] * 10)
        outcomes = race(
            share_waiting_proceeds,
            lambda: plan_of(who, equal_bps=10_000),
            lambda: sell(who, market, *[1] * 10),
            share_waiting_proceeds,
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    share_waiting_proceeds()
    assert DistributedSale.objects.count() == 60
    assert broken() == []
