"""Freezes: what each stops and what it lets through, at every door and in the database itself; begun by one, lifted by two."""

import datetime as dt
import importlib
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledger import freezes
from ledger.credits.services import retire_credits
from ledger.credits.transfers.services import accept_transfer
from ledger.errors import InvalidValue, NotAllowed, SamePerson, WrongState
from ledger.freezes import EverythingFrozen, Scope, TradingFrozen, WithdrawalsFrozen
from ledger.incidents.services import ask_for_lift, refuse_lift
from ledger.journal.payments import confirm_payment, refuse_payment, request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import Hold, Incident, Payment, Record
from ledger.tasks import complete_projects, sequence_log
from tests.callers import Caller, is_problem
from tests.database import as_owner
from tests.desk import client_of
from tests.racing import race
from tests.scenes import (
    bid_for,
    issue_to_cooperative,
    market_for,
    offer_block,
    offer_credits,
    pay_in,
    put_up_lot,
)
from trading.auctions.closing import close_auctions
from trading.blocks.services import accept_offer, decline_offer
from trading.execution.books import forget
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.incidents.services import confirm_lift, freeze
from trading.models import Instruction, Market, OneWayAuction, Order, Trade
from trading.orders.cancels import cancel_order
from trading.orders.phases import halt_market, resume_market
from trading.orders.replaces import replace_order
from trading.orders.services import NewOrder, place_order
from trading.orders.single import enter_order

WHY = "Odd withdrawals since noon."


