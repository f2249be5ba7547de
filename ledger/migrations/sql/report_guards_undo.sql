DROP TRIGGER append_only_truncate ON ledger_reportversion;
DROP TRIGGER append_only_rows ON ledger_reportversion;
DROP TRIGGER report_stays_once_handed_in ON ledger_monitoringreport;
DROP FUNCTION refuse_deletion_of_report();
DROP TRIGGER batch_counts_for_its_report ON ledger_batch;
DROP FUNCTION count_issued();
