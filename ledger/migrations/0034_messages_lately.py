"""What was sent to a person lately."""

from django.db import migrations, models

from config.operations.upgrades.operations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("ledger", "0033_message_bundles"),
    ]

    operations = [
        AddIndexOnline(
            model_name="message",
            index=models.Index(condition=models.Q(("may_be_bundled", True)), fields=["person", "-sent_at"], name="messages_bundled_of"),
        ),
    ]
