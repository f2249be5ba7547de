"""The registry and the ledger at the operator's and the auditor's desk: a file per domain."""
