"""Parcels are found by where they are."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            (SQL / "parcel_boxes.sql").read_text(encoding="utf-8"),
            (SQL / "parcel_boxes_undo.sql").read_text(encoding="utf-8"),
        )
    ]
