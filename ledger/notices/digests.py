"""Digests: what was sold, what is due, what has changed; one e-mail a day or a week, at eight in the morning in China."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from ledger.notices.choices import has_verified_address, settings_of_many
from ledger.notices.deadlines import what_is_due
from ledger.notices.kinds import find_kind
from ledger.notices.mail import Letter, Line, lines_of_more, whole_address, write_letter
from ledger.notices.models import Channel, DigestSent, Group, Message, Notice, NoticeSettings
from ledger.notices.rules import Telling
from ledger.notices.words import address_of, say, words_of, write
from ledger.parties.models import Membership, Organisation, User

HOUR = 8
AT_ONCE = 200
MOST_LINES = 15
DUE_WITHIN = dt.timedelta(days=14)
LATEST = dt.timedelta(days=2)
"""A digest that could not be written in time is made up for so long, then left out."""

Digest = NoticeSettings.Digest


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest is of: up to eight in the morning of a day."""

    digest: str
    due_on: dt.date

    @property
    def ends_at(self) -> dt.datetime:
        return timezone.make_aware(dt.datetime.combine(self.due_on, dt.time(HOUR)))

    @property
    def starts_at(self) -> dt.datetime:
        return self.ends_at - dt.timedelta(days=1 if self.digest == Digest.DAILY else 7)


def periods_over(now: dt.datetime) -> list[Period]:
    """Return the periods whose digests are to be written at a time."""
    today = timezone.localdate(now)
    monday = today - dt.timedelta(days=today.weekday())
    periods = [Period(Digest.DAILY, today), Period(Digest.WEEKLY, monday)]
    return [period for period in periods if dt.timedelta(0) <= now - period.ends_at < LATEST]


def write_digests(now: dt.datetime | None = None) -> int:
    """Write the digests that are due, and return how many e-mails that makes. Done twice, it is done once."""
    now = now or timezone.now()
    written = 0
    for period in periods_over(now):
        while people := _waiting(period):
            written += _write(people, period, now)
    return written


def _waiting(period: Period) -> list[int]:
    """Return people who want this digest and have not had it."""
    chosen = Q(notice_settings__digest=period.digest)
    if period.digest == Digest.WEEKLY:
        # What holds for a cooperative's people who have not chosen.
        chosen |= Q(notice_settings__isnull=True, memberships__organisation__kind=Organisation.Kind.COOPERATIVE)
    had = DigestSent.objects.filter(due_on=period.due_on).values("person")
    people = User.objects.filter(chosen, is_active=True).exclude(pk__in=had).order_by("pk")
    return list(people.values_list("pk", flat=True).distinct()[:AT_ONCE])


@transaction.atomic
def _write(people: Collection[int], period: Period, now: dt.datetime) -> int:
    taken = _take(people, period)
    users = {
        membership.user_id: membership
        for membership in Membership.objects.filter(has_verified_address("user_id"), user__in=taken).select_related(
            "organisation"
        )
    }
    settings = settings_of_many(users)
    sold = _sold(users, period)
    changed = _changed(users, period)
    due = _due(users.values(), now)
    messages = []
    for pk, membership in users.items():
        with override(settings[pk].language):
            letter = _letter(period, sold.get(pk), _of_role(due, membership), changed.get(pk, []))
        if letter is None:
            continue
        message = Message(person_id=pk, channel=Channel.EMAIL, created_at=now, due_at=now)
        write_letter(message, letter, settings[pk].language)
        messages.append(message)
    Message.objects.bulk_create(messages)
    return len(messages)


def _take(people: Collection[int], period: Period) -> list[int]:
    """Note that these have had theirs; of two workers one alone takes each."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_digestsent (person_id, due_on) SELECT unnest(%s::bigint[]), %s
            ON CONFLICT DO NOTHING RETURNING person_id
            """,
            [sorted(people), period.due_on],
        )
        return [row[0] for row in cursor.fetchall()]


def _sold(people: Collection[int], period: Period) -> dict[int, dict[str, int]]:
    """Return what each one's organisation has bought and sold, by the notices of trades, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT person_id, sum((parameters ->> 'sold_t')::bigint), sum((parameters ->> 'sold_fen')::bigint),
                   sum((parameters ->> 'bought_t')::bigint), sum((parameters ->> 'bought_fen')::bigint)
              FROM ledger_notice
             WHERE person_id = ANY(%s::bigint[]) AND kind = 'trades' AND created_at >= %s AND created_at < %s
             GROUP BY 1
            """,
            [sorted(people), period.starts_at, period.ends_at],
        )
        names = ("sold_t", "sold_fen", "bought_t", "bought_fen")
        return {pk: {name: int(sum_ or 0) for name, sum_ in zip(names, sums, strict=True)} for pk, *sums in cursor}


def _changed(people: Collection[int], period: Period) -> dict[int, list[Notice]]:
    found = Notice.objects.filter(
        person__in=people, created_at__gte=period.starts_at, created_at__lt=period.ends_at
    ).exclude(group=Group.TRADING)
    by_person: dict[int, list[Notice]] = {}
    for notice in found.order_by("-id"):
        by_person.setdefault(notice.person_id, []).append(notice)
    return by_person


def _due(memberships: Iterable[Membership], now: dt.datetime) -> list[Telling]:
    organisations = {membership.organisation_id for membership in memberships}
    return list(what_is_due(now, organisations, DUE_WITHIN)) if organisations else []


def _of_role(due: Sequence[Telling], membership: Membership) -> list[Telling]:
    return [
        telling
        for telling in due
        if telling.to.organisation_id == membership.organisation_id
        and (not telling.to.roles or membership.role in telling.to.roles)
    ]


def _letter(
    period: Period, sold: dict[str, int] | None, due: Sequence[Telling], changed: Sequence[Notice]
) -> Letter | None:
    """Return what a digest says, None where there is nothing to say."""
    sections = [
        (_("Traded"), _sold_lines(sold)),
        (_("Due"), _due_lines(due)),
        (_("What has changed"), _changed_lines(changed)),
    ]
    sections = [(heading, lines) for heading, lines in sections if lines]
    if not sections:
        return None
    subject = _("Your week until %(day)s") if period.digest == Digest.WEEKLY else _("Your day until %(day)s")
    return Letter(subject % {"day": period.due_on.isoformat()}, sections)


def _sold_lines(sold: dict[str, int] | None) -> list[Line]:
    if sold is None:
        return []
    lines = []
    for amount, value, words in (
        ("sold_t", "sold_fen", _("Sold: %(quantity)s t for ¥%(value)s")),
        ("bought_t", "bought_fen", _("Bought: %(quantity)s t for ¥%(value)s")),
    ):
        if sold[amount]:
            said = {"quantity": write(amount, sold[amount]), "value": write(value, sold[value])}
            lines.append(Line(words % said, "", whole_address("/orders")))
    return lines


def _due_lines(due: Sequence[Telling]) -> list[Line]:
    lines = []
    for telling in due[:MOST_LINES]:
        kind = find_kind(telling.kind)
        assert kind is not None
        address = whole_address(address_of(kind, telling.parameters))
        lines.append(Line(words_of(kind.title, telling.parameters), "", address))
    return lines + lines_of_more(len(due) - MOST_LINES)


def _changed_lines(notices: Sequence[Notice]) -> list[Line]:
    lines = [
        Line(said.title, said.text, whole_address(said.address))
        for said in (say(notice) for notice in notices[:MOST_LINES])
    ]
    return lines + lines_of_more(len(notices) - MOST_LINES)