@pytest.fixture
def market(who):
    """Return a market in which the cooperative has 1,000 t and two buyers money."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    for buyer in (who.buyer, who.other_buyer):
        pay_in(who, buyer, 10_000_000)
    return market


@pytest.fixture
def books_hold(db):
    yield
    for market in Market.objects.all():
        forget(market.pk)
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def order(name: str, side: str = "buy", quantity_t: int = 10, price_fen: int = 4_000) -> NewOrder:
    return NewOrder(name, side, price_fen, quantity_t)


def enter(actor: Any, market: Market, new: NewOrder) -> Order:
    result = enter_order(actor=actor, symbol=market.symbol, order=new)
    if result.error is not None:
        raise result.error
    assert result.order is not None
    return result.order


def lift(who, incident, *, auction_minutes: int = 0):
    ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="It was a test.", auction_minutes=auction_minutes)
    return confirm_lift(actor=who.treasurer, incident_id=incident.pk)


def state_of(market: Market) -> str:
    execute_market(market.pk)
    market.refresh_from_db()
    return market.state


# Who may.


def test_one_person_freezes_and_two_lift_each_step_in_the_log(who):
    incident = freeze(actor=who.treasurer, scope="withdrawals", reason=WHY)
    ask_for_lift(actor=who.treasurer, incident_id=incident.pk, reason="Understood.")
    with pytest.raises(SamePerson):
        confirm_lift(actor=who.treasurer, incident_id=incident.pk)
    confirm_lift(actor=who.registrar, incident_id=incident.pk)
    kinds = list(Record.objects.filter(kind__startswith="incident_").order_by("id").values_list("kind", flat=True))
    assert kinds == ["incident_begun", "incident_lift_requested", "incident_lifted"]
    assert b'"reason":"Odd withdrawals since noon."' in bytes(Record.objects.get(kind="incident_begun").entry)


def test_nobody_else_freezes_or_lifts(who):
    for person in (who.cooperative, who.buyer, who.verifier, who.auditor):
        with pytest.raises(NotAllowed):
            freeze(actor=person, scope="trading", reason=WHY)
    incident = freeze(actor=who.registrar, scope="trading", reason=WHY)
    for person in (who.cooperative, who.buyer, who.verifier, who.auditor):
        with pytest.raises(NotAllowed):
            ask_for_lift(actor=person, incident_id=incident.pk, reason="Open it.")
        with pytest.raises(NotAllowed):
            confirm_lift(actor=person, incident_id=incident.pk)


def test_a_freeze_needs_a_reason_and_stands_once(who):
    with pytest.raises(InvalidValue):
        freeze(actor=who.registrar, scope="trading", reason="  ")
    with pytest.raises(InvalidValue):
        freeze(actor=who.registrar, scope="weather", reason=WHY)
    freeze(actor=who.registrar, scope="trading", reason=WHY)
    with pytest.raises(WrongState):
        freeze(actor=who.treasurer, scope="trading", reason="Again.")
    assert Incident.objects.count() == 1


def test_a_request_to_lift_may_be_refused_and_asked_again(who):
    incident = freeze(actor=who.registrar, scope="trading", reason=WHY)
    with pytest.raises(WrongState):
        confirm_lift(actor=who.treasurer, incident_id=incident.pk)
    ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="Looks calm.")
    with pytest.raises(WrongState):
        ask_for_lift(actor=who.treasurer, incident_id=incident.pk, reason="Me too.")
    refuse_lift(actor=who.treasurer, incident_id=incident.pk)
    with pytest.raises(TradingFrozen):
        freezes.require_unfrozen(Scope.TRADING)
    lift(who, incident)
    freezes.require_unfrozen(Scope.TRADING)
    with pytest.raises(WrongState):
        ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="Once more.")


def test_the_database_keeps_an_incident_and_its_two_people(who):
    incident = freeze(actor=who.registrar, scope="trading", reason=WHY)
    for change in (
        "lifted_at = now()",
        f"lifted_at = now(), lifted_by_id = {who.registrar.user_id}, lift_requested_at = now(), "
        f"lift_requested_by_id = {who.registrar.user_id}",
        "scope = 'withdrawals'",
        "reason = 'nothing'",
    ):
        with as_owner(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE ledger_incident SET {change} WHERE id = %s", [incident.pk])
    with as_owner(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_incident")


# Trading.


@pytest.mark.usefixtures("books_hold")
def test_while_trading_is_frozen_nothing_new_is_entered_and_cancels_are_carried_out(who, market):
    resting = enter(who.cooperative, market, order("rests", "sell", 10, 4_100))
    offer = offer_block(who.buyer, who.cooperative, market, "block-1")
    lot = put_up_lot(who.cooperative, market, "lot-1")
    execute_market(market.pk)
    freeze(actor=who.registrar, scope="trading", reason=WHY)
    for attempt in (
        lambda: enter(who.buyer, market, order("late")),
        lambda: place_order(actor=who.buyer, market_id=market.pk, order=order("late")),
        lambda: replace_order(actor=who.cooperative, order_id=resting.pk, price_fen=4_200),
        lambda: offer_block(who.buyer, who.cooperative, market, "block-2"),
        lambda: accept_offer(actor=who.cooperative, offer_id=offer.pk),
        lambda: put_up_lot(who.cooperative, market, "lot-2"),
        lambda: bid_for(who.buyer, lot, "bid-1"),
    ):
        with pytest.raises(TradingFrozen, match="Odd withdrawals"):
            attempt()
    assert state_of(market) == "halted"
    decline_offer(actor=who.cooperative, offer_id=offer.pk)
    cancel_order(actor=who.cooperative, order_id=resting.pk)
    execute_market(market.pk)
    resting.refresh_from_db()
    assert resting.status == "canceled"
    assert not Hold.objects.filter(pk=resting.hold_id, remaining__gt=0).exists()


def test_an_order_that_was_entered_before_is_answered_as_ever(who, market):
    first = enter(who.buyer, market, order("once"))
    freeze(actor=who.registrar, scope="trading", reason=WHY)
    assert enter(who.buyer, market, order("once")).pk == first.pk


@pytest.mark.usefixtures("books_hold")
def test_what_waits_when_trading_is_frozen_is_not_matched(who, market):
    enter(who.cooperative, market, order("sells", "sell"))
    execute_market(market.pk)
    waiting = enter(who.buyer, market, order("buys"))
    freeze(actor=who.registrar, scope="trading", reason=WHY)
    assert state_of(market) == "halted"
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("rejected", "market_halted")
    assert not Trade.objects.exists()
    assert cash_account(who.buyer.organisation).held == 0


def test_a_resume_that_waits_does_not_end_the_halt_of_a_freeze(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Lunch.")
    resume_market(actor=who.registrar, market_id=market.pk)
    freeze(actor=who.registrar, scope="trading", reason=WHY)
    with pytest.raises(TradingFrozen):
        resume_market(actor=who.registrar, market_id=market.pk)
    assert state_of(market) == "halted"


def test_after_the_lift_markets_go_on_but_those_that_were_halted_for_another_reason(who, market):
    other = market_for(who, issue_to_cooperative(who, 500, vintage=2021))
    halt_market(actor=who.registrar, market_id=other.pk, reason="Flood.")
    assert state_of(other) == "halted"
    incident = freeze(actor=who.registrar, scope="trading", reason=WHY)
    assert (state_of(market), market.halt_reason) == ("halted", f"{WHY} (#{incident.pk})")
    lift(who, incident, auction_minutes=5)
    assert state_of(market) == "auction"
    assert (state_of(other), other.halt_reason) == ("halted", "Flood.")


def test_of_two_freezes_that_stop_trading_the_last_one_lifted_lets_markets_go_on(who, market):
    trading = freeze(actor=who.registrar, scope="trading", reason=WHY)
    everything = freeze(actor=who.registrar, scope="everything", reason="Worse.")
    lift(who, trading)
    assert Instruction.objects.filter(kind="resume").count() == 0
    lift(who, everything)
    assert state_of(market) == "open"


def test_auctions_that_are_due_wait(who, market):
    lot = put_up_lot(who.cooperative, market, "lot")
    bid_for(who.buyer, lot, "bid")
    hour = dt.timedelta(hours=1)
    OneWayAuction.objects.update(opens_at=timezone.now() - 2 * hour, closes_at=timezone.now() - hour)
    incident = freeze(actor=who.registrar, scope="trading", reason=WHY)
    assert close_auctions() == 0
    lift(who, incident)
    execute_market(market.pk)
    assert close_auctions() == 1


@pytest.mark.django_db(transaction=True)
def test_of_orders_and_a_freeze_at_one_moment_none_is_entered_after_it(who, market):
    """Whoever has been answered before the freeze was may have entered; what begins after its commit is refused."""
    begun = threading.Event()
    late: list[Any] = []

    def stop() -> None:
        freeze(actor=who.registrar, scope="trading", reason=WHY)
        begun.set()

    def enter_many(name: str, actor: Any) -> list[bool]:
        entered = []
        for at in range(40):
            after = begun.is_set()
            try:
                enter(actor, market, order(f"{name}-{at}", quantity_t=1))
            except TradingFrozen:
                entered.append(False)
            else:
                entered.append(True)
                if after:
                    late.append(at)
        return entered

    outcomes = race(lambda: enter_many("a", who.buyer), lambda: enter_many("b", who.other_buyer), stop)
    assert late == []
    assert not any(isinstance(each, Exception) for each in outcomes)
    assert outcomes[0][-1] is False
    assert Order.objects.count() == sum(outcomes[0]) + sum(outcomes[1])


@pytest.mark.parametrize("way", ["single", "services"])
def test_a_check_that_was_made_before_a_freeze_does_not_let_an_order_in_after_it(way, who, market, monkeypatch):
    """Both ways read first and write then: the freeze that comes between is seen by the statement that writes."""
    module = importlib.import_module(f"trading.orders.{way}")
    if way == "single":
        # The plain way is for whoever has both accounts already.
        enter(who.buyer, market, order("opens", quantity_t=1))
    store, before = module._store, Order.objects.count()
    freeze_once = [lambda: freeze(actor=who.registrar, scope="trading", reason=WHY)]

    def late(*given: Any) -> Any:
        if freeze_once:
            freeze_once.pop()()
        return store(*given)

    monkeypatch.setattr(module, "_store", late)
    held = cash_account(who.buyer.organisation).held
    with pytest.raises(TradingFrozen):
        enter(who.buyer, market, order("between"))
    assert freeze_once == []
    assert Order.objects.count() == before
    assert cash_account(who.buyer.organisation).held == held


# Withdrawals.


@pytest.mark.usefixtures("books_hold")
def test_while_withdrawals_are_frozen_no_money_and_no_credits_leave_and_trading_goes_on(who, market):
    batch = market.asset.batch
    asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    offered = offer_credits(who.cooperative, who.buyer, batch, 10)
    freeze(actor=who.treasurer, scope="withdrawals", reason=WHY)
    for attempt in (
        lambda: request_withdrawal(actor=who.buyer, amount_fen=1_000),
        lambda: confirm_payment(actor=who.second_treasurer, payment_id=asked.pk, bank_reference="B-1"),
        lambda: offer_credits(who.cooperative, who.buyer, batch, 10),
        lambda: accept_transfer(actor=who.buyer, public_id=offered.public_id),
        lambda: retire_credits(
            actor=who.cooperative, batch_id=batch.pk, quantity_t=1, beneficiary_name="A", purpose="event"
        ),
    ):
        with pytest.raises(WithdrawalsFrozen):
            attempt()
    refuse_payment(actor=who.second_treasurer, payment_id=asked.pk)
    pay_in(who, who.buyer, 500)
    enter(who.cooperative, market, order("sells", "sell"))
    enter(who.buyer, market, order("buys"))
    execute_market(market.pk)
    assert Trade.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_withdrawals_and_a_freeze_at_one_moment_none_begins_after_it(who):
    pay_in(who, who.buyer, 10_000_000)
    begun = threading.Event()
    late: list[int] = []

    def stop() -> None:
        freeze(actor=who.registrar, scope="withdrawals", reason=WHY)
        begun.set()

    def ask() -> int:
        for at in range(40):
            after = begun.is_set()
            try:
                request_withdrawal(actor=who.buyer, amount_fen=1)
            except WithdrawalsFrozen:
                return at
            if after:
                late.append(at)
        return 40

    race(ask, stop)
    assert late == []
    with pytest.raises(WithdrawalsFrozen):
        request_withdrawal(actor=who.buyer, amount_fen=1)


# Everything.


def test_while_everything_is_frozen_the_database_takes_no_fact_but_of_the_freeze_itself(who, market):
    incident = freeze(actor=who.registrar, scope="everything", reason=WHY)
    before = Record.objects.count()
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        pay_in(who, who.buyer, 1_000)
    found = freezes.as_refusal(refused.value)
    assert isinstance(found, EverythingFrozen)
    assert WHY in str(found)
    assert not Payment.objects.filter(amount_fen=1_000).exists()
    assert Record.objects.count() == before
    lift(who, incident)
    pay_in(who, who.buyer, 1_000)


@pytest.mark.usefixtures("books_hold")
def test_while_everything_is_frozen_nothing_is_executed_and_it_goes_on_after_the_lift(who, market):
    enter(who.cooperative, market, order("sells", "sell"))
    incident = freeze(actor=who.registrar, scope="everything", reason=WHY)
    assert execute_market(market.pk) == 0
    assert Instruction.objects.filter(market=market).count() == 2
    lift(who, incident)
    assert state_of(market) == "open"


def test_tasks_that_change_anything_are_left_undone_while_everything_is_frozen(who, monkeypatch):
    ran = []
    monkeypatch.setattr("ledger.credits.reversals.ending.complete_projects", lambda today: ran.append(today))
    monkeypatch.setattr("ledger.transparency.sequencer.sequence_log", lambda: ran.append("log"))
    freeze(actor=who.registrar, scope="everything", reason=WHY)
    complete_projects()
    sequence_log()
    assert ran == ["log"]


def test_every_task_that_goes_on_is_there(who):
    from config.celery import app
    from ledger.incidents.tasks import GO_ON

    app.loader.import_default_modules()
    assert set(app.tasks) >= GO_ON


def test_while_everything_is_frozen_pages_are_read_and_forms_refused_but_the_way_to_lift_it(who):
    page = client_of(who.buyer)
    desk, other_desk = client_of(who.registrar), client_of(who.treasurer)
    answer = desk.post(reverse("admin:ledger_incident_freeze"), {"scope": "everything", "reason": WHY})
    assert answer.status_code == 302
    assert WHY in page.get(reverse("home")).content.decode()
    refused = page.post(reverse("apply"), {"name": "某合作社"})
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert WHY in refused.content.decode()
    # Who wants to do anything else at the desk is refused, too.
    assert desk.post(reverse("admin:ledger_payment_enter-deposit"), {}).status_code == 503
    incident = Incident.objects.get()
    asked = desk.post(
        reverse("admin:ledger_incident_ask-for-lift", args=[incident.pk]), {"reason": "Mended.", "auction_minutes": 0}
    )
    assert asked.status_code == 302
    own = desk.post(reverse("admin:ledger_incident_confirm-lift", args=[incident.pk]))
    assert own.status_code == 403
    assert other_desk.post(reverse("admin:ledger_incident_confirm-lift", args=[incident.pk])).status_code == 302
    assert WHY not in page.get(reverse("home")).content.decode()


def test_while_everything_is_frozen_one_can_log_in(who):
    user = who.buyer.user
    user.set_password("a long enough password")
    user.save()
    freeze(actor=who.registrar, scope="everything", reason=WHY)
    client = Client()
    answer = client.post(reverse("login"), {"username": user.username, "password": "a long enough password"})
    assert answer.status_code == 302
    assert Record.objects.filter(kind__startswith="security_logged_in").exists()


# What the API says.


def test_the_api_says_what_is_frozen_and_how_it_is_refused(who, market):
    caller = Caller(who.buyer)
    body = {"market": market.symbol, "client_order_id": "a", "side": "buy", "price_fen": 4_000, "quantity_t": 1}
    status = Caller().ask("/status").json()
    assert [status[name] for name in ("is_trading_open", "are_withdrawals_open", "are_writes_open")] == [True] * 3
    assert (status["frozen"], status["trading"], status["markets"]["open"]) == ([], "open", 1)
    trading = freeze(actor=who.registrar, scope="trading", reason=WHY)
    assert is_problem(caller.send("/orders", body), 409, "trading_frozen")
    batch = caller.send(
        "/orders/batch", {"market": market.symbol, "orders": [{k: body[k] for k in body if k != "market"}]}
    )
    assert batch.json()["results"][0]["error"]["code"] == "trading_frozen"
    status = Caller().ask("/status").json()
    assert (status["is_trading_open"], status["are_withdrawals_open"], status["are_writes_open"]) == (False, True, True)
    assert [(each["scope"], each["reason"]) for each in status["frozen"]] == [("trading", WHY)]
    lift(who, trading)
    freeze(actor=who.registrar, scope="withdrawals", reason=WHY)
    assert is_problem(caller.send("/payments/withdrawals", {"amount_fen": 100}), 409, "withdrawals_frozen")
    assert caller.send("/orders", body).status_code == 201
    freeze(actor=who.registrar, scope="everything", reason="All of it.")
    refused = caller.send("/orders", body | {"client_order_id": "b"})
    assert is_problem(refused, 503, "everything_frozen")
    assert refused["Retry-After"] == "60"
    # A process that does not know yet is told by the database.
    lift(who, Incident.objects.get(scope="everything"))
    treasurer = Caller(who.treasurer)
    freeze(actor=who.registrar, scope="everything", reason="All of it.")
    freezes.keep_for_good()
    deposit = {"organisation": str(who.buyer.organisation.public_id), "amount_fen": 100, "bank_reference": "B-7"}
    assert is_problem(treasurer.send("/payments/deposits", deposit), 503, "everything_frozen")
    assert caller.ask("/orders").status_code == 200


def test_an_order_costs_no_query_more(who, market, django_assert_num_queries):
    caller = Caller(who.buyer)
    body = {"market": market.symbol, "side": "buy", "price_fen": 4_000, "quantity_t": 1}
    caller.send("/orders", body | {"client_order_id": "first"})
    with django_assert_num_queries(3):
        caller.send("/orders", body | {"client_order_id": "second"})


# The command line.


def test_the_command_line_freezes_when_pages_are_down_and_lifts_nothing(who, market, capsys):
    call_command("incident", "status")
    call_command("incident", "freeze", "trading", "--reason", WHY)
    with pytest.raises(CommandError):
        call_command("incident", "freeze", "trading", "--reason", WHY)
    call_command("incident", "status")
    said = capsys.readouterr().out
    assert "Nothing is frozen." in said
    assert "trading since" in said
    assert b'"actor":"system"' in bytes(Record.objects.get(kind="incident_begun").entry)
    assert state_of(market) == "halted"
    with pytest.raises(CommandError):
        call_command("incident", "lift")
