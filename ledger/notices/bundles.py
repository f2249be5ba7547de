"""E-mails that go out together: what one person is told within a short time is one e-mail.

Which notices those are is written down before anything is sent. A worker that dies leaves the bundle as it is, and who goes
on sends the same words under the same id: nothing is left out, and none comes by a second way.
"""

import datetime as dt
from collections.abc import Collection

from django.db import connection, transaction
from django.utils import timezone

from ledger.notices.kinds import all_kinds
from ledger.notices.models import Channel, NoticeSettings, Severity
from ledger.rows import array_of

Pace = NoticeSettings.Pace
DAILY_AT = dt.time(8)
"""By the clock of China, as digests are."""
WAITS = dt.timedelta(minutes=1)
"""So long an e-mail waits for others that belong to it."""
APART = dt.timedelta(minutes=10)
"""What arises sooner after an e-mail than this waits for the next one, however much it is."""


def may_be_bundled(settings: NoticeSettings, *, severity: str, channel: str) -> bool:
    """Return whether something may go out with others: e-mails of whoever wants it so; a warning goes by itself, at once."""
    return channel == Channel.EMAIL and settings.pace != Pace.AT_ONCE and severity != Severity.WARNING


def due_with_others(settings: NoticeSettings, at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Return when something that may go out with others is due, which by itself would be due at a time."""
    if settings.pace != Pace.DAILY:
        return max(at, now + WAITS)
    local = timezone.localtime(at)
    day = local.date() if local.time() <= DAILY_AT else local.date() + dt.timedelta(days=1)
    return timezone.make_aware(dt.datetime.combine(day, DAILY_AT))


def gather(claimed: Collection[int]) -> set[int]:
    """Put with each message that was just claimed for the first time what may go out with it; return which those are.

    Of one person one message leads, and the others never go out by themselves any more. What is summed up joins once its
    sum is settled. Called in the transaction of the claim, by one at a time.
    """
    assert transaction.get_connection().in_atomic_block
    now = timezone.now()
    sums = [kind.name for kind in all_kinds() if kind.is_sum]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH leader AS (
                SELECT DISTINCT ON (person_id) id, person_id
                  FROM ledger_message message
                 WHERE id = ANY(%(claimed)s::bigint[]) AND may_be_bundled AND attempts = 1
                 -- One that has others already has been given back: it keeps them, and leads.
                 ORDER BY person_id, EXISTS (SELECT FROM ledger_message WHERE bundle_id = message.id) DESC, due_at, id
            )
            UPDATE ledger_message message SET bundle_id = leader.id, claimed_until = NULL, attempts = 0
              FROM leader
             WHERE message.person_id = leader.person_id AND message.id <> leader.id
               AND message.may_be_bundled AND message.bundle_id IS NULL
               AND message.sent_at IS NULL AND message.failed_at IS NULL
               AND (message.attempts = 0 OR message.attempts = 1 AND message.id = ANY(%(claimed)s::bigint[]))
               AND (message.due_at <= %(now)s
                    OR message.due_at <= %(soon)s
                       AND EXISTS (SELECT FROM ledger_notice
                                    WHERE id = message.notice_id AND kind <> ALL(%(sums)s::text[])))
               AND NOT EXISTS (SELECT FROM ledger_message other WHERE other.bundle_id = message.id)
            RETURNING message.id
            """,
            {"claimed": array_of(claimed), "now": now, "soon": now + WAITS, "sums": sums},
        )
        return {row[0] for row in cursor.fetchall()}
