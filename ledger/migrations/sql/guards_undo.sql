DROP FUNCTION log_serials(int8multirange);
DROP FUNCTION log_time(timestamptz);
DROP FUNCTION log_entry(bytea);
ALTER TABLE ledger_asset DROP CONSTRAINT asset_kind_known;
ALTER TABLE ledger_account DROP CONSTRAINT account_purpose_known;
ALTER TABLE ledger_transaction DROP CONSTRAINT settlement_names_its_trade;
ALTER TABLE ledger_transaction DROP CONSTRAINT transaction_reverses_where_it_is_a_reversal;
ALTER TABLE ledger_transaction DROP CONSTRAINT transaction_kind_known;
