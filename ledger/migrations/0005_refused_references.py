"""The bank reference of a refused payment may be entered again."""

from django.db import migrations, models
from django.db.models import Q

NAME = "payment_bank_reference_once"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_parcel_boxes")]

    operations = [
        migrations.RemoveConstraint("payment", NAME),
        migrations.AddConstraint(
            "payment",
            models.UniqueConstraint(
                fields=["direction", "bank_reference"],
                condition=~Q(bank_reference="") & ~Q(status="refused"),
                name=NAME,
            ),
        ),
    ]
