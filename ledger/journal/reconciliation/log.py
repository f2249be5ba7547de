"""The log's own tables agree with one another; that they agree with what is signed, `check_log` finds."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant

INVARIANTS = (
    Invariant(
        7,
        _("each record is in the log once or waits for it"),
        """
        SELECT record.id AS record, leaf.record_id AS leaf, waiting.record_id AS waiting
          FROM ledger_record record
          FULL JOIN ledger_logleaf leaf ON leaf.record_id = record.id
          FULL JOIN ledger_unsequencedrecord waiting ON waiting.record_id = record.id
         WHERE record.id IS NULL OR (leaf.record_id IS NULL) = (waiting.record_id IS NULL)
        """,
    ),
    Invariant(
        7,
        _("each checkpoint follows the one that it names: none is missing"),
        """
        SELECT tree_size AS checkpoint, previous_size AS follows, found AS found
          FROM (SELECT tree_size, previous_size, coalesce(lag(tree_size) OVER (ORDER BY tree_size), 0) AS found
                  FROM ledger_checkpoint) chain
         WHERE previous_size IS DISTINCT FROM found
        """,
    ),
)
