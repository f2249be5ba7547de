"""The database refuses more, checkpoints name the one before them, and reconciliation reads the log by SQL."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0010_searches_of_the_desk")]

    operations = [
        migrations.RunSQL(
            (SQL / "guards.sql").read_text(encoding="utf-8"),
            (SQL / "guards_undo.sql").read_text(encoding="utf-8"),
        ),
        migrations.AddField("checkpoint", "previous_size", models.BigIntegerField(default=0)),
        migrations.RunSQL(
            (SQL / "checkpoint_chain.sql").read_text(encoding="utf-8"), migrations.RunSQL.noop
        ),
    ]
