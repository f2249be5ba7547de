-- See append_only.sql. What is cancelled is gone for good, as what is retired.
SELECT make_append_only('ledger_cancellation');
