-- What of a report has been issued is counted by the database itself, so that no code can forget it: the sum of a report's
-- batches is never more than its tonnes (constraint report_issues_no_more_than_it_has), whoever inserts them.
CREATE FUNCTION count_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger_monitoringreport SET issued_t = issued_t + NEW.quantity_t WHERE id = NEW.report_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER batch_counts_for_its_report AFTER INSERT ON ledger_batch
    FOR EACH ROW EXECUTE FUNCTION count_issued();

-- A draft may go; what was handed in stays for good.
CREATE FUNCTION refuse_deletion_of_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a report that was handed in is not deleted'
        USING ERRCODE = 'restrict_violation', HINT = 'Reject it: its period can then be reported again.';
END
$$;
CREATE TRIGGER report_stays_once_handed_in BEFORE DELETE ON ledger_monitoringreport
    FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION refuse_deletion_of_report();

SELECT make_append_only('ledger_reportversion');
