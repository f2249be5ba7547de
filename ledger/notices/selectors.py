"""Read notices: each person their own."""

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from ledger.notices.models import Notice
from ledger.parties.models import User

MOST_COUNTED = 100
UNREAD_OF_MEMBER = RawSQL(
    f"""(SELECT count(*) FROM (SELECT FROM ledger_notice notice
          WHERE notice.person_id = ledger_membership.user_id AND notice.read_at IS NULL LIMIT {MOST_COUNTED}) few)""",
    [],
)
"""How many notices the person of a membership has not read, up to a hundred: read along with the membership."""


def notices_of(person: User) -> QuerySet[Notice]:
    """Return what a person was told, newest first."""
    return Notice.objects.filter(person=person).order_by("-id")


def narrowed(notices: QuerySet[Notice], *, group: str = "", is_unread: bool = False) -> QuerySet[Notice]:
    """Return those notices that are about something, and those that are not read yet."""
    if group:
        notices = notices.filter(group=group)
    return notices.filter(read_at__isnull=True) if is_unread else notices


def unread_count(person: User) -> int:
    """Return how many notices a person has not read, up to a hundred."""
    return Notice.objects.filter(person=person, read_at__isnull=True)[:MOST_COUNTED].count()
