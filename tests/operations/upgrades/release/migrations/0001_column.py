"""A column that may be empty: no row is touched."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trading", "0009_positions")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE trading_order ADD COLUMN noted_t bigint",
            "ALTER TABLE trading_order DROP COLUMN noted_t",
        )
    ]
