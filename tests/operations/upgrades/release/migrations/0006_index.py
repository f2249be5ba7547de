"""An index while rows are written."""

from django.db import migrations, models

from config.operations.upgrades.operations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("release", "0005_state")]
    operations = [AddIndexOnline("NotedOrder", models.Index(fields=["noted_t"], name="orders_noted"))]
