"""Chinese accounts group by three with a comma, as in 1,234,567.50; Django's formats do not group at all."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
