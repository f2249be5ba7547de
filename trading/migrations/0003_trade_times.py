"""The last day's trades are found without reading all: trades lie in the table in the order of their times."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trading", "0002_append_only")]

    operations = [
        migrations.AddIndex(
            "trade",
            BrinIndex(fields=["executed_at"], name="trade_times", pages_per_range=32, autosummarize=True),
        )
    ]
