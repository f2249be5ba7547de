"""What the database itself refuses, whoever asks: here somebody with SQL and no good intentions.

First as the application's role, in which the whole suite runs; then as the owner of the tables, guards and constraints on.
Each refusal is known by its SQLSTATE, or by the name of the constraint.
"""

import contextlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from config.database_roles import ROLE
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.services import retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.journal.bank.services import import_statement
from ledger.journal.payouts import request_payout
from ledger.models import Account, MonitoringReport, Transaction
from ledger.parties.security.services import record_security_event
from ledger.projects.reports import correct_report
from ledger.transparency.sequencer import sequence_log
from tests.database import append_only_tables, as_owner
from tests.factories import PRACTICES, MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory, UserFactory
from tests.scenes import (
    accepted,
    find,
    households_of,
    issue_to_cooperative,
    market_for,
    pay_in,
    plan_of,
    report_year,
    sell,
)
from tests.statements import sample
from trading.execution.runs import run_nightly
from trading.execution.services import execute_market
from trading.models import Trade
from trading.orders.services import NewOrder, place_order
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.services import change_thresholds, take_up_alert
from trading.surveillance.watching import run_rule

NO_PRIVILEGE = "42501"
APPEND_ONLY = "23001"
UNIQUE = "23505"
NOT_NULL = "23502"
CHECK = "23514"
OVERLAP = "23P01"
AT_LEAST = {
    "ledger_batch",
    "ledger_checkpoint",
    "ledger_logleaf",
    "ledger_logtile",
    "ledger_record",
    "ledger_retirement",
    "ledger_transaction",
    "ledger_transfer",
    "trading_alert",
    "trading_alertstep",
    "trading_executedinstruction",
    "trading_rulechange",
    "trading_trade",
}


def run(sql, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


@contextlib.contextmanager
def refused(sqlstate, name=None):
    """Expect a refusal for this very reason: by the constraint of that name, or for the column that may not be null."""
    with pytest.raises(DatabaseError) as caught:
        yield
    reason = caught.value.__cause__
    named = reason.diag.column_name if sqlstate == NOT_NULL else reason.diag.constraint_name
    assert (reason.sqlstate, named) == (sqlstate, name), str(reason)


def owner_is_refused(sqlstate, sql, *params):
    """Expect that even the owner of the tables is refused, for this very reason."""
    with refused(sqlstate), as_owner():
        run(sql, *params)


@pytest.fixture
def books(who):
    """Have at least one row in every append-only table; return the batch."""
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 1_000_000)
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 50))
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 20))
    execute_market(market.pk)
    retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=5, beneficiary_name="A", purpose="own_footprint")
    sequence_log()
    run_nightly()
    run("INSERT INTO ledger_logtile (level, number, hashes, root) VALUES (0, 0, 'x', 'x')")
    run(
        "INSERT INTO ledger_cosignature (checkpoint_id, name, key_id, line, signed_at, received_at) "
        "SELECT tree_size, 'w', 'x', 'x', now(), now() FROM ledger_checkpoint"
    )
    import_statement(actor=who.treasurer, content=sample("june-daily.camt.053.001.02.xml"))
    few = {"percent": 50, "least_t": 1}
    change_thresholds(actor=who.registrar, rule=Rule.HOLDING, thresholds=few, reason="A small batch.")
    [alert] = run_rule(RULES[Rule.HOLDING])
    take_up_alert(actor=who.registrar, alert_id=alert.id)
    return batch


