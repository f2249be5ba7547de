"""The invariants: each holds in healthy books, and each is reported, and it alone, where somebody broke it.

Breaking is done by SQL with the triggers off and the constraint in the way dropped; the rollback of the test brings all
of it back.
"""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from ledger.credits.services import retire_credits
from ledger.journal.payments import request_withdrawal
from ledger.transparency.sequencer import sequence_log
from tests.database import as_owner
from tests.scenes import issue_to_cooperative, pay_in
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.markets.services import open_market
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_orders


@pytest.fixture
def books(who):
    """Let everything happen once: payments in and out, issuance with a buffer, trades with fees, cancels, a retirement."""
    batch = issue_to_cooperative(who, 1_000, buffer_t=100)
    pay_in(who, who.buyer, 10_000_000)
    request_withdrawal(actor=who.buyer, amount_fen=1_000)
    market = open_market(
        actor=who.registrar,
        asset_id=batch.asset_id,
        symbol=batch.asset.code,
        reference_price_fen=4_000,
        maker_fee_bps=10,
        taker_fee_bps=35,
    )
    enter = {"market_id": market.pk}
    sells = [NewOrder(f"s{at}", "sell", 4_000 + at, 10) for at in range(5)]
    place_orders(actor=who.cooperative, orders=sells, **enter)
    buys = [NewOrder(f"b{at}", "buy", 3_998 + 2 * at, 7) for at in range(4)]
    results = place_orders(actor=who.buyer, orders=buys, **enter)
    execute_market(market.pk)
    cancel_order(actor=who.buyer, order_id=results[0].order.pk)
    execute_market(market.pk)
    place_orders(actor=who.buyer, orders=[NewOrder("late", "buy", 3_900, 1)], **enter)
    retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=3, beneficiary_name="A", purpose="own_footprint")
    sequence_log()
    issue_to_cooperative(who, 5)
    # What foreign keys put off until the commit would be in the way of dropping constraints.
    run("SET CONSTRAINTS ALL IMMEDIATE")


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def tamper(*statements, without=()):
    """Run SQL as a superuser would who switches the guards off."""
    with as_owner():
        for table, constraint in without:
            run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")
        run("SET LOCAL session_replication_role = replica", *statements, "SET LOCAL session_replication_role = origin")


def broken():
    return {(result.number, re.sub(r"\S+-\S+", "…", result.name)) for result in reconcile() if not result.holds}


def test_healthy_books_hold(books):
    results = reconcile()
    assert [result for result in results if not result.holds] == []
    assert sorted({result.number for result in results}) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [result.number for result in results] == sorted(result.number for result in results)


def test_empty_books_hold(db):
    assert all(result.holds for result in reconcile())


COVERED = ("ledger_account", "account_covers_its_holds")
A_TRADE = "(SELECT min(id) FROM trading_trade)"
CASH = "(SELECT id FROM ledger_asset WHERE code = 'CNY')"
CASH_TRANSFER = """
    INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount)
    SELECT (SELECT min(id) FROM ledger_transaction), bank.id, holder.id, 5
      FROM ledger_account bank JOIN ledger_account holder ON holder.asset_id = bank.asset_id AND holder.balance > 0
     WHERE bank.purpose = 'bank' ORDER BY holder.id LIMIT 1
"""
HOLDS_OF_FINISHED = "SELECT hold_id FROM trading_order WHERE status = 'canceled'"

