"""Keep what the public registry reads, and find it among a hundred thousand projects and a million retirements.

Indexes of tables that are there already are built beside the writers, hence outside a transaction.
"""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SQL = Path(__file__).parent / "sql"
INDEXES = {
    # By what is written in the search box; the expressions are those of ledger/registry/search.py.
    "project_search": r"ledger_project USING gin (search_grams(name || E'\n' || name_en || E'\n' || place))",
    "organisation_search": r"ledger_organisation USING gin (search_grams(name || E'\n' || name_en))",
    "retirement_search": "ledger_retirement USING gin (search_grams(beneficiary_name)) WHERE is_beneficiary_public",
    "reference_project_search": r"""ledger_referenceproject
        USING gin (search_grams(project_id || E'\n' || name || E'\n' || proponent))""",
    # By what can be chosen, in the order in which it is listed.
    "project_by_province": "ledger_project (province_code, number)",
    "project_by_county": "ledger_project (county_code, number) WHERE county_code <> ''",
    "project_by_methodology": "ledger_project (methodology, number)",
    # Of the many registered ones the newest are soon found; what is rare among them is not.
    "project_by_status": "ledger_project (status, number) WHERE status <> 'registered'",
    "project_by_start": "ledger_project (crediting_starts_on, id)",
    "batch_by_vintage": "ledger_batch (vintage, id)",
    "batch_by_quantity": "ledger_batch (quantity_t, id)",
    "retirement_by_purpose": "ledger_retirement (purpose, id)",
    "retirement_by_time": "ledger_retirement (retired_at, id)",
    "retirement_by_quantity": "ledger_retirement (quantity_t, id)",
    "retirement_by_batch": "ledger_retirement (batch_id, id)",
    "reference_project_by_registry": "ledger_referenceproject (registry, id)",
    "reference_project_by_country": "ledger_referenceproject (country, id)",
    "reference_credit_by_type": "ledger_referencecredit (transaction_type, id)",
}


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('ledger', '0021_sharing'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProjectPlace',
            fields=[
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='map_place', serialize=False, to='ledger.project')),
                ('longitude', models.FloatField(verbose_name='longitude')),
                ('latitude', models.FloatField(verbose_name='latitude')),
                ('parcel_count', models.PositiveIntegerField(verbose_name='fields')),
                ('area_ha', models.DecimalField(decimal_places=4, max_digits=16, verbose_name='area in hectares')),
            ],
            options={
                'verbose_name': 'place of a project',
                'verbose_name_plural': 'places of projects',
            },
        ),
        migrations.CreateModel(
            name='Refreshed',
            fields=[
                ('what', models.CharField(choices=[('totals', 'sums of tonnes'), ('places', 'places of projects')], max_length=8, primary_key=True, serialize=False, verbose_name='what')),
                ('at', models.DateTimeField(verbose_name='computed at')),
                ('tree_size', models.BigIntegerField(verbose_name='tree size')),
            ],
            options={
                'verbose_name': 'time of computing',
                'verbose_name_plural': 'times of computing',
            },
        ),
        migrations.CreateModel(
            name='RegistryDump',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='file')),
                ('dated_on', models.DateField(verbose_name='of the day')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size_bytes', models.BigIntegerField(verbose_name='size in bytes')),
                ('row_counts', models.JSONField(default=dict, verbose_name='rows')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
            ],
            options={
                'verbose_name': 'dump of the registry',
                'verbose_name_plural': 'dumps of the registry',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='StagedCredit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_id', models.BigIntegerField()),
                ('line', models.BigIntegerField()),
                ('project', models.CharField(max_length=64)),
                ('quantity_t', models.BigIntegerField()),
                ('vintage', models.PositiveSmallIntegerField(null=True)),
                ('transaction_on', models.DateField(null=True)),
                ('transaction_type', models.CharField(max_length=12)),
            ],
        ),
        migrations.CreateModel(
            name='CarbonTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measure', models.CharField(choices=[('issued', 'issued, by vintage'), ('retired', 'retired, by year of retirement')], max_length=8, verbose_name='measure')),
                ('province_code', models.CharField(max_length=2, verbose_name='province code')),
                ('county_code', models.CharField(blank=True, max_length=6, verbose_name='county code')),
                ('year', models.PositiveSmallIntegerField(verbose_name='year')),
                ('methodology', models.CharField(max_length=32, verbose_name='methodology')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('row_count', models.BigIntegerField(verbose_name='entries')),
            ],
            options={
                'verbose_name': 'sum of tonnes',
                'verbose_name_plural': 'sums of tonnes',
                'constraints': [models.UniqueConstraint(fields=('measure', 'province_code', 'county_code', 'year', 'methodology'), name='carbon_total_once')],
            },
        ),
        migrations.CreateModel(
            name='ReferenceImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('projects', 'projects'), ('credits', 'credit transactions')], max_length=8, verbose_name='kind')),
                ('file_name', models.CharField(max_length=200, verbose_name='file')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size_bytes', models.BigIntegerField(verbose_name='size in bytes')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=8, verbose_name='state')),
                ('failure', models.JSONField(default=dict, verbose_name='why it failed')),
                ('rows_read', models.BigIntegerField(default=0, verbose_name='rows read')),
                ('rows_accepted', models.BigIntegerField(default=0, verbose_name='rows accepted')),
                ('rows_refused', models.BigIntegerField(default=0, verbose_name='rows refused')),
                ('rows_new', models.BigIntegerField(default=0, verbose_name='rows that were new')),
                ('created_at', models.DateTimeField(verbose_name='handed in at')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('imported_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='imported by')),
            ],
            options={
                'verbose_name': 'import of reference data',
                'verbose_name_plural': 'imports of reference data',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ReferenceProject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('project_id', models.CharField(max_length=64, unique=True, verbose_name='project id')),
                ('name', models.CharField(blank=True, max_length=500, verbose_name='name')),
                ('registry', models.CharField(max_length=80, verbose_name='registry')),
                ('proponent', models.CharField(blank=True, max_length=500, verbose_name='proponent')),
                ('protocol', models.CharField(blank=True, max_length=300, verbose_name='protocol')),
                ('category', models.CharField(blank=True, max_length=120, verbose_name='category')),
                ('country', models.CharField(blank=True, max_length=120, verbose_name='country')),
                ('status', models.CharField(blank=True, max_length=80, verbose_name='status')),
                ('listed_on', models.DateField(null=True, verbose_name='listed on')),
                ('issued_t', models.BigIntegerField(null=True, verbose_name='issued tonnes')),
                ('retired_t', models.BigIntegerField(null=True, verbose_name='retired tonnes')),
                ('is_compliance', models.BooleanField(null=True, verbose_name='of a compliance programme')),
                ('project_url', models.CharField(blank=True, max_length=500, verbose_name='address')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='ledger.referenceimport', verbose_name='import')),
            ],
            options={
                'verbose_name': 'reference project',
                'verbose_name_plural': 'reference projects',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ReferenceCredit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('vintage', models.PositiveSmallIntegerField(null=True, verbose_name='vintage')),
                ('transaction_on', models.DateField(null=True, verbose_name='date')),
                ('transaction_type', models.CharField(choices=[('issuance', 'issuance'), ('retirement', 'retirement'), ('cancellation', 'cancellation')], max_length=12, verbose_name='type')),
                ('occurrence', models.PositiveIntegerField(verbose_name='occurrence')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='ledger.referenceimport', verbose_name='import')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='ledger.referenceproject', verbose_name='reference project')),
            ],
            options={
                'verbose_name': 'reference credit transaction',
                'verbose_name_plural': 'reference credit transactions',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ReferenceRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.BigIntegerField(verbose_name='line')),
                ('field', models.CharField(blank=True, max_length=40, verbose_name='field')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('given', models.CharField(blank=True, max_length=80, verbose_name='what was given')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refusals', to='ledger.referenceimport', verbose_name='import')),
            ],
            options={
                'verbose_name': 'refused row',
                'verbose_name_plural': 'refused rows',
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='referenceimport',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'failed'), _negated=True), fields=('kind', 'sha256'), name='reference_file_once'),
        ),
        migrations.AddConstraint(
            model_name='referencecredit',
            constraint=models.UniqueConstraint(fields=('project', 'transaction_on', 'transaction_type', 'vintage', 'quantity_t', 'occurrence'), name='reference_credit_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='referencecredit',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_t__gt', 0)), name='reference_credit_has_tonnes'),
        ),
        # Rows of an import under way: lost with the server, as the import is.
        migrations.RunSQL("ALTER TABLE ledger_stagedcredit SET UNLOGGED", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "search_grams.sql").read_text(), "DROP FUNCTION search_grams(text)"),
        *(
            migrations.RunSQL(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            )
            for name, definition in INDEXES.items()
        ),
    ]
