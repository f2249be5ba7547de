"""For whom the log's key may sign, kept beside what it has signed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0028_supply_totals'),
    ]

    operations = [
        migrations.CreateModel(
            name='LogBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(unique=True)),
                ('kind', models.CharField(choices=[('begun', 'begun'), ('adopted', 'begun before keys remembered'), ('restored', 'restored from a backup')], max_length=12)),
                ('label', models.TextField(blank=True, default='')),
                ('statement', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.record')),
            ],
        ),
        migrations.RunSQL("SELECT make_append_only('ledger_logbinding')", migrations.RunSQL.noop),
    ]
