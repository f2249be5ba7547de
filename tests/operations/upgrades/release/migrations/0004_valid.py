"""Validate in a transaction of its own: rows are read, and written meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("release", "0003_backfill")]
    operations = [
        migrations.RunSQL("ALTER TABLE trading_order VALIDATE CONSTRAINT noted_is_quantity", migrations.RunSQL.noop)
    ]
