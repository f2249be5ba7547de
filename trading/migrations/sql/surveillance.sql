-- See ledger/migrations/sql/append_only.sql. What surveillance found stays found; a review adds a step, a rule a change.
SELECT make_append_only('trading_alert');
SELECT make_append_only('trading_alertstep');
SELECT make_append_only('trading_rulechange');
