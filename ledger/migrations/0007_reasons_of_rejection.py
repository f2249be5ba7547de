"""Why a project or a report was rejected, for the one who has to mend it; before, only the log knew."""

from django.db import migrations, models


def reason_of(model):
    field = models.TextField(blank=True, default="", verbose_name="reason of the rejection")
    return migrations.AddField(model, "rejection_reason", field, preserve_default=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_tokens_of_people")]

    operations = [reason_of("project"), reason_of("monitoringreport")]
