"""Records are found by what they are about."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_cosignatures")]

    operations = [
        migrations.RunSQL(
            (SQL / "record_subjects.sql").read_text(encoding="utf-8"),
            (SQL / "record_subjects_undo.sql").read_text(encoding="utf-8"),
        )
    ]
