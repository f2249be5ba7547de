"""Keep runs of serial numbers from overlapping by an SP-GiST index: the same refusal, at half the cost of GiST."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_guards")]

    operations = [
        migrations.RemoveConstraint("serialblock", "serial_in_one_block"),
        migrations.AddConstraint(
            "serialblock",
            ExclusionConstraint(
                name="serial_in_one_block",
                expressions=[("serials", RangeOperators.OVERLAPS)],
                index_type="SPGIST",
            ),
        ),
    ]
