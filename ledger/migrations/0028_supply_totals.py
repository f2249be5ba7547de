"""Keep where the tonnes of each vintage are, and how many were expected."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0027_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupplyTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vintage", models.PositiveSmallIntegerField(verbose_name="vintage")),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("expected", "expected"),
                            ("held", "held"),
                            ("buffer", "buffer pool"),
                            ("retired", "retired"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=10,
                        verbose_name="place",
                    ),
                ),
                ("quantity_t", models.BigIntegerField(verbose_name="tonnes")),
            ],
            options={
                "verbose_name": "sum of supply",
                "verbose_name_plural": "sums of supply",
                "constraints": [models.UniqueConstraint(fields=("vintage", "place"), name="supply_total_once")],
            },
        ),
    ]
