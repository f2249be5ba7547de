-- What happened to an account is written once. From where stands beside it, in ledger_eventorigin, and is forgotten.
SELECT make_append_only('ledger_securityevent');
-- From now on a session says by which factors it was opened, and is listed to its person: everybody logs in anew.
DELETE FROM django_session;
