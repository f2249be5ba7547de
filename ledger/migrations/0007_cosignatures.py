"""What witnesses put under checkpoints, and the keys that have signed them."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is built while the log goes on.
    atomic = False

    dependencies = [
        ('ledger', '0006_bank_statements'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255, verbose_name='witness')),
                ('key_id', models.BinaryField()),
                ('line', models.TextField(verbose_name='signature line')),
                ('signed_at', models.DateTimeField(verbose_name='signed at')),
                ('received_at', models.DateTimeField(verbose_name='received at')),
                ('checkpoint', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cosignatures', to='ledger.checkpoint')),
            ],
            options={
                'verbose_name': 'cosignature',
                'verbose_name_plural': 'cosignatures',
                'indexes': [models.Index(fields=['name', 'key_id', '-checkpoint'], name='cosignatures_of_witness')],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'name', 'key_id'), name='cosigned_once')],
            },
        ),
        migrations.CreateModel(
            name='LogKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vkey', models.TextField(unique=True)),
                ('note', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.record')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('record',), name='one_first_log_key', nulls_distinct=False)],
            },
        ),
        AddIndexConcurrently("logleaf", models.Index(fields=["leaf_hash"], name="log_leaf_by_hash")),
        # TRUNCATE and changes are refused as on the rest of the log; the triggers go with their tables.
        migrations.RunSQL("SELECT make_append_only('ledger_cosignature')", migrations.RunSQL.noop),
        migrations.RunSQL("SELECT make_append_only('ledger_logkey')", migrations.RunSQL.noop),
    ]
