"""Holds of offers, lots and bids."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_serial_blocks_by_spgist'),
    ]

    operations = [
        migrations.AlterField(
            model_name='hold',
            name='purpose',
            field=models.CharField(choices=[('order', 'order'), ('withdrawal', 'withdrawal'), ('replace', 'new terms of an order'), ('block_offer', 'offer of a block trade'), ('auction', 'one-way auction'), ('bid', 'bid'), ('sealed_bid', 'sealed bid')], max_length=16, verbose_name='purpose of the hold'),
        ),
    ]
