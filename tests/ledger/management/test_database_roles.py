"""The application's role: made, mended, and compared with what it should be."""

from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.database_roles import ROLE, differences, set_up_role
from tests.database import application_url, as_owner

pytestmark = pytest.mark.django_db


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def command(*arguments):
    out = StringIO()
    with as_owner():
        call_command("database_roles", *arguments, stdout=out)
    return out.getvalue()


def test_the_role_that_the_suite_works_as_is_as_it_should_be():
    assert differences(ROLE) == []


def test_a_second_run_changes_nothing():
    with as_owner():
        set_up_role(ROLE)
        set_up_role(ROLE)
    assert command() == f"{ROLE} has what the application needs, and no more.\n"


def test_another_role_is_made_that_may_not_log_in():
    command("--name", "other_app")
    assert differences("other_app") == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolinherit FROM pg_roles WHERE rolname = 'other_app'")
        assert cursor.fetchone() == (False, False)


def test_the_role_logs_in_with_its_password_and_no_other():
    with psycopg.connect(application_url()) as session:
        assert session.execute("SELECT session_user, current_user").fetchone() == (ROLE, ROLE)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SET ROLE tianhui")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(application_url().replace(f"{ROLE}:", f"{ROLE}:x"))


def test_the_command_makes_the_role_that_the_application_logs_in_as(monkeypatch):
    monkeypatch.setenv("MIGRATIONS_DATABASE_URL", "postgresql://owner:x@db.example/tianhui")
    monkeypatch.setenv("DATABASE_URL", "postgresql://third_app:rice@db.example/tianhui")
    assert command() == "third_app has what the application needs, and no more.\n"
    with connection.cursor() as cursor, as_owner():
        cursor.execute(
            "SELECT rolcanlogin, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'third_app'"
        )
        assert cursor.fetchone() == (True, True)


def test_a_new_table_is_nobodys_until_the_command_is_run_again():
    with as_owner():
        run("CREATE TABLE paddy (id bigserial PRIMARY KEY, name text)", "CREATE TABLE sheaf (id bigserial PRIMARY KEY)")
        run("SELECT make_append_only('sheaf')")
        assert differences(ROLE) == [
            f"paddy: {ROLE} lacks INSERT, SELECT, UPDATE",
            f"sheaf: {ROLE} lacks INSERT, SELECT",
            f"paddy_id_seq: {ROLE} lacks USAGE",
            f"sheaf_id_seq: {ROLE} lacks USAGE",
        ]
        set_up_role(ROLE)
        assert differences(ROLE) == []
    run(
        "INSERT INTO paddy (name) VALUES ('long')",
        "UPDATE paddy SET name = 'longshan'",
        "INSERT INTO sheaf DEFAULT VALUES",
    )


TOO_MUCH = {
    f"ledger_transfer: {ROLE} has UPDATE too many": f"GRANT UPDATE (amount) ON ledger_transfer TO {ROLE}",
    f"ledger_trade_or_not: {ROLE} has DELETE too many": (
        f"CREATE TABLE ledger_trade_or_not (id int); GRANT DELETE ON ledger_trade_or_not TO PUBLIC; "
        f"GRANT SELECT, INSERT, UPDATE ON ledger_trade_or_not TO {ROLE}"
    ),
    f"trading_trade: {ROLE} has TRUNCATE too many": f"GRANT TRUNCATE ON trading_trade TO {ROLE}",
    f"ledger_batch: {ROLE} has TRIGGER too many": f"GRANT TRIGGER ON ledger_batch TO {ROLE}",
    f"ledger_record_id_seq: {ROLE} has UPDATE too many": f"GRANT UPDATE ON SEQUENCE ledger_record_id_seq TO {ROLE}",
    f"{ROLE} is SUPERUSER": f"ALTER ROLE {ROLE} SUPERUSER",
    f"{ROLE} is CREATEROLE": f"ALTER ROLE {ROLE} CREATEROLE",
    f"{ROLE} is a member of pg_write_all_data": f"GRANT pg_write_all_data TO {ROLE}",
    f"{ROLE} may create in the schema": f"GRANT CREATE ON SCHEMA public TO {ROLE}",
    f"{ROLE} may create temporary tables": (
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$"
    ),
    f"{ROLE} has rights to tables that tianhui is yet to create": (
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT UPDATE ON TABLES TO {ROLE}"
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_whatever_the_role_has_too_much_is_named_and_taken_away(what):
    with as_owner():
        run(TOO_MUCH[what])
        assert what in differences(ROLE)
        set_up_role(ROLE)
        assert differences(ROLE) == []


BEYOND_MENDING = {
    f"{ROLE} owns ours": f"CREATE TABLE ours (id int); ALTER TABLE ours OWNER TO {ROLE}",
    f"{ROLE} may switch triggers off (session_replication_role)": (
        f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}"
    ),
    f"{ROLE} works as another role in ours()": (
        "CREATE FUNCTION ours() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    ),
}


@pytest.mark.parametrize("what", BEYOND_MENDING)
def test_a_way_round_that_somebody_must_look_at_fails_the_command(what):
    out = StringIO()
    with as_owner():
        run(BEYOND_MENDING[what])
        with pytest.raises(SystemExit) as end:
            call_command("database_roles", stdout=out)
    assert end.value.code == 1
    assert f"BROKEN  {what}\n" in out.getvalue()


def test_the_check_changes_nothing():
    out = StringIO()
    with as_owner():
        run(f"GRANT UPDATE ON ledger_transfer TO {ROLE}")
        for _ in range(2):
            with pytest.raises(SystemExit) as end:
                call_command("database_roles", "--check", stdout=out)
            assert end.value.code == 1
    assert out.getvalue() == f"BROKEN  ledger_transfer: {ROLE} has UPDATE too many\n" * 2


def test_a_role_that_is_not_there_is_missed():
    assert differences("nobody_here") == ["there is no role nobody_here"]


def test_the_owner_itself_is_refused():
    with pytest.raises(CommandError, match="tianhui owns the schema or is who is connected"):
        command("--name", "tianhui")


def test_whoever_does_not_own_the_schema_is_told_so():
    with pytest.raises(CommandError, match="Do this as the owner of the schema, who must be allowed to make roles"):
        call_command("database_roles", "--name", "other_app")
