"""E-mails that go out together, endpoints that have asked for a pause, and where organisations' money is paid out to."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _person(words, **more):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        verbose_name=words,
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0031_incidents"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bank", models.CharField(max_length=200, verbose_name="bank")),
                ("number", models.CharField(max_length=64, verbose_name="account number")),
                (
                    "status",
                    models.CharField(
                        choices=[("requested", "requested"), ("confirmed", "confirmed"), ("refused", "refused")],
                        default="requested",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("requested_at", models.DateTimeField(verbose_name="entered at")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                ("decided_by", _person("decided by", null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_accounts",
                        to="ledger.organisation",
                        verbose_name="organisation",
                    ),
                ),
                ("requested_by", _person("entered by")),
            ],
            options={
                "verbose_name": "bank account of an organisation",
                "verbose_name_plural": "bank accounts of organisations",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="bank_account_decided_by_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "requested")),
                        fields=("organisation",),
                        name="bank_account_waits_once",
                    ),
                ],
            },
        ),
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
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="bundled",
                to="ledger.message",
                verbose_name="sent with",
            ),
        ),
    ]
