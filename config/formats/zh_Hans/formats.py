"""Chinese accounts group by three with a comma, as in 1,234,567.50; Django's formats do not group at all.

Times are as the books write them, to the second.
"""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
DATETIME_FORMAT = "Y-m-d H:i:s"
