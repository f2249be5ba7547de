"""Migrations since the last release hold up nobody; and those that would are named."""

from pathlib import Path

import pytest
from django.db import migrations

from config.operations.upgrades import lint

pytestmark = pytest.mark.django_db


def test_no_migration_since_the_last_release_holds_up_trading():
    loader = lint.loader()
    assert list(lint.problems(loader, lint.new_migrations(loader))) == []


def test_the_release_that_the_tests_migrate_is_as_the_rules_say():
    """As SQL; its Python is read below."""
    folder = Path(__file__).with_name("release") / "migrations"
    statements = []
    for name in ("0001_column", "0002_constraint", "0004_valid"):
        scope = {}
        exec((folder / f"{name}.py").read_text(), scope)
        statements.append("".join(each.sql + ";\n" for each in scope["Migration"].operations))
    assert [lint.of_sql(each) for each in statements] == [[], [], []]


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("adding-field-with-default", "ALTER TABLE trading_order ADD COLUMN x uuid DEFAULT gen_random_uuid()"),
        ("require-concurrent-index-creation", "CREATE INDEX i ON trading_order (price_fen)"),
        ("changing-column-type", "ALTER TABLE trading_order ALTER COLUMN price_fen TYPE numeric"),
        ("adding-not-nullable-field", "ALTER TABLE trading_order ALTER COLUMN price_fen SET NOT NULL"),
        ("constraint-missing-not-valid", "ALTER TABLE trading_order ADD CONSTRAINT c CHECK (price_fen > 0)"),
        (
            "constraint-missing-not-valid",
            "BEGIN; ALTER TABLE trading_order ADD CONSTRAINT c CHECK (price_fen > 0) NOT VALID;\n"
            "ALTER TABLE trading_order VALIDATE CONSTRAINT c; COMMIT",
        ),
        ("ban-drop-column", "ALTER TABLE trading_order DROP COLUMN price_fen"),
        ("renaming-column", "ALTER TABLE trading_order RENAME COLUMN price_fen TO price"),
        ("ban-drop-table", "DROP TABLE trading_order"),
        ("disallowed-unique-constraint", "ALTER TABLE trading_order ADD CONSTRAINT u UNIQUE (price_fen)"),
    ],
)
def test_what_blocks_is_named(rule, statement):
    found = lint.of_sql(statement + ";\n")
    assert any(each.startswith(f"{rule}:") for each in found), found


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE trading_order ADD COLUMN x bigint",
        "ALTER TABLE trading_order ADD COLUMN x bigint DEFAULT 0 NOT NULL",
        "CREATE INDEX CONCURRENTLY i ON trading_order (price_fen)",
        "BEGIN; CREATE TABLE fresh (id bigint PRIMARY KEY, a bigint); CREATE INDEX i ON fresh (a); COMMIT",
        "ALTER TABLE trading_order ADD CONSTRAINT c CHECK (price_fen > 0) NOT VALID",
    ],
)
def test_what_blocks_nobody_is_not(statement):
    assert lint.of_sql(statement + ";\n") == []


def nothing(apps, schema_editor):
    pass


def made(**attributes):
    return type("Migration", (migrations.Migration,), attributes)("0099_made", "trading")


def test_python_in_one_transaction_is_named():
    migration = made(operations=[migrations.RunPython(nothing)])
    [problem] = lint.of_python(migration)
    assert problem.startswith("RunPython in one transaction")
    assert (
        list(lint.of_python(made(operations=[migrations.RunPython(nothing)], changes_few_rows="three markets"))) == []
    )
    assert list(lint.of_python(made(operations=[migrations.RunPython(nothing)], atomic=False))) == []


def test_a_second_try_must_not_begin_in_the_middle():
    migration = made(operations=[migrations.RunSQL("SELECT 1"), migrations.RunSQL("SELECT 2")], atomic=False)
    [problem] = lint.of_python(migration)
    assert "one operation a migration" in problem
