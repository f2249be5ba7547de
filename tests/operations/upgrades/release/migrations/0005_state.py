"""What Django knows of the table, so that the index has a model."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("release", "0004_valid")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[],
            state_operations=[
                migrations.CreateModel(
                    name="NotedOrder",
                    fields=[("id", models.BigAutoField(primary_key=True)), ("noted_t", models.BigIntegerField(null=True))],
                    options={"db_table": "trading_order", "managed": True},
                )
            ],
        )
    ]
