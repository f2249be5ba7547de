-- Checkpoints signed before they named the one before them learn it here, this once.
ALTER TABLE ledger_checkpoint DISABLE TRIGGER append_only_rows;
UPDATE ledger_checkpoint checkpoint SET previous_size = chain.previous_size
  FROM (SELECT tree_size, coalesce(lag(tree_size) OVER (ORDER BY tree_size), 0) AS previous_size
          FROM ledger_checkpoint) chain
 WHERE chain.tree_size = checkpoint.tree_size;
ALTER TABLE ledger_checkpoint ENABLE TRIGGER append_only_rows;
