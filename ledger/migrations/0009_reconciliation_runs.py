"""What reconciliation found is kept, and is not changed afterwards."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_record_subjects")]

    operations = [
        migrations.CreateModel(
            name="ReconciliationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("finished_at", models.DateTimeField(verbose_name="finished at")),
                ("triggered_by", models.CharField(max_length=64, verbose_name="triggered by")),
                ("tree_size", models.BigIntegerField(verbose_name="tree size")),
                ("results", models.JSONField(verbose_name="results")),
                ("holds", models.BooleanField(verbose_name="holds")),
            ],
            options={
                "verbose_name": "reconciliation",
                "verbose_name_plural": "reconciliations",
                "ordering": ["-id"],
            },
        ),
        migrations.RunSQL("SELECT make_append_only('ledger_reconciliationrun')", migrations.RunSQL.noop),
    ]
