"""The database itself refuses to change what is written once."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_tables"), ("ledger", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            (SQL / "append_only.sql").read_text(encoding="utf-8"),
            (SQL / "append_only_undo.sql").read_text(encoding="utf-8"),
        )
    ]
