"""Two at the same moment. Each race that matters has a control: with its lock taken away, the harm is done, or only the
database's own constraints prevent it."""

import contextlib
import threading
from collections import Counter
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.credits import retiring
from ledger.credits.services import issue_credits, retire_credits
from ledger.errors import (
    ActsAlready,
    AlreadyIssued,
    IdempotencyConflict,
    InsufficientBalance,
    NotAllowed,
    WrongState,
)
from ledger.journal import posting
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.journal.services import open_account, open_asset
from ledger.models import Account, Asset, Batch, Checkpoint, LogLeaf, Membership, Parcel, Payment, Record, Retirement
from ledger.parties.services import add_member, apply_for_organisation
from ledger.projects.land import services as land_services
from ledger.projects.land.problems import ParcelsRefused
from ledger.projects.land.services import add_parcel
from ledger.projects.services import create_project
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record
from tests.factories import (
    CREDITING,
    PRACTICES,
    SETTINGS,
    MembershipFactory,
    OrganisationFactory,
    ProjectFactory,
    ReportFactory,
    UserFactory,
    square,
)
from tests.racing import SECONDS, Meeting, race, unlocked
from tests.scenes import issue_to_cooperative, market_for, pay_in
from tests.waiting import wait_until
from trading.errors import InsufficientCredits, InsufficientFunds, TooLateToCancel
from trading.execution import services as execution
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import Order, Trade
from trading.orders import single
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_order
from trading.orders.standing import standing_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    """No worker runs here: what is executed, is executed by the test."""
    monkeypatch.setattr("trading.orders.services.wake_after_commit", lambda market: None)


def broken():
    return [result for result in reconcile() if not result.holds]


def kinds(outcomes):
    """Return how often each type came out."""
    return Counter(type(outcome) for outcome in outcomes)