@pytest.fixture
def registry(who, books):
    """Have at least one row in every append-only table of reports and of what is shared."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P")
    finding = find(who, accepted(who, report_year(who, project)))
    shorter = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
    correct_report(actor=who.cooperative, report_id=finding.report_id, practices={"P": shorter})
    households = households_of(who, books.project, ["1", "2"])
    plan_of(who, area_bps=5_000, contribution_bps=5_000, contributions={households[0].code: 1})
    sell(who, books.asset.market, 1)
    share_waiting_proceeds()
    request_payout(actor=who.cooperative)
    cancel_credits(actor=who.buyer, batch_id=books.pk, quantity_t=1, reason="no_claim")
    record_security_event(user=who.buyer.user, kind="logged_in")


# What the application's role may not even try


def test_the_suite_runs_as_the_applications_role(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (ROLE, False, False)


def test_the_role_has_no_right_to_change_what_is_written_once(books):
    """It is refused before any trigger is asked."""
    for table in append_only_tables():
        for sql in (
            f"UPDATE {table} SET {first_column(table)} = NULL",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with refused(NO_PRIVILEGE):
                run(sql)


def test_the_role_neither_switches_guards_off_nor_takes_them_away(books):
    for sql in (
        "SET LOCAL session_replication_role = replica",
        "ALTER TABLE ledger_transfer DISABLE TRIGGER append_only_rows",
        "DROP TRIGGER append_only_rows ON ledger_transfer",
        "ALTER TABLE ledger_account DROP CONSTRAINT account_covers_its_holds",
        "DROP TABLE ledger_transfer CASCADE",
        "CREATE TABLE ours (id int)",
        "CREATE TEMPORARY TABLE ours (id int)",
        "SELECT setval('ledger_transfer_id_seq', 1)",
        "UPDATE django_migrations SET name = name",
        f"ALTER ROLE {ROLE} SUPERUSER",
    ):
        with refused(NO_PRIVILEGE):
            run(sql)


# What is written once


def test_no_guard_is_missing(db):
    assert set(append_only_tables()) >= AT_LEAST
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only_truncate' ORDER BY 1"
        )
        assert [row[0] for row in cursor.fetchall()] == append_only_tables()


def first_column(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table])
        return f'"{cursor.fetchone()[0]}"'


def test_what_is_written_once_is_neither_changed_nor_deleted(books, registry):
    for table in append_only_tables():
        column = first_column(table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT FROM {table} LIMIT 1")
            assert cursor.rowcount == 1, f"{table} is empty: no row would be refused"
        owner_is_refused(APPEND_ONLY, f"UPDATE {table} SET {column} = {column}")
        owner_is_refused(APPEND_ONLY, f"DELETE FROM {table}")


def test_what_is_written_once_is_not_truncated(db):
    for table in append_only_tables():
        owner_is_refused(APPEND_ONLY, f"TRUNCATE {table} CASCADE")
        owner_is_refused(APPEND_ONLY, f"TRUNCATE {table} RESTART IDENTITY CASCADE")


def test_a_guarded_table_is_not_truncated_by_way_of_another(db):
    owner_is_refused(APPEND_ONLY, "TRUNCATE ledger_project CASCADE")


def test_the_serial_numbers_that_a_transfer_moved_are_history(books):
    owner_is_refused(APPEND_ONLY, "UPDATE ledger_transfer SET serials = NULL")


def test_an_upsert_is_no_way_round(books):
    upsert = """
        INSERT INTO ledger_transaction (id, kind, occurred_at, actor, record_id)
        SELECT id, 'transfer', occurred_at, actor, record_id FROM ledger_transaction LIMIT 1
            ON CONFLICT (id) DO UPDATE SET kind = 'reversal'
    """
    owner_is_refused(APPEND_ONLY, upsert)
    with refused(NO_PRIVILEGE):
        run(upsert)


# Balances and serial numbers


def test_a_balance_is_never_negative(books, who):
    account = Account.objects.get(organisation=who.buyer.organisation, asset=books.asset)
    with refused(CHECK, "account_covers_its_holds"):
        run("UPDATE ledger_account SET balance = -1 WHERE id = %s", account.pk)


def test_no_more_is_held_than_there_is_and_no_less_than_nothing(books, who):
    account = Account.objects.get(organisation=who.buyer.organisation, asset=books.asset)
    for held in ("balance + 1", "-1"):
        with refused(CHECK, "account_covers_its_holds"):
            run(f"UPDATE ledger_account SET held = {held} WHERE id = %s", account.pk)


def test_nothing_is_held_on_a_source(books):
    with refused(CHECK, "account_covers_its_holds"):
        run("UPDATE ledger_account SET held = 1 WHERE purpose = 'bank'")


def test_a_hold_is_never_negative(books):
    with refused(CHECK, "hold_is_never_negative"):
        run("UPDATE ledger_hold SET remaining = -1")


def test_the_systems_accounts_are_nobodys_and_the_others_somebodys(books, who):
    with refused(CHECK, "account_belongs_to_someone_or_the_system"):
        run("UPDATE ledger_account SET purpose = 'bank' WHERE organisation_id = %s", who.buyer.organisation_id)
    with refused(CHECK, "account_belongs_to_someone_or_the_system"):
        run("UPDATE ledger_account SET organisation_id = NULL WHERE organisation_id = %s", who.buyer.organisation_id)


def test_a_position_has_one_account_also_the_systems(books):
    with refused(UNIQUE, "account_once"):
        run(
            """
            INSERT INTO ledger_account (organisation_id, asset_id, purpose, balance, held)
            SELECT NULL, asset_id, purpose, 0, 0 FROM ledger_account WHERE purpose = 'bank'
            """
        )


def test_a_serial_number_is_in_one_block(books):
    for serials in ("serials", "int8range(lower(serials), lower(serials) + 1)", "int8range(upper(serials) - 1, NULL)"):
        with refused(OVERLAP, "serial_in_one_block"):
            run(
                f"""
                INSERT INTO ledger_serialblock (account_id, asset_id, serials)
                SELECT account_id, asset_id, {serials} FROM ledger_serialblock ORDER BY serials LIMIT 1
                """
            )


def test_a_block_is_not_stretched_over_its_neighbour(books):
    with refused(OVERLAP, "serial_in_one_block"):
        run(
            """
            UPDATE ledger_serialblock SET serials = int8range(lower(serials), upper(serials) + 1)
             WHERE id = (SELECT id FROM ledger_serialblock ORDER BY serials LIMIT 1)
            """
        )


def test_a_block_has_numbers(books):
    with refused(CHECK, "serial_block_not_empty"):
        run("UPDATE ledger_serialblock SET serials = 'empty'")


def test_there_is_one_counter_of_serial_numbers(books):
    with refused(CHECK, "serial_counter_is_one"):
        run("INSERT INTO ledger_serialcounter (id, next_serial) VALUES (2, 1)")


def test_a_transfer_moves_something_between_two(books):
    insert = """
        INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount)
        SELECT transaction_id, debit_account_id, {}, {} FROM ledger_transfer LIMIT 1
    """
    for amount in ("0", "-1"):
        with refused(CHECK, "transfer_moves_something"):
            run(insert.format("credit_account_id", amount))
    with refused(CHECK, "transfer_between_two"):
        run(insert.format("debit_account_id", "1"))


# Once and only once


BATCH = """
    INSERT INTO ledger_batch (project_id, report_id, asset_id, vintage, tranche, serials, quantity_t, buffer_t,
                              transaction_id, issued_by_id, issued_at)
    SELECT project_id, {report}, {asset}, {vintage}, tranche, {serials}, 1, 0, {transaction}, issued_by_id, issued_at
      FROM ledger_batch
