-- What is written once and never changed. Row triggers refuse UPDATE and DELETE; they do not see TRUNCATE, so a
-- statement trigger refuses that. The third layer is the application's role, which has no such grants; and what a
-- superuser could still do with the triggers off, the transparency log makes visible.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Correct it by a new row: a transaction is corrected by one that reverses it.';
END
$$;

CREATE FUNCTION make_append_only(table_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %I
                    FOR EACH ROW EXECUTE FUNCTION refuse_change()', table_name);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', table_name);
END
$$;

SELECT make_append_only('ledger_record');
SELECT make_append_only('ledger_logleaf');
SELECT make_append_only('ledger_logtile');
SELECT make_append_only('ledger_checkpoint');
SELECT make_append_only('ledger_transaction');
SELECT make_append_only('ledger_transfer');
SELECT make_append_only('ledger_batch');
SELECT make_append_only('ledger_retirement');
