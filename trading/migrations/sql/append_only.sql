-- See ledger/migrations/sql/append_only.sql.
SELECT make_append_only('trading_executedinstruction');
SELECT make_append_only('trading_trade');
