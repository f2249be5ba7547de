"""The exchange at the operator's and the auditor's desk: a file per domain."""
