"""A short soak, whose participants and oracle `make soak` has for half an hour; and that the oracle names what is not so."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.utils import timezone

from config.run import BASE_DIR
from ledger.credits.retiring import retire_credits
from ledger.journal.selectors import cash_account
from ledger.models import Account, Checkpoint, Payment, Retirement
from ledger.transparency.sequencer import sequence_log
from tests.database import as_owner
from tests.scenes import issue_to_cooperative, market_for, offer_block, pay_in
from tests.soak import books, oracle
from tests.soak.chaos import FIRST
from tests.soak.grounds import OF_OTHERS
from tests.soak.participants import KINDS
from tests.soak.watch import SIGNS
from trading.blocks.services import withdraw_offer
from trading.execution.services import execute_market
from trading.models import BlockOffer, ExecutedInstruction, Instruction, Order, Trade
from trading.orders.cancels import cancel_order, cancel_orders
from trading.orders.services import place_orders
from trading.orders.terms import NewOrder


def test_whatever_is_killed_nothing_is_lost_nothing_doubled_and_the_market_goes_on(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    environment |= {"SOAK_SECONDS": "15", "SOAK_PARTICIPANTS": "20", "SOAK_SEED": "20220719"}
    environment |= {"SOAK_VAR": str(tmp_path / "soak"), "SOAK_REPORT": str(tmp_path / "report")}
    command = [sys.executable, "-m", "tests.soak"]
    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert {fault["name"] for fault in report["faults"]} >= set(FIRST)
    assert all(fault["recovered"][sign] > 0 for fault in report["faults"] for sign in SIGNS)
    assert report["holds"], report["problems"]
    assert report["participants"].keys() == KINDS.keys()
    assert report["statements"]
    assert "Nothing lost, nothing doubled" in run.stdout
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<polyline") > 10
    assert not (tmp_path / "soak").exists()


# The oracle


@pytest.fixture
def market(who):
    return market_for(who, issue_to_cooperative(who, 100), taker_fee_bps=35)


@pytest.fixture
def total(market):
    return Counter(books.held_in_all())


@pytest.fixture
def told(who, market, total):
    """Let two pay in, trade, cancel and retire, and return what each was told, as a client writes it."""
    pay_in(who, who.buyer, 10_000_000)
    payment = {"amount_fen": 10_000_000}
    paid = {"deposit": payment, "confirmed deposit": payment, "id": Payment.objects.get().pk, "status": 200}
    asked = [
        (who.cooperative, {"client_order_id": "s1", "side": "sell", "price_fen": 4_000, "quantity_t": 10}),
        (who.buyer, {"client_order_id": "b1", "side": "buy", "price_fen": 4_010, "quantity_t": 4}),
        (
            who.buyer,
            {
                "client_order_id": "b2",
                "side": "buy",
                "price_fen": None,
                "quantity_t": 3,
                "order_type": "market",
                "time_in_force": "fok",
            },
        ),
        (who.buyer, {"client_order_id": "b3", "side": "buy", "price_fen": 3_900, "quantity_t": 2, "post_only": True}),
        (who.buyer, {"client_order_id": "b4", "side": "buy", "price_fen": 9_000, "quantity_t": 2}),
    ]
    answers = [paid]
    for actor, order in asked:
        (result,) = place_orders(actor=actor, market_id=market.pk, orders=[NewOrder(**order)])
        if result.error is not None:
            refused = {"status": result.error.status, "code": result.error.code}
            answers.append({"order": order, "market": market.symbol, **refused})
        else:
            answers.append({"order": order, "market": market.symbol, "status": 201, "id": result.order.pk})
    execute_market(market.pk)
    cancelled = Order.objects.get(client_order_id="b3")
    cancel_order(actor=who.buyer, order_id=cancelled.pk)
    execute_market(market.pk)
    retirement = retire_credits(
        actor=who.buyer,
        batch_id=market.asset.batch.pk,
        quantity_t=1,
        beneficiary_name="闽江纸业",
        purpose="own_footprint",
    )
    offer = offer_block(who.buyer, who.cooperative, market, "o1", quantity_t=1)
    withdraw_offer(actor=who.buyer, offer_id=offer.pk)
    sequence_log()
    return [
        *answers,
        {"cancel": cancelled.pk, "status": 202},
        {
            "retirement": {"batch": market.asset.code, "quantity_t": 1},
            "by": "b",
            "id": str(retirement.public_id),
            "status": 201,
        },
        {"block": {"client_offer_id": "o1"}, "id": offer.pk, "status": 201},
    ]


def named(told, market, total):
    return "\n".join(oracle.problems(told, [market], total))


@pytest.mark.django_db
def test_the_oracle_has_nothing_to_say_where_all_is_so(told, market, total):
    assert named(told, market, total) == ""


def alter(model, which, **values):
    """Change rows as their owner with the guards off."""
    from django.db import connection

    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        model.objects.filter(**which).update(**values)
        cursor.execute("SET LOCAL session_replication_role = origin")


LIES = {
    "b1: told to be order": lambda who: alter(Order, {"client_order_id": "b1"}, client_order_id="b9"),
    "b9: nobody has entered it": lambda who: alter(Order, {"client_order_id": "b1"}, client_order_id="b9"),
    "s1: {'side'": lambda who: alter(Order, {"client_order_id": "s1"}, quantity_t=11),
    "b4: refused (outside_band), and entered": lambda who: alter(
        Order, {"client_order_id": "b3"}, client_order_id="b4"
    ),
    "was cancelled and is open": lambda who: alter(Order, {"client_order_id": "b3"}, status="new"),
    "and its trades are of others": lambda who: alter(Order, {"client_order_id": "b1"}, filled_t=3),
    "(fok) is filled by 2 of 3 t": lambda who: alter(Order, {"client_order_id": "b2"}, filled_t=2),
    "(fok) rests": lambda who: alter(Order, {"client_order_id": "b2"}, status="new"),
    "was to expire at": lambda who: alter(
        Order,
        {"client_order_id": "b3"},
        status="new",
        time_in_force="gtd",
        expires_at=timezone.now() - dt.timedelta(minutes=1),
    ),
    "was never taken": lambda who: alter(Order, {"client_order_id": "s1"}, status="pending_new"),
    "by an order that only makes": lambda who: alter(Order, {"client_order_id": "b1"}, post_only=True),
    "at a price that one side did not agree to": lambda who: alter(Trade, {"quantity_t": 4}, price_fen=4_011),
    "the market's last is": lambda who: alter(ExecutedInstruction, {"sequence": 2}, sequence=7),
    "orders were taken": lambda who: alter(ExecutedInstruction, {"sequence": 2}, kind="cancel"),
    "CNY: 10000000 must be there, 10000001 are": lambda who: alter(
        Account,
        {"pk": cash_account(who.buyer.organisation).pk},
        balance=cash_account(who.buyer.organisation).balance + 1,
    ),
    "told of 10000000, and 9 is there": lambda who: alter(Payment, {"direction": "deposit"}, amount_fen=9),
    "told of 1 t, and 2 t are there": lambda who: alter(Retirement, {"quantity_t": 1}, quantity_t=2),
    "block o1: told to be": lambda who: alter(BlockOffer, {"client_offer_id": "o1"}, client_offer_id="o2"),
    "block o2: nobody has asked for it": lambda who: alter(BlockOffer, {"client_offer_id": "o1"}, client_offer_id="o2"),
    "invariant ": lambda who: alter(Order, {"client_order_id": "b1"}, filled_t=3),
}


@pytest.mark.django_db
@pytest.mark.parametrize("words", LIES)
def test_the_oracle_names_what_is_not_so(told, market, total, who, words):
    LIES[words](who)
    assert words in named(told, market, total)


@pytest.mark.django_db
def test_the_oracle_names_what_waits_and_what_was_answered_wrongly(told, market, total, who):
    Instruction.objects.create(market=market, kind="halt", actor="system", entered_at=timezone.now())
    never = {"order": {"client_order_id": "b5"}, "status": 0}
    strange = {"order": {"client_order_id": "b6"}, "status": 409, "code": "market_halted"}
    of_means = {"order": {"client_order_id": "b7"}, "status": 409, "code": "insufficient_funds"}
    unknown = {"cancel": 1, "status": 404}
    complaint = {"complaint": "the stream went back"}
    orders = [answer | {"market": market.symbol} for answer in (never, strange, of_means)]
    said = named([*told, *orders, unknown, complaint], market, total)
    assert "b7" not in said
    assert complaint["complaint"] in said
    for words in ("1 instructions wait", "b5: never answered", "b6: refused by 409", "'cancel': 1, 'status': 404"):
        assert words in said


@pytest.mark.django_db
def test_a_replaced_order_may_have_any_of_its_terms(told, market, total):
    (first,) = (answer["id"] for answer in told if answer.get("order", {}).get("client_order_id") == "b3")
    alter(Order, {"client_order_id": "b3"}, price_fen=3_950, quantity_t=5)
    replace = {"replace": first, "terms": {"price_fen": 3_950, "quantity_t": 5}, "status": 202}
    assert list(oracle.orders_told([*told, replace], [market])) == []
    assert list(oracle.orders_told(told, [market])) != []


@pytest.mark.django_db
def test_what_is_held_though_nothing_is_open_is_named(told, market, who):
    assert list(books.still_held()) == ["1 holds for order still hold 3", "1 accounts have something held"]
    assert not books.nothing_is_open()
    cancel_orders(actor=who.cooperative)
    execute_market(market.pk)
    assert list(books.still_held()) == []
    assert books.nothing_is_open()


@pytest.mark.django_db
def test_the_log_is_verified_offline_against_every_checkpoint_that_was_seen(told, market, tmp_path):
    newest = Checkpoint.objects.first()
    seen = {"checkpoint": newest.tree_size, "root": bytes(newest.root_hash).hex()}
    found, figures = books.verify_offline([*told, seen], tmp_path / "log")
    assert found == []
    assert figures == {"records": newest.tree_size, "checkpoints": 1}
    other = {"checkpoint": newest.tree_size - 1, "root": "00" * 32}
    found, _figures = books.verify_offline([*told, seen, other], tmp_path / "log")
    assert f"such as of {newest.tree_size - 1} records" in "\n".join(found)
    twice = {"checkpoint": newest.tree_size, "root": "00" * 32}
    found, _figures = books.verify_offline([*told, seen, twice], tmp_path / "log")
    assert f"two roots were seen of {newest.tree_size} records" in found
