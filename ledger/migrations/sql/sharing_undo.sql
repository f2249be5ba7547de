ALTER TABLE ledger_account DROP CONSTRAINT account_purpose_known;
ALTER TABLE ledger_account ADD CONSTRAINT account_purpose_known CHECK (purpose IN (
    'holding', 'bank', 'fees', 'issuance', 'buffer', 'retired', 'cancelled'));
ALTER TABLE ledger_transaction DROP CONSTRAINT transaction_kind_known;
ALTER TABLE ledger_transaction ADD CONSTRAINT transaction_kind_known CHECK (kind IN (
    'deposit', 'withdrawal', 'issuance', 'settlement', 'retirement', 'cancellation', 'transfer', 'reversal'));
