"""Times as the books write them, to the second: Django's would be "Dec. 1, 2026, 6:26 a.m."."""

DATETIME_FORMAT = "Y-m-d H:i:s"
