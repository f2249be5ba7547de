DROP TRIGGER refuse_facts_while_frozen ON ledger_record;
DROP FUNCTION refuse_facts_while_frozen();
DROP TRIGGER keep_incident ON ledger_incident;
DROP FUNCTION keep_incident();
