"""What trading has changed for an organisation since somebody of it looked last: what was bought and sold, and is settled."""

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ledger.parties.models import Organisation
from ledger.workload.changes import Change
from ledger.workload.writing import yuan

LOOKED_AT = 200
"""So many of the newest movements of money are looked at: a page says that there are more, not how many."""

# Both sides by their own index, from the newest on: how many there ever were does not matter.
_MOVED = """
WITH cash AS (
    SELECT account.id FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
     WHERE account.organisation_id = %(organisation)s AND asset.code = 'CNY' AND account.purpose = 'holding'
), moved AS (
    (SELECT id, transaction_id, amount FROM ledger_transfer WHERE credit_account_id = (SELECT id FROM cash)
      ORDER BY id DESC LIMIT %(most)s)
     UNION ALL
    (SELECT id, transaction_id, -amount FROM ledger_transfer WHERE debit_account_id = (SELECT id FROM cash)
      ORDER BY id DESC LIMIT %(most)s)
)
SELECT count(DISTINCT tx.id), max(tx.occurred_at), sum(moved.amount)::bigint
  FROM moved JOIN ledger_transaction tx ON tx.id = moved.transaction_id
 WHERE tx.kind = 'settlement' AND tx.occurred_at > %(since)s
"""


def settled_since(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    """Yield that trades were settled since an instant: how many, and what they brought or took together, fees included."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"organisation": organisation.pk, "since": since, "most": LOOKED_AT})
        count, at, amount_fen = cursor.fetchone()
    if count:
        words = ngettext("%(count)s trade", "%(count)s trades", count) % {
            "count": count if count < LOOKED_AT else f"{count}+"
        }
        sign = "+" if amount_fen > 0 else "\N{MINUS SIGN}"
        yield Change(at, _("Trades settled"), f"{words} · {sign}{yuan(abs(amount_fen))}", "orders")
