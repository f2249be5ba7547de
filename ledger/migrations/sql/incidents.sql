-- While everything is frozen no fact is recorded, and so nothing that an auditor could prove is done, by whichever way it comes:
-- pages, API, desk, worker or command line. What is still taken says so in its transaction (ledger/freezes.py).
-- A function sees what is committed when each of its statements begins: nothing begins after a freeze is committed.
CREATE FUNCTION refuse_facts_while_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_incident WHERE lifted_at IS NULL AND scope = 'everything')
       AND current_setting('tianhui.let_through', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'everything is frozen' USING ERRCODE = 'TH503';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER refuse_facts_while_frozen BEFORE INSERT ON ledger_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_facts_while_frozen();

-- An incident is told once: what it froze, when, why and by whom never changes, a lift is not undone, and none is deleted.
CREATE FUNCTION keep_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'incidents are kept' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.lifted_at IS NOT NULL
       OR (NEW.id, NEW.scope, NEW.reason, NEW.begun_at) IS DISTINCT FROM (OLD.id, OLD.scope, OLD.reason, OLD.begun_at)
       OR NEW.begun_by_id IS DISTINCT FROM OLD.begun_by_id THEN
        RAISE EXCEPTION 'what an incident froze does not change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER keep_incident BEFORE UPDATE OR DELETE ON ledger_incident
    FOR EACH ROW EXECUTE FUNCTION keep_incident();