"""
ELSEWHERE = {
    "report": "report_id + 1000",
    "asset": "asset_id + 1000",
    "vintage": "vintage + 1",
    "serials": "int8range(900000, 900001)",
    "transaction": "transaction_id + 1000",
}


@pytest.mark.parametrize(
    ("column", "same", "sqlstate", "constraint"),
    [
        ("report", "report_id", CHECK, "report_issued_when_all_is"),
        ("asset", "asset_id", UNIQUE, "ledger_batch_asset_id_key"),
        ("vintage", "vintage", UNIQUE, "batch_tranche_once_a_vintage"),
        ("serials", "serials", OVERLAP, "serial_in_one_batch"),
        ("serials", "int8range(upper(serials) - 1, upper(serials) + 5)", OVERLAP, "serial_in_one_batch"),
        ("transaction", "transaction_id", UNIQUE, "ledger_batch_transaction_id_key"),
    ],
)
def test_a_batch_is_issued_once(books, column, same, sqlstate, constraint):
    """No more than a report comes to, once for a part of a vintage, an asset, a posting; and no serial number in two."""
    with refused(sqlstate, constraint):
        run(BATCH.format(**(ELSEWHERE | {column: same})))


def test_a_vintage_has_one_report(books):
    report = MonitoringReport.objects.get()
    copy = ReportFactory(project=report.project, vintage=report.vintage - 1)
    sql = "UPDATE ledger_monitoringreport SET (vintage, period_starts_on, period_ends_on) = (%s, %s, %s) WHERE id = %s"
    with refused(UNIQUE, "report_once_a_vintage"):
        run(sql, report.vintage, report.period_starts_on, report.period_ends_on, copy.pk)


def test_a_report_is_issued_once_also_where_its_batch_is_not_written(books):
    """The posting of an issuance names its report in a key that no other has."""
    with refused(UNIQUE, "transaction_key_once"):
        run(POSTED, "issuance", Transaction.objects.get(kind="issuance").idempotency_key)


POSTED = """
    INSERT INTO ledger_transaction (kind, occurred_at, actor, idempotency_key, record_id)
    SELECT %s, occurred_at, actor, %s, record_id FROM ledger_transaction LIMIT 1