@pytest.fixture
def market(who):
    """Return a market with 1,000 t at the cooperative's, and 100,000 fen at the buyer's."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 100_000)
    return market


def enter(actor, market, side, quantity_t, client_order_id="1", price_fen=4_000):
    return place_order(actor=actor, market_id=market.pk, order=NewOrder(client_order_id, side, price_fen, quantity_t))


# Orders against one balance


def test_two_orders_do_not_spend_the_same_money(who, market):
    outcomes = race(
        lambda: enter(who.buyer, market, "buy", 15, "a"),
        lambda: enter(who.buyer, market, "buy", 15, "b"),
    )
    assert kinds(outcomes) == {Order: 1, InsufficientFunds: 1}
    assert cash_account(who.buyer.organisation).held == 60_000
    assert broken() == []


def test_control_without_the_lock_two_orders_spend_the_same_money(who, market):
    open_account(organisation=who.buyer.organisation, asset=market.asset)
    meeting = Meeting()
    outcomes = race(
        unlocked(lambda: enter(who.buyer, market, "buy", 15, "a"), meeting),
        unlocked(lambda: enter(who.buyer, market, "buy", 15, "b"), meeting),
    )
    assert kinds(outcomes) == {Order: 2}
    assert sum(order.hold.remaining for order in Order.objects.all()) == 120_000 > 100_000
    assert {result.number for result in broken()} == {3}


def test_two_orders_do_not_sell_the_same_tonnes(who, market):
    outcomes = race(
        lambda: enter(who.cooperative, market, "sell", 600, "a"),
        lambda: enter(who.cooperative, market, "sell", 600, "b"),
    )
    assert kinds(outcomes) == {Order: 1, InsufficientCredits: 1}
    assert broken() == []


def test_an_order_and_a_withdrawal_do_not_take_the_same_money(who, market):
    outcomes = race(
        lambda: enter(who.buyer, market, "buy", 15, "a"),
        lambda: request_withdrawal(actor=who.buyer, amount_fen=60_000),
    )
    assert sum(isinstance(outcome, InsufficientFunds | InsufficientBalance) for outcome in outcomes) == 1
    assert cash_account(who.buyer.organisation).held == 60_000
    assert broken() == []


def test_a_sale_and_a_retirement_do_not_take_the_same_tonnes(who, market):
    batch = Batch.objects.get()
    outcomes = race(
        lambda: enter(who.cooperative, market, "sell", 600),
        lambda: retire(who, batch, quantity_t=600),
    )
    assert sum(isinstance(outcome, InsufficientCredits | InsufficientBalance) for outcome in outcomes) == 1
    assert broken() == []


def test_an_id_sent_again_while_its_order_is_executed_waits_for_the_market_and_does_not_stop_it(who, market):
    enter(who.cooperative, market, "sell", 10, "offer")
    open_account(organisation=who.buyer.organisation, asset=market.asset)
    new = NewOrder("again", "buy", 4_000, 10)
    # Read before there was the order: who sends twice at once has looked for the id in vain.
    stale = standing_in(symbol=market.symbol, organisation_id=who.buyer.organisation_id, client_order_id="again")
    first = place_order(actor=who.buyer, market_id=market.pk, order=new)
    waiting, answers = threading.Event(), []

    def send_again():
        answers.append(single._enter_at_once(who.buyer, stale, new))
        connection.close()

    def meanwhile(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "UPDATE trading_order o" in sql and not waiting.is_set():
            waiting.set()
            again.start()
            wait_until(_somebody_waits_for_a_lock)
        return result

    again = threading.Thread(target=send_again)
    with connection.execute_wrapper(meanwhile):
        execute_market(market.pk)
    again.join(SECONDS)
    assert answers == [None]
    first.refresh_from_db()
    assert (first.status, Trade.objects.count(), Order.objects.count()) == ("filled", 1, 2)
    assert broken() == []


def _somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_one_id_at_the_same_moment_is_one_order(who, market):
    outcomes = race(*[lambda: enter(who.buyer, market, "buy", 15) for _ in range(4)])
    assert len({order.pk for order in outcomes}) == 1
    assert Order.objects.count() == 1
    assert cash_account(who.buyer.organisation).held == 60_000
    assert broken() == []


def test_control_without_the_lock_only_the_constraint_refuses_an_id_twice(who, market):
    open_account(organisation=who.buyer.organisation, asset=market.asset)
    outcomes = race(*[unlocked(lambda: enter(who.buyer, market, "buy", 10), Meeting())] * 2)
    assert kinds(outcomes) == {Order: 1, IntegrityError: 1}


def test_first_orders_open_an_account_once(who, market):
    assert not Account.objects.filter(organisation=who.buyer.organisation, asset=market.asset).exists()
    outcomes = race(*[lambda at=at: enter(who.buyer, market, "buy", 1, str(at)) for at in range(4)])
    assert kinds(outcomes) == {Order: 4}
    assert Account.objects.filter(organisation=who.buyer.organisation, asset=market.asset).count() == 1


# Execution


def test_the_last_tonne_goes_to_one_of_two_buyers(who, market):
    pay_in(who, who.other_buyer, 100_000)
    enter(who.cooperative, market, "sell", 1)

    def buy(actor):
        order = enter(actor, market, "buy", 1)
        execute_market(market.pk)
        return order

    outcomes = race(lambda: buy(who.buyer), lambda: buy(who.other_buyer))
    assert kinds(outcomes) == {Order: 2}
    trade = Trade.objects.get()
    assert trade.buy_order in outcomes
    bought = Account.objects.filter(asset=market.asset, purpose="holding", balance=1)
    assert bought.get().organisation == trade.buy_order.organisation
    assert broken() == []


@pytest.fixture
def crowd(monkeypatch):
    """Watch how many are at once between taking instructions and writing what comes of them."""

    class Crowd:
        inside = most = 0

    lock, meeting, waiting = threading.Lock(), Meeting(), execution._waiting

    def watched(*arguments):
        with lock:
            Crowd.inside += 1
            Crowd.most = max(Crowd.most, Crowd.inside)
        meeting.wait()
        found = waiting(*arguments)
        with lock:
            Crowd.inside -= 1
        return found

    monkeypatch.setattr(execution, "_waiting", watched)
    return Crowd


def test_a_market_has_one_writer(who, market, crowd):
    enter(who.cooperative, market, "sell", 5)
    enter(who.buyer, market, "buy", 5)
    outcomes = race(lambda: execute_market(market.pk), lambda: execute_market(market.pk))
    assert crowd.most == 1
    assert sorted(outcomes) == [0, 2]
    assert broken() == []


def test_control_without_the_lock_a_market_has_two(who, market, crowd):
    """What is written twice the database still refuses: the second batch fails as a whole."""
    enter(who.cooperative, market, "sell", 5)
    enter(who.buyer, market, "buy", 5)
    race(*[unlocked(lambda: execute_market(market.pk), Meeting())] * 2)
    assert crowd.most == 2


def test_a_cancel_and_a_fill_leave_the_order_in_one_of_two_states(who, market):
    for at in range(5):
        order = enter(who.buyer, market, "buy", 1, f"b{at}")
        execute_market(market.pk)

        def fill(at=at):
            enter(who.cooperative, market, "sell", 1, f"s{at}")
            execute_market(market.pk)

        def cancel(order=order):
            with contextlib.suppress(TooLateToCancel):
                cancel_order(actor=who.buyer, order_id=order.pk)
            execute_market(market.pk)

        assert race(fill, cancel) == [None, None]
        order.refresh_from_db()
        assert (order.status, order.filled_t) in (("filled", 1), ("canceled", 0))
        rest = Order.objects.get(client_order_id=f"s{at}")
        if rest.is_open:
            cancel_order(actor=who.cooperative, order_id=rest.pk)
            execute_market(market.pk)
    assert broken() == []


def test_cancels_at_the_same_moment_are_one(who, market):
    order = enter(who.buyer, market, "buy", 10)
    execute_market(market.pk)

    def cancel():
        cancel_order(actor=who.buyer, order_id=order.pk)
        execute_market(market.pk)

    outcomes = race(cancel, cancel, cancel)
    assert set(kinds(outcomes)) <= {type(None), TooLateToCancel}
    order.refresh_from_db()
    assert (order.status, order.hold.remaining) == ("canceled", 0)
    assert broken() == []


def test_orders_and_execution_do_not_get_in_each_others_way(who, market):
    pay_in(who, who.other_buyer, 10_000_000)
    pay_in(who, who.cooperative, 10_000_000)

    def trade(actor, side):
        for at in range(15):
            enter(actor, market, side, 1 + at % 3, f"{side}{at}", 3_990 + at)

    def execute():
        for _ in range(10):
            execute_market(market.pk)

    outcomes = race(
        lambda: trade(who.cooperative, "sell"),
        lambda: trade(who.other_buyer, "buy"),
        lambda: trade(who.cooperative, "buy"),
        execute,
        execute,
        lambda: [broken() for _ in range(3)],
    )
    assert outcomes[:5] == [None] * 5
    assert outcomes[5] == [[], [], []], "reconciling beside the traffic sees one moment"
    execute_market(market.pk)
    assert Trade.objects.exists()
    assert broken() == []


# Issuing and retiring


def test_a_report_is_issued_by_one_of_two_registrars(who):
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    report = ReportFactory()
    outcomes = race(
        *[lambda actor=actor: issue_credits(actor=actor, report_id=report.pk) for actor in (who.registrar, second)]
    )
    assert kinds(outcomes) == {Batch: 1, AlreadyIssued: 1}
    assert broken() == []


def test_control_without_the_lock_only_constraints_refuse_a_second_issuance(who):
    report = ReportFactory()
    meeting = Meeting()
    outcomes = race(*[unlocked(lambda: issue_credits(actor=who.registrar, report_id=report.pk), meeting)] * 2)
    assert meeting.met
    assert kinds(outcomes) == {Batch: 1, IdempotencyConflict: 1}
    assert Batch.objects.count() == 1
    assert broken() == []


def test_issuances_at_the_same_moment_draw_different_serial_numbers(who):
    reports = [ReportFactory(net_t=7) for _ in range(4)]
    outcomes = race(*[lambda pk=report.pk: issue_credits(actor=who.registrar, report_id=pk) for report in reports])
    firsts = sorted(batch.serials.lower for batch in outcomes)
    assert [later - earlier for earlier, later in pairwise(firsts)] == [7, 7, 7]
    assert broken() == []


def retire(who, batch, **changes):
    asked = {"quantity_t": 600, "beneficiary_name": "A", "purpose": "own_footprint"} | changes
    return retire_credits(**({"actor": who.cooperative, "batch_id": batch.pk} | asked))


def test_the_same_tonnes_are_not_retired_twice(who):
    batch = issue_to_cooperative(who, 1_000)
    outcomes = race(*[lambda: retire(who, batch) for _ in range(3)])
    assert kinds(outcomes) == {Retirement: 1, InsufficientBalance: 2}
    assert broken() == []


def test_control_without_locks_only_the_serial_numbers_refuse_a_second_retirement(who):
    batch = issue_to_cooperative(who, 1_000)
    retire(who, batch, quantity_t=1)
    meeting = Meeting()
    outcomes = race(*[unlocked(lambda: retire(who, batch), meeting)] * 2)
    assert meeting.met
    assert kinds(outcomes) == {Retirement: 1, IntegrityError: 1}
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, IntegrityError)]
    assert "serial_in_one_block" in str(refusal)


def test_one_key_at_the_same_moment_is_one_retirement(who):
    batch = issue_to_cooperative(who, 1_000)
    outcomes = race(*[lambda: retire(who, batch, quantity_t=10, idempotency_key="k") for _ in range(4)])
    assert len({retirement.public_id for retirement in outcomes}) == 1
    assert Retirement.objects.count() == 1


def test_one_key_for_two_batches_at_the_same_moment_is_a_conflict(who, monkeypatch):
    batches = [issue_to_cooperative(who, 1_000) for _ in range(2)]
    meeting, post = Meeting(), retiring._post_retirement

    def late(*arguments):
        meeting.wait()
        post(*arguments)

    monkeypatch.setattr(retiring, "_post_retirement", late)
    outcomes = race(*[lambda batch=batch: retire(who, batch, idempotency_key="k") for batch in batches])
    assert meeting.met
    assert kinds(outcomes) == {Retirement: 1, IdempotencyConflict: 1}
    assert broken() == []


# Payments


def test_a_payment_is_confirmed_by_one_of_two_treasurers(who):
    third = MembershipFactory(organisation=who.treasurer.organisation, role=Membership.Role.TREASURER)
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="B"
    )
    outcomes = race(
        lambda: confirm_payment(actor=who.second_treasurer, payment_id=payment.pk),
        lambda: confirm_payment(actor=third, payment_id=payment.pk),
        lambda: refuse_payment(actor=third, payment_id=payment.pk),
    )
    assert kinds(outcomes)[WrongState] == 2
    account = cash_account(who.buyer.organisation)
    payment.refresh_from_db()
    assert (account.balance if account else 0) == (500 if payment.status == "posted" else 0)
    assert broken() == []


def test_control_without_the_lock_only_the_key_refuses_a_second_posting(who):
    pay_in(who, who.buyer, 1)
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=500, bank_reference="B"
    )
    meeting = Meeting()
    confirm = unlocked(lambda: confirm_payment(actor=who.second_treasurer, payment_id=payment.pk), meeting)
    outcomes = race(confirm, confirm)
    assert meeting.met
    assert kinds(outcomes) == {Payment: 1, IdempotencyConflict: 1}
    assert cash_account(who.buyer.organisation).balance == 501


def test_accounts_and_assets_are_opened_once(who):
    organisation = OrganisationFactory()

    def open_one():
        asset = open_asset(code="TH-NEW", kind=Asset.Kind.CREDIT)
        return open_account(organisation=organisation, asset=asset), open_account(
            organisation=None, asset=asset, purpose="retired"
        )

    outcomes = race(*[open_one for _ in range(4)])
    assert len(set(outcomes)) == 1
    assert Record.objects.filter(kind="account_opened").count() == 2


def test_transfers_to_and_fro_do_not_wait_for_each_other(who):
    """Whoever gives and whoever receives, rows are locked in one order."""
    pay_in(who, who.buyer, 1_000)
    pay_in(who, who.other_buyer, 1_000)
    one, two = cash_account(who.buyer.organisation), cash_account(who.other_buyer.organisation)

    def send(giver, receiver):
        for _ in range(20):
            leg = posting.Leg(giver.pk, receiver.pk, 10)
            posting.post_transactions([posting.Posting("transfer", [leg], "system", one.organisation.created_at)])

    assert (
        race(lambda: send(one, two), lambda: send(two, one), lambda: send(one, two), lambda: send(two, one))
        == [None] * 4
    )
    assert broken() == []


# Parties and land


def test_a_person_is_taken_in_by_one_of_two_organisations(who):
    person = UserFactory()
    outcomes = race(
        lambda: add_member(actor=who.buyer, user=person, role="trader"),
        lambda: add_member(actor=who.other_buyer, user=person, role="trader"),
        lambda: apply_for_organisation(user=person, kind="buyer", name="第三家"),
    )
    refused = kinds(outcomes)
    assert refused[ActsAlready] + refused[NotAllowed] == 2
    assert person.memberships.count() == 1


def test_projects_begun_at_the_same_moment_get_different_numbers(who):
    def begin():
        return create_project(
            actor=who.cooperative, name="稻田", place="福建", province_code="35", methodology="rice-water-1",
            settings=SETTINGS, crediting_starts_on=CREDITING[0], crediting_ends_on=CREDITING[1],
        )  # fmt: skip

    outcomes = race(*[begin for _ in range(4)])
    assert len({project.number for project in outcomes}) == 4


@pytest.fixture
def claims(who):
    """Return two claims of one field, each for a project of its own."""
    drafts = [ProjectFactory(status="draft", proponent=who.cooperative.organisation) for _ in range(2)]
    return [
        lambda draft=draft: add_parcel(
            actor=who.cooperative, project_id=draft.pk, code="P", geometry=square(1), practices=PRACTICES
        )
        for draft in drafts
    ]


def test_a_field_goes_to_one_of_two_projects(claims):
    assert kinds(race(*claims)) == {Parcel: 1, ParcelsRefused: 1}


def test_control_without_the_lock_a_field_goes_to_both(claims, monkeypatch):
    meeting, examine = Meeting(), land_services.examine_claims

    def late(*what, **more):
        examine(*what, **more)
        meeting.wait()

    monkeypatch.setattr(land_services, "examine_claims", late)
    monkeypatch.setattr(land_services, "lock_land", lambda: None)
    assert kinds(race(*claims)) == {Parcel: 2}


# The log


def test_two_sequencers_give_each_record_one_place(db):
    for _ in range(3):
        with transaction.atomic():
            for _ in range(50):
                append_record(kind="test", body={}, actor="system")
        race(sequence_log, sequence_log, sequence_log)
    sequence_log()
    assert list(LogLeaf.objects.order_by("index").values_list("index", flat=True)) == list(range(150))
    assert Checkpoint.objects.order_by("-tree_size").first().tree_size == 150
    assert broken() == []
