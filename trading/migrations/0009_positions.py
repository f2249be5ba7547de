"""Keep what positions came to day by day, and let the database reckon them."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("trading", "0008_book_entries"), ("ledger", "0023_log_follower")]

    operations = [
        migrations.CreateModel(
            name="PositionDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("through_id", models.BigIntegerField()),
                ("tonnes", models.BigIntegerField(verbose_name="tonnes")),
                ("cost_fen", models.DecimalField(decimal_places=0, max_digits=38, verbose_name="cost in fen")),
                (
                    "realised_fen",
                    models.DecimalField(decimal_places=0, max_digits=38, verbose_name="realised profit in fen"),
                ),
                (
                    "used_fen",
                    models.DecimalField(
                        decimal_places=0, max_digits=38, verbose_name="cost of what was used, in fen"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "position at the end of a day",
                "verbose_name_plural": "positions at the end of a day",
            },
        ),
        migrations.RunSQL((SQL / "positions.sql").read_text(), (SQL / "positions_undo.sql").read_text()),
    ]