"""


def test_a_trade_is_settled_once(books):
    """Its settlement is named in it, which cannot be changed, and settles no other; and names it in a key of its own."""
    trade = Trade.objects.get()
    owner_is_refused(APPEND_ONLY, "UPDATE trading_trade SET transaction_id = transaction_id + 1")
    assert Transaction.objects.get(kind="settlement").idempotency_key == f"trade:{trade.pk}"
    with refused(UNIQUE, "transaction_key_once"):
        run(POSTED, "settlement", f"trade:{trade.pk}")
    for key in (None, "another"):
        with refused(CHECK, "settlement_names_its_trade"):
            run(POSTED, "settlement", key)
    insert = """
        INSERT INTO trading_trade (market_id, sequence, buy_order_id, sell_order_id, taker_side, price_fen, quantity_t,
                                   buyer_fee_fen, seller_fee_fen, transaction_id, executed_at)
        SELECT market_id, sequence, buy_order_id, sell_order_id, taker_side, price_fen, quantity_t, buyer_fee_fen,
               seller_fee_fen, {}, executed_at FROM trading_trade WHERE id = %s
    """
    with refused(UNIQUE, "trading_trade_transaction_id_key"):
        run(insert.format("transaction_id"), trade.pk)
    with refused(NOT_NULL, "transaction_id"):
        run(insert.format("NULL"), trade.pk)


def test_an_instruction_is_executed_once(books):
    with refused(UNIQUE, "instruction_sequence_once"):
        run(
            """
            INSERT INTO trading_executedinstruction (market_id, sequence, kind, order_id, content, executed_at)
            SELECT market_id, sequence, kind, order_id, content, executed_at FROM trading_executedinstruction LIMIT 1
            """
        )


def test_a_record_has_one_place_in_the_log(books):
    with refused(UNIQUE, "ledger_logleaf_record_id_key"):
        run(
            """
            INSERT INTO ledger_logleaf (index, record_id, leaf_hash)
            SELECT index + 1000, record_id, leaf_hash FROM ledger_logleaf LIMIT 1
            """
        )


def test_a_client_order_id_is_used_once_by_an_organisation(books):
    with refused(UNIQUE, "client_order_id_once"):
        run(
            "UPDATE trading_order SET client_order_id = 'b', organisation_id = (SELECT min(organisation_id) FROM trading_order)"
        )


def test_an_order_is_never_filled_beyond_its_quantity(books):
    with refused(CHECK, "order_in_bounds"):
        run("UPDATE trading_order SET filled_t = quantity_t + 1")


def test_a_transaction_is_reversed_once(books):
    now = timezone.now()
    insert = """
        INSERT INTO ledger_transaction (kind, occurred_at, actor, reverses_id, record_id)
        SELECT 'reversal', %s, 'system', min(id), min(record_id) FROM ledger_transaction
    """
    run(insert, now)
    with refused(UNIQUE, "ledger_transaction_reverses_id_key"):
        run(insert, now)


def test_a_reversal_names_what_it_reverses_and_nothing_else_does(books):
    with refused(CHECK, "transaction_reverses_where_it_is_a_reversal"):
        run(POSTED, "reversal", None)
    with refused(CHECK, "transaction_reverses_where_it_is_a_reversal"):
        run(
            """
            INSERT INTO ledger_transaction (kind, occurred_at, actor, reverses_id, record_id)
            SELECT 'transfer', occurred_at, actor, id, record_id FROM ledger_transaction LIMIT 1
            """
        )


def test_a_transaction_is_of_a_kind_that_there_is(books):
    for kind in ("gift", "", "Deposit"):
        with refused(CHECK, "transaction_kind_known"):
            run(POSTED, kind, None)
    for kind in set(Transaction.Kind.values) - {"settlement", "reversal"}:
        assert run(POSTED, kind, None) == 1


def test_accounts_and_assets_are_of_kinds_that_there_are(books):
    with refused(CHECK, "account_purpose_known"):
        run("UPDATE ledger_account SET purpose = 'till' WHERE purpose = 'retired'")
    with refused(CHECK, "asset_kind_known"):
        run("UPDATE ledger_asset SET kind = 'gold'")
    for purpose in set(Account.Purpose.values) - {"holding", "share", "bank", "issuance"}:
        assert run("UPDATE ledger_account SET purpose = %s WHERE purpose = 'retired'", purpose) == 1
        run("UPDATE ledger_account SET purpose = 'retired' WHERE purpose = %s", purpose)


# Four eyes


@pytest.mark.parametrize("column", ["prepared_by_id", "verified_by_id"])
def test_nobody_approves_what_they_prepared_or_verified(db, column):
    report = ReportFactory()
    with refused(CHECK, "report_approved_by_another"):
        run(f"UPDATE ledger_monitoringreport SET approved_by_id = {column} WHERE id = %s", report.pk)


def test_nobody_verifies_what_they_prepared(db):
    ReportFactory()
    with refused(CHECK, "report_verified_by_another"):
        run("UPDATE ledger_monitoringreport SET verified_by_id = prepared_by_id")


def test_nothing_is_approved_that_was_not_verified(db):
    ReportFactory()
    with refused(CHECK, "report_approved_only_when_verified"):
        run("UPDATE ledger_monitoringreport SET verified_by_id = NULL")


def test_a_report_is_the_sum_of_its_parts(db):
    ReportFactory()
    with refused(CHECK, "report_parts_make_the_whole"):
        run("UPDATE ledger_monitoringreport SET net_t = net_t + 1")


@pytest.mark.parametrize("column", ["created_by_id", "validated_by_id"])
def test_nobody_registers_what_they_began_or_validated(db, column):
    ProjectFactory(validated_by=UserFactory())
    with refused(CHECK, "project_validated_and_registered_by_two"):
        run(f"UPDATE ledger_project SET registered_by_id = {column}")


def test_nobody_decides_on_a_payment_that_they_entered(who):
    pay_in(who, who.buyer, 1)
    with refused(CHECK, "payment_decided_by_another"):
        run("UPDATE ledger_payment SET decided_by_id = requested_by_id")


def test_nobody_approves_the_organisation_that_they_applied_for(who):
    with refused(CHECK, "organisation_approved_by_another"):
        run(
            "UPDATE ledger_organisation SET applied_by_id = %s, approved_by_id = %s",
            who.buyer.user_id,
            who.buyer.user_id,
        )


def test_a_person_acts_for_one_organisation(who):
    with refused(UNIQUE, "membership_one_a_person"):
        MembershipFactory(user=who.buyer.user)


def test_a_payment_is_more_than_nothing(who):
    pay_in(who, who.buyer, 1)
    with refused(CHECK, "payment_is_positive"):
        run("UPDATE ledger_payment SET amount_fen = 0")


def test_a_market_keeps_its_rules_within_bounds(who):
    market = market_for(who, issue_to_cooperative(who, 1))
    for change in ("tick_size_fen = 0", "lot_size_t = 0", "band_percent = 100", "reference_price_fen = 0"):
        with refused(CHECK, "market_rules_in_bounds"):
            run(f"UPDATE trading_market SET {change} WHERE id = %s", market.pk)
    with refused(CHECK, "market_makers_pay_no_more"):
        run("UPDATE trading_market SET maker_fee_bps = 5 WHERE id = %s", market.pk)
