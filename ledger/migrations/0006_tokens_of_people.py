"""A token is its person's, not the membership's: one needs a token to ask for an organisation."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TO_PEOPLE = """
UPDATE ledger_apitoken token SET user_id = membership.user_id
  FROM ledger_membership membership WHERE membership.id = token.membership_id;
"""
# Tokens of people who act for nobody have no place in the old table.
TO_MEMBERSHIPS = """
UPDATE ledger_apitoken token SET membership_id = membership.id
  FROM ledger_membership membership WHERE membership.user_id = token.user_id;
DELETE FROM ledger_apitoken WHERE membership_id IS NULL;
"""
# A table with foreign keys to be checked at commit cannot be altered before they are.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"


def token_field(name, to, *, null):
    key = models.ForeignKey(
        null=null, on_delete=django.db.models.deletion.CASCADE, related_name="tokens" if name == "user" else "+", to=to
    )
    return {"model_name": "apitoken", "name": name, "field": key}


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_refused_references")]

    operations = [
        migrations.AddField(**token_field("user", settings.AUTH_USER_MODEL, null=True)),
        migrations.AlterField(**token_field("membership", "ledger.membership", null=True)),
        migrations.RunSQL(TO_PEOPLE, TO_MEMBERSHIPS),
        migrations.RunSQL(CHECK_NOW, CHECK_NOW),
        migrations.RemoveField("apitoken", "membership"),
        migrations.AlterField(**token_field("user", settings.AUTH_USER_MODEL, null=False)),
    ]
