-- What the database refuses beside changes of what is written once, and what reconciliation needs to read the log by SQL.

-- A kind that no reader of the log knows would be a transaction that nobody checks.
ALTER TABLE ledger_transaction ADD CONSTRAINT transaction_kind_known CHECK (kind IN (
    'deposit', 'withdrawal', 'issuance', 'settlement', 'retirement', 'cancellation', 'transfer', 'reversal'));

-- A reversal names what it corrects, and nothing else does; that it is the only one, the unique index on reverses_id says.
ALTER TABLE ledger_transaction ADD CONSTRAINT transaction_reverses_where_it_is_a_reversal
    CHECK ((kind = 'reversal') = (reverses_id IS NOT NULL));

-- A second settlement of a trade is one of three things. A second trade row that names the same transaction: its unique
-- index refuses it. A trade made to name another transaction: trades are append-only. And a transaction that settles again
-- what another has settled: each settlement therefore names its trade in the key that it cannot share, and the unique
-- index on keys, which is there anyway, refuses the second. NOT VALID: what was settled before names its trade in the log.
ALTER TABLE ledger_transaction ADD CONSTRAINT settlement_names_its_trade
    CHECK (kind <> 'settlement' OR coalesce(idempotency_key, '') LIKE 'trade:%') NOT VALID;

-- The accounts whose balance may be below zero are told by their purpose alone.
ALTER TABLE ledger_account ADD CONSTRAINT account_purpose_known CHECK (purpose IN (
    'holding', 'bank', 'fees', 'issuance', 'buffer', 'retired', 'cancelled'));
ALTER TABLE ledger_asset ADD CONSTRAINT asset_kind_known CHECK (kind IN ('cash', 'credit'));

-- An entry as JSON; NULL where it is none, so that whoever flips a byte of it breaks no query that looks for just that.
CREATE FUNCTION log_entry(entry bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN convert_from(entry, 'UTF8')::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- A time as the log writes it: RFC 3339, UTC, microseconds.
CREATE FUNCTION log_time(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Runs of serial numbers as the log writes them: compact JSON, both ends included, as strings.
CREATE FUNCTION log_serials(serials int8multirange) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '[' || string_agg(format('["%s","%s"]', lower(run), upper(run) - 1), ',' ORDER BY run) || ']'
      FROM unnest(serials) run
$$;