BREACHES = {
    "money out of nothing": (
        {1, 2},
        [f"UPDATE ledger_account SET balance = balance + 7 WHERE asset_id = {CASH} AND purpose = 'fees'"],
    ),
    "money moved without a posting": (
        {2},
        [
            f"""
            UPDATE ledger_account SET balance = balance + CASE purpose WHEN 'fees' THEN 7 ELSE -7 END
             WHERE asset_id = {CASH} AND purpose IN ('fees', 'bank')
            """
        ],
    ),
    "a posting that moved nothing": ({2, 9}, [CASH_TRANSFER]),
    "a transfer without a transaction": (
        {2, 9},
        [
            CASH_TRANSFER.replace("min(id)", "max(id) + 100"),
            CASH_TRANSFER.replace("min(id)", "max(id) + 100").replace("bank.id, holder.id", "holder.id, bank.id"),
        ],
    ),
    "a transaction that moves nothing": (
        {2, 9},
        [
            """
            INSERT INTO ledger_transaction (kind, occurred_at, actor, record_id)
            SELECT 'transfer', now(), 'system', min(record_id) FROM ledger_transaction
            """
        ],
    ),
    "serial numbers other than the amount": (
        {2, 5, 9},
        ["UPDATE ledger_transfer SET serials = '{[1,2)}' WHERE serials IS NOT NULL AND amount > 1"],
    ),
    "credits without serial numbers": (
        {2, 5, 9},
        ["UPDATE ledger_transfer SET serials = NULL WHERE id = (SELECT max(id) FROM ledger_transfer WHERE serials IS NOT NULL)"],
    ),
    "more held than there are holds": (
        {3},
        [f"UPDATE ledger_account SET held = held + 1 WHERE asset_id = {CASH} AND held > 0"],
    ),
    "a hold of an account that is not there": (
        {3},
        [
            """
            INSERT INTO ledger_hold (account_id, purpose, remaining, placed_at)
            SELECT max(id) + 100, 'withdrawal', 0, now() FROM ledger_account
            """
        ],
    ),
    "a withdrawal that holds less": (
        {3},
        [
            "UPDATE ledger_hold SET remaining = remaining - 1 WHERE purpose = 'withdrawal'",
            "UPDATE ledger_account SET held = held - 1 WHERE id = (SELECT account_id FROM ledger_hold WHERE purpose = 'withdrawal')",
        ],
    ),
    "a withdrawal without a hold": (
        {3},
        ["UPDATE ledger_payment SET hold_id = NULL WHERE direction = 'withdrawal'"],
    ),
    "a hold of no withdrawal": (
        {3},
        [
            """
            INSERT INTO ledger_hold (account_id, purpose, remaining, placed_at)
            SELECT min(id), 'withdrawal', 0, now() FROM ledger_account
            """
        ],
    ),
    "a finished order that still holds": (
        {3},
        [
            f"UPDATE ledger_hold SET remaining = 1 WHERE id IN ({HOLDS_OF_FINISHED})",
            f"UPDATE ledger_account SET held = held + 1 WHERE id IN (SELECT account_id FROM ledger_hold WHERE id IN ({HOLDS_OF_FINISHED}))",
        ],
    ),
    "a hold of no order": (
        {3},
        [
            """
            INSERT INTO ledger_hold (account_id, purpose, remaining, placed_at)
            SELECT min(id), 'order', 0, now() FROM ledger_account
            """
        ],
    ),
    "a batch that says more than was issued": (
        {4, 9},
        ["UPDATE ledger_batch SET quantity_t = quantity_t + 1 WHERE quantity_t = 5"],
    ),
    "a batch that is gone": (
        {4, 5, 9},
        ["DELETE FROM ledger_batch WHERE quantity_t = 5"],
    ),
    "a block that is lost": (
        {5},
        ["DELETE FROM ledger_serialblock WHERE id = (SELECT max(id) FROM ledger_serialblock)"],
    ),
    "a block at another account": (
        {5},
        ["UPDATE ledger_serialblock SET account_id = account_id + 1 WHERE id = (SELECT max(id) FROM ledger_serialblock)"],
    ),
    "a block outside its batch": (
        {5},
        [
            """
            UPDATE ledger_serialblock SET serials = int8range(lower(serials) + 1000000, upper(serials) + 1000000)
             WHERE id = (SELECT max(id) FROM ledger_serialblock)
            """
        ],
    ),
    "blocks that overlap": (
        {5},
        [
            """
            UPDATE ledger_serialblock SET serials = int8range(lower(serials) - 1, upper(serials) - 1)
             WHERE lower(serials) = (SELECT lower(serials) FROM ledger_serialblock WHERE asset_id =
                    (SELECT min(asset_id) FROM ledger_serialblock) ORDER BY serials DESC LIMIT 1)
            """
        ],
    ),
    "an order that says it is filled further": (
        {6, 8},
        [
            """
            UPDATE trading_order SET filled_t = filled_t - 1
             WHERE id = (SELECT min(id) FROM trading_order WHERE status = 'filled')
            """
        ],
    ),
    "a settlement at another price": (
        {2, 6, 9},
        [
            f"""
            UPDATE ledger_transfer SET amount = amount + 1
             WHERE serials IS NULL AND amount > 20000
               AND transaction_id = (SELECT transaction_id FROM trading_trade WHERE id = {A_TRADE})
            """
        ],
    ),
    "a second settlement": (
        {6, 9},
        [
            """
            INSERT INTO ledger_transaction (kind, occurred_at, actor, idempotency_key, record_id)
            SELECT 'settlement', now(), 'system', 'trade:0', min(record_id) FROM ledger_transaction
            """,
            """
            INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount)
            SELECT (SELECT max(id) FROM ledger_transaction), one.id, other.id, 5
              FROM ledger_account one JOIN ledger_account other ON other.asset_id = one.asset_id AND other.id <> one.id
             WHERE one.purpose IN ('bank', 'fees') AND other.purpose IN ('bank', 'fees')
            """,
        ],
    ),
    "a trade whose settlement is another kind": (
        {6, 9},
        [f"UPDATE ledger_transaction SET kind = 'transfer' WHERE id = (SELECT transaction_id FROM trading_trade WHERE id = {A_TRADE})"],
    ),
    "a record that is lost": (
        {7, 9},
        ["DELETE FROM ledger_record WHERE id = (SELECT min(id) FROM ledger_record WHERE kind = 'batch_issued')"],
    ),
    "a leaf that is lost": ({7}, ["DELETE FROM ledger_logleaf WHERE index = 3"]),
    "a record that waits and is in the log": (
        {7},
        ["INSERT INTO ledger_unsequencedrecord (record_id) SELECT min(id) FROM ledger_record"],
    ),
    "a transaction without a record": (
        {9},
        ["UPDATE ledger_transaction SET record_id = 0 WHERE id = (SELECT min(id) FROM ledger_transaction)"],
    ),
    "a trade at another price": (
        {6, 8, 9},
        [f"UPDATE trading_trade SET price_fen = price_fen + 1 WHERE id = {A_TRADE}"],
    ),
    "sides that were swapped": (
        {8, 9},
        [f"UPDATE trading_trade SET taker_side = CASE taker_side WHEN 'buy' THEN 'sell' ELSE 'buy' END WHERE id = {A_TRADE}"],
    ),
    "an instruction that is lost": (
        {8, 9},
        ["DELETE FROM trading_executedinstruction WHERE sequence = 2"],
    ),
    "an instruction that says something else": (
        {8, 9},
        ["UPDATE trading_executedinstruction SET content = replace(content, '4000', '4001') WHERE sequence = 1"],
    ),
    "an instruction at the end that is lost": (
        {8, 9},
        ["DELETE FROM trading_executedinstruction WHERE sequence = (SELECT max(sequence) FROM trading_executedinstruction)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BREACHES)
def test_what_is_broken_is_reported_and_nothing_else(books, what):
    numbers, statements = BREACHES[what]
    tamper(*statements, without=[COVERED, ("ledger_serialblock", "serial_in_one_block")])
    assert {number for number, _ in broken()} == numbers


def test_the_command_prints_a_line_for_each_and_succeeds(books):
    out = StringIO()
    call_command("reconcile", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(reconcile())
    assert all(re.match(r"holds   [1-9]  \S", line) for line in lines)


def test_the_command_fails_and_says_what_is_broken(books):
    tamper("UPDATE ledger_account SET balance = balance + 7 WHERE purpose = 'fees'")
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("reconcile", stdout=out)
    assert end.value.code == 1
    lines = out.getvalue().splitlines()
    assert "BROKEN  1  per asset, all balances sum to zero" in lines
    assert "           asset=CNY, sum=7" in lines
    assert sum(line.startswith("BROKEN") for line in lines) == 2
