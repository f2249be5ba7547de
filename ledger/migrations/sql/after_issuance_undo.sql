DROP TRIGGER append_only_rows ON ledger_cancellation;
DROP TRIGGER append_only_truncate ON ledger_cancellation;
