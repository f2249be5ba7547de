"""Orders with options: market, immediate, only as maker, iceberg, and what meeting an own order does."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_room_for_updates'),
        ('trading', '0002_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='order',
            name='order_in_bounds',
        ),
        migrations.AddField(
            model_name='order',
            name='decremented_t',
            field=models.BigIntegerField(default=0, verbose_name='taken off without a trade'),
        ),
        migrations.AddField(
            model_name='order',
            name='display_t',
            field=models.BigIntegerField(null=True, verbose_name='shown at a time'),
        ),
        migrations.AddField(
            model_name='order',
            name='order_type',
            field=models.CharField(choices=[('limit', 'limit'), ('market', 'market')], default='limit', max_length=6, verbose_name='type of order'),
        ),
        migrations.AddField(
            model_name='order',
            name='post_only',
            field=models.BooleanField(default=False, verbose_name='only as maker'),
        ),
        migrations.AddField(
            model_name='order',
            name='self_trade_mode',
            field=models.CharField(choices=[('cancel_newest', 'cancel the new order'), ('cancel_oldest', 'cancel the old order'), ('cancel_both', 'cancel both'), ('decrement', 'reduce both by the smaller')], default='cancel_newest', max_length=16, verbose_name='on meeting an own order'),
        ),
        migrations.AddField(
            model_name='order',
            name='shown_t',
            field=models.BigIntegerField(null=True, verbose_name='shown now'),
        ),
        migrations.AddField(
            model_name='order',
            name='time_in_force',
            field=models.CharField(choices=[('gtc', 'until cancelled'), ('ioc', 'at once, the rest cancelled'), ('fok', 'at once and whole, or not at all')], default='gtc', max_length=3, verbose_name='time in force'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('decremented_t__gte', 0), ('filled_t__gte', 0), ('price_fen__gt', 0), ('quantity_t__gt', 0), ('filled_t__lte', django.db.models.expressions.CombinedExpression(models.F('quantity_t'), '-', models.F('decremented_t')))), name='order_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('order_type', 'limit'), ('time_in_force', 'gtc')), models.Q(('display_t__isnull', True), ('post_only', False), ('time_in_force__in', ['ioc', 'fok'])), _connector='OR'), name='order_terms_go_together'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('display_t__isnull', True), models.Q(('display_t__gt', 0), ('display_t__lt', models.F('quantity_t'))), _connector='OR'), name='order_shows_a_part'),
        ),
    ]
