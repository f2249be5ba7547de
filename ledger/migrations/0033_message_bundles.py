"""The e-mails that go out with another."""

from django.db import migrations, models

from config.operations.upgrades.operations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("ledger", "0032_bank_accounts"),
    ]

    operations = [
        AddIndexOnline(
            model_name="message",
            index=models.Index(condition=models.Q(("bundle__isnull", False)), fields=["bundle"], name="messages_of_bundle"),
        ),
    ]
