-- Reports of before were issued whole, and have been what they are since their last step.
UPDATE ledger_monitoringreport
   SET issued_t = CASE WHEN status = 'issued' THEN net_t ELSE 0 END,
       status_since = coalesce(approved_at, verified_at, submitted_at);
