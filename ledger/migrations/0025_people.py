"""Tokens get scopes, an organisation and an end; members are invited, and roles changed by two where they make value."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


# What tokens could do until now they can do until they end; each is its person's present organisation's.
TOKENS_AS_BEFORE = """
UPDATE ledger_apitoken token
   SET scopes = ARRAY['read', 'trade', 'withdraw', 'manage'],
       organisation_id = (SELECT organisation_id FROM ledger_membership member WHERE member.user_id = token.user_id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0024_accounts'),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='last_used_at',
            field=models.DateTimeField(null=True, verbose_name='last used at'),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='networks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, size=None, verbose_name='networks'),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='organisation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to='ledger.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'Read what you may read'), ('trade', 'Enter, replace and cancel orders, block offers and bids'), ('withdraw', 'Move money and credits: withdrawals, payouts, retirements, transfers, cancellations'), ('manage', 'Everything else that writes: projects, reports, diary, documents, households'), ('members', 'Invite and remove members, and change their roles')], max_length=16), default=list, size=None, verbose_name='scopes'),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='warned_at',
            field=models.DateTimeField(null=True, verbose_name='warned at'),
        ),
        migrations.RunSQL(TOKENS_AS_BEFORE, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='membership',
            name='role',
            field=models.CharField(choices=[('owner', 'owner'), ('trader', 'trader'), ('viewer', 'viewer'), ('registrar', 'registrar'), ('treasurer', 'treasurer'), ('recorder', 'recorder')], max_length=16, verbose_name='role'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='public id')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('trader', 'trader'), ('viewer', 'viewer'), ('registrar', 'registrar'), ('treasurer', 'treasurer'), ('recorder', 'recorder')], max_length=16, verbose_name='role')),
                ('note', models.CharField(blank=True, max_length=120, verbose_name='for whom')),
                ('token_hash', models.BinaryField(unique=True)),
                ('invited_at', models.DateTimeField(verbose_name='invited at')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed at')),
                ('accepted_at', models.DateTimeField(null=True, verbose_name='accepted at')),
                ('withdrawn_at', models.DateTimeField(null=True, verbose_name='withdrawn at')),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='ledger.organisation', verbose_name='organisation')),
                ('withdrawn_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('confirmed_by__isnull', True), models.Q(('confirmed_by', models.F('invited_by')), _negated=True), _connector='OR'), name='invitation_confirmed_by_another'), models.CheckConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True), _connector='OR'), name='invitation_ends_once')],
            },
        ),
        migrations.CreateModel(
            name='RoleChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role_before', models.CharField(blank=True, choices=[('owner', 'owner'), ('trader', 'trader'), ('viewer', 'viewer'), ('registrar', 'registrar'), ('treasurer', 'treasurer'), ('recorder', 'recorder')], max_length=16, verbose_name='role until now')),
                ('role', models.CharField(blank=True, choices=[('owner', 'owner'), ('trader', 'trader'), ('viewer', 'viewer'), ('registrar', 'registrar'), ('treasurer', 'treasurer'), ('recorder', 'recorder')], max_length=16, verbose_name='new role')),
                ('state', models.CharField(choices=[('proposed', 'proposed'), ('confirmed', 'confirmed'), ('refused', 'refused')], default='proposed', max_length=16, verbose_name='state')),
                ('proposed_at', models.DateTimeField(verbose_name='proposed at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='role_changes', to='ledger.organisation', verbose_name='organisation')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
            ],
            options={
                'verbose_name': 'change of a role',
                'verbose_name_plural': 'changes of roles',
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('proposed_by')), _negated=True), models.Q(('decided_by', models.F('person')), _negated=True)), _connector='OR'), name='role_change_confirmed_by_another'), models.CheckConstraint(condition=models.Q(('role', models.F('role_before')), _negated=True), name='role_change_changes_something'), models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('organisation', 'person'), name='role_change_open_once')],
            },
        ),
    ]
