"""Let the desk find what is rare among millions of rows: each index leaves out what the settlement of trades writes.

Built beside the writers, hence outside a transaction.
"""

from django.db import migrations

INDEXES = {
    # A kind of transaction other than settlements, newest first.
    "transaction_by_kind": "ledger_transaction (kind, id) WHERE kind <> 'settlement'",
    # What a person posted; settlements are the system's.
    "transaction_by_actor": "ledger_transaction (actor, id) WHERE actor <> 'system'",
    # Every record but those of transactions, which are found from their rows.
    "record_by_kind": "ledger_record (kind, id) WHERE kind <> 'transaction_posted'",
    # Canonical JSON begins with its first key: {"actor":"user:<36 characters>" are 52 bytes.
    "record_by_actor": """ledger_record (substring(entry from 1 for 52), id)
                          WHERE substring(entry from 1 for 17) <> '{"actor":"system"'""",
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ledger", "0009_reconciliation_runs")]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}",
            f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        )
        for name, definition in INDEXES.items()
    ]
