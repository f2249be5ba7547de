"""Fill the column in batches, each committed."""

from django.db import migrations

from config.operations.upgrades.batches import in_batches

FILL = "UPDATE trading_order SET noted_t = quantity_t WHERE id BETWEEN %(first)s AND %(last)s AND noted_t IS NULL"


def fill(apps, schema_editor):
    in_batches("trading_order", FILL, size=200, say=lambda _line: None)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("release", "0002_constraint")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
