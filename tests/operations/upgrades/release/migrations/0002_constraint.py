"""A constraint that holds for what is written from now on."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("release", "0001_column")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE trading_order ADD CONSTRAINT noted_is_quantity CHECK (noted_t IS NULL OR noted_t = quantity_t) NOT VALID",
            "ALTER TABLE trading_order DROP CONSTRAINT noted_is_quantity",
        )
    ]
