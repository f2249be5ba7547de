"""To which account a withdrawal was paid, and what makes the hash of an account's number say nothing of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0034_messages_lately"),
    ]

    operations = [
        migrations.AddField(
            model_name="bankaccount",
            name="nonce",
            field=models.CharField(blank=True, db_default="", default="", max_length=32, verbose_name="nonce"),
        ),
        migrations.AddField(
            model_name="payment",
            name="bank_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="ledger.bankaccount",
                verbose_name="paid to",
            ),
        ),
    ]
