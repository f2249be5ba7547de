"""Let the operator's first person in by an invitation that nobody made."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0028_supply_totals'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='needs_no_other',
            field=models.BooleanField(db_default=False, default=False, verbose_name='good without another'),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('invited_by__isnull', False), ('needs_no_other', True), _connector='OR'), name='invitation_by_nobody_is_the_first'),
        ),
    ]
