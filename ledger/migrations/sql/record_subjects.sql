-- Finds the records of a project, a field, a report or a retirement without reading the log: what such a record is about,
-- taken from the stored bytes themselves, so that the two cannot disagree. The records of the hot path (transactions,
-- batches of instructions) are not in the index; ledger/transparency/subjects.py asks by it.

-- Bytes that are no JSON are about nothing: whoever tampers with them is found by the verifier, not stopped by an index.
CREATE FUNCTION record_subject(kind text, entry bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    body jsonb;
BEGIN
    body := convert_from(entry, 'UTF8')::jsonb -> 'body';
    RETURN CASE
        WHEN kind LIKE 'project\_%' THEN 'project ' || (body ->> 'project')
        WHEN kind LIKE 'parcel\_%' THEN 'parcel ' || (body ->> 'project') || ' ' || (body ->> 'parcel')
        WHEN kind = 'credits_retired' THEN 'retirement ' || (body ->> 'retirement')
        ELSE 'report ' || (body ->> 'report')
    END;
EXCEPTION WHEN data_exception OR syntax_error_or_access_rule_violation THEN
    RETURN NULL;
END
$$;

CREATE INDEX record_subjects ON ledger_record (record_subject(kind, entry))
 WHERE kind IN ('project_created', 'project_submitted', 'project_validated', 'project_registered', 'parcel_added',
                'report_submitted', 'report_verified', 'report_approved', 'batch_issued', 'credits_retired');
