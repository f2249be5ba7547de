"""E-mails that go out together, and endpoints that have asked for a pause."""

import django.db.models.deletion
from django.db import migrations, models

from config.operations.upgrades.operations import AddIndexOnline


class Migration(migrations.Migration):
    # Indexes are made while messages are written.
    atomic = False

    dependencies = [
        ("ledger", "0031_incidents"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="resting_until",
            field=models.DateTimeField(null=True, verbose_name="asks for no call until"),
        ),
        migrations.AddField(
            model_name="noticesettings",
            name="pace",
            field=models.CharField(
                choices=[
                    ("at_once", "at once, one for each"),
                    ("bundled", "bundled, within minutes"),
                    ("daily", "once a day, at 8:00"),
                ],
                db_default="bundled",
                default="bundled",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="may_be_bundled",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="message",
            name="bundle",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="bundled",
                to="ledger.message",
                verbose_name="sent with",
            ),
        ),
        AddIndexOnline(
            model_name="message",
            index=models.Index(
                condition=models.Q(("bundle__isnull", False)), fields=["bundle"], name="messages_of_bundle"
            ),
        ),
        AddIndexOnline(
            model_name="message",
            index=models.Index(
                condition=models.Q(("may_be_bundled", True)), fields=["person", "-sent_at"], name="messages_bundled_of"
            ),
        ),
    ]
