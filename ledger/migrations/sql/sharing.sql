-- Benefit sharing: the kinds and purposes that the journal learns, and what is written once.

ALTER TABLE ledger_transaction DROP CONSTRAINT transaction_kind_known;
ALTER TABLE ledger_transaction ADD CONSTRAINT transaction_kind_known CHECK (kind IN (
    'deposit', 'withdrawal', 'issuance', 'settlement', 'retirement', 'cancellation', 'transfer', 'reversal',
    'distribution', 'payout'));

ALTER TABLE ledger_account DROP CONSTRAINT account_purpose_known;
ALTER TABLE ledger_account ADD CONSTRAINT account_purpose_known CHECK (purpose IN (
    'holding', 'share', 'bank', 'fees', 'issuance', 'buffer', 'retired', 'cancelled'));

SELECT make_append_only('ledger_sharingplan');
SELECT make_append_only('ledger_sharingweight');
SELECT make_append_only('ledger_distribution');
SELECT make_append_only('ledger_distributedsale');
SELECT make_append_only('ledger_share');
SELECT make_append_only('ledger_payoutline');
