DROP TRIGGER append_only_rows ON ledger_securityevent;
DROP TRIGGER append_only_truncate ON ledger_securityevent;
