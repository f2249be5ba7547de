"""Member households are as their records say: whose members, since when, and whether they have left."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest

INVARIANTS = (
    Invariant(
        9,
        _("each member household is as its records say"),
        f"""
        SELECT household.id AS household, added.record_id AS record
          FROM (SELECT household.*, cooperative.public_id::text AS cooperative
                  FROM ledger_household household
                  LEFT JOIN ledger_organisation cooperative ON cooperative.id = household.cooperative_id) household
          FULL JOIN ({newest(entries("household_added"), "household")}) added
                    ON added.body ->> 'household' = household.public_id::text
          LEFT JOIN ({newest(entries("household_left"), "household")}) gone
                    ON gone.body ->> 'household' = household.public_id::text
         WHERE household.id IS NULL OR added.record_id IS NULL
            OR (household.cooperative, log_time(household.created_at)) IS DISTINCT FROM
               (added.body ->> 'cooperative', added.at)
            OR log_time(household.left_at) IS DISTINCT FROM gone.at
        """,
    ),
)
