"""Follow the log and write notices: in bulk, each once, in one transaction with the place in the log."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from ledger.notices.bundles import due_with_others, may_be_bundled
from ledger.notices.choices import (
    Person,
    after_quiet_hours,
    channels_for,
    has_verified_address,
    is_kept_in_app,
    settings_of_many,
)
from ledger.notices.kinds import NoticeKind, find_kind
from ledger.notices.models import Channel, Message, Notice, NoticeSettings, Severity
from ledger.notices.rules import Telling, Told, followed_families, followed_kinds, tellings_of
from ledger.notices.sms import is_sms_possible
from ledger.parties.models import Membership, User
from ledger.rows import array_of, draw_ids, insert_rows
from ledger.transparency.following import LoggedRecord, follow_log

FOLLOWER = "notices"
LONGEST_SECONDS = 0.6
# What is older was missed while nobody followed: it is in the app, and no longer worth an e-mail.
SENT_WITHIN = dt.timedelta(days=2)
# A notice that is summed up is sent once its time is over, with all of it.
SUM_SETTLES = dt.timedelta(minutes=2)
MANY = 20
_LOCK = 0x7469_616E_6875_6E31


def tell_what_is_recorded() -> int:
    """Write notices of what the log has since last time, for a moment at most; return by how many places it went on."""
    went_on, until = 0, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        steps = follow_log(FOLLOWER, kinds=followed_kinds(), families=followed_families(), take=_take)
        if steps == 0:
            break
        went_on += steps
    return went_on


def _take(records: Sequence[LoggedRecord]) -> None:
    tell(tellings_of(records))


@transaction.atomic
def tell(tellings: Sequence[Telling]) -> int:
    """Write notices, and what is sent of them, and return how many there are that are new.

    Locks: an advisory lock, so that of two of one key the second finds the first.
    """
    if not tellings:
        return 0
    people = _people_of(tellings)
    settings = settings_of_many({person.pk for some in people.values() for person in some})
    drafts = _merged(_drafts(tellings, people, settings))
    if not drafts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    known = _known({(draft.person.pk, draft.key) for draft in drafts if draft.key is not None})
    _add_to([(known[draft.name], draft) for draft in drafts if draft.name in known and draft.kind.is_sum])
    new = [draft for draft in drafts if draft.name not in known]
    ids = _write(new)
    _send(new, ids, settings)
    return len(new)


@dataclass(slots=True)
class _Draft:
    kind: NoticeKind
    person: Person
    parameters: dict[str, Any]
    at: dt.datetime
    key: str | None
    organisation_id: int | None = None

    @property
    def name(self) -> tuple[int, str | None]:
        """What a second one of the same key is known by; one without a key is like no other."""
        return (self.person.pk, self.key)


def _people_of(tellings: Iterable[Telling]) -> dict[Told, list[Person]]:
    """Return whom each is for: two queries, however many there are."""
    wanted = {telling.to for telling in tellings}
    organisations = {told.organisation_id for told in wanted if not told.person}
    members = Membership.objects.filter(organisation__in=organisations, user__is_active=True).order_by("user_id")
    members = members.annotate(has_address=has_verified_address("user_id"))
    by_organisation: dict[int, list[Person]] = {}
    for pk, public_id, organisation_id, role, has_address in members.values_list(
        "user_id", "user__public_id", "organisation_id", "role", "has_address"
    ):
        person = Person(pk, str(public_id), organisation_id, role, has_address)
        by_organisation.setdefault(organisation_id, []).append(person)
    named = _named({told.person for told in wanted if told.person})
    return {
        told: [
            person
            for person in by_organisation.get(told.organisation_id or 0, ())
            if not told.roles or person.role in told.roles
        ]
        if not told.person
        else [person._replace(organisation_id=told.organisation_id) for person in named.get(told.person, ())]
        for told in wanted
    }


def _named(public_ids: set[str]) -> dict[str, list[Person]]:
    # A person that a record names wrongly is nobody.
    known = [name for name in public_ids if len(name) == 36]
    if not known:
        return {}
    found = User.objects.filter(public_id__in=known).annotate(has_address=has_verified_address("pk"))
    rows = found.values_list("pk", "public_id", "has_address")
    return {str(public_id): [Person(pk, str(public_id), None, "", has_address)] for pk, public_id, has_address in rows}


def _drafts(
    tellings: Iterable[Telling], people: dict[Told, list[Person]], settings: dict[int, NoticeSettings]
) -> Iterable[_Draft]:
    for telling in tellings:
        kind = find_kind(telling.kind)
        assert kind is not None, f"no words are known for {telling.kind}"
        for person in people[telling.to]:
            if telling.actor == f"user:{person.public_id}":
                continue
            if is_kept_in_app(settings[person.pk], group=kind.group, severity=kind.severity):
                yield _Draft(kind, person, dict(telling.parameters), telling.at, telling.key, person.organisation_id)


def _merged(drafts: Iterable[_Draft]) -> list[_Draft]:
    """Put together what is of one key: a sum is added up, of anything else the first stands."""
    kept: list[_Draft] = []
    by_name: dict[tuple[int, str | None], _Draft] = {}
    for draft in drafts:
        first = by_name.get(draft.name) if draft.key is not None else None
        if first is None:
            kept.append(draft)
            by_name[draft.name] = draft
        elif draft.kind.is_sum:
            first.parameters = added(first.parameters, draft.parameters)
            first.at = max(first.at, draft.at)
    return kept


def added(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return two sums as one: numbers are added, lists joined up to a length; of anything else the first stands."""
    both = dict(first)
    for name, value in second.items():
        if isinstance(value, int) and isinstance(both.get(name, 0), int):
            both[name] = both.get(name, 0) + value
        elif isinstance(value, list) and isinstance(both.get(name, []), list):
            both[name] = [*both.get(name, []), *(each for each in value if each not in both.get(name, []))][:MANY]
        else:
            both.setdefault(name, value)
    return both


def _known(names: set[tuple[int, str]]) -> dict[tuple[int, str | None], tuple[int, dict[str, Any]]]:
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT notice.person_id, notice.key, notice.id, notice.parameters
              FROM unnest(%s::bigint[], %s::text[]) AS wanted (person_id, key)
              JOIN ledger_notice notice ON notice.person_id = wanted.person_id AND notice.key = wanted.key
            """,
            [[person for person, _key in names], [key for _person, key in names]],
        )
        return {(person, key): (pk, orjson.loads(said)) for person, key, pk, said in cursor.fetchall()}


def _add_to(pairs: Sequence[tuple[tuple[int, dict[str, Any]], _Draft]]) -> None:
    """Add to sums that were told before; they are unread again."""
    if not pairs:
        return
    rows = [(pk, orjson.dumps(added(said, draft.parameters)).decode(), draft.at) for (pk, said), draft in pairs]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_notice SET parameters = more.parameters::jsonb, created_at = more.at, read_at = NULL
              FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS more (id, parameters, at)
             WHERE ledger_notice.id = more.id
            """,
            [array_of(row[0] for row in rows), [row[1] for row in rows], [row[2] for row in rows]],
        )


def _write(drafts: Sequence[_Draft]) -> list[int]:
    ids = draw_ids(Notice, len(drafts))
    insert_rows(
        Notice,
        ("id", "person_id", "organisation_id", "kind", '"group"', "severity", "parameters", "key", "created_at"),
        ("int8", "int8", "int8", "varchar", "varchar", "varchar", "jsonb", "varchar", "timestamptz"),
        (
            (
                pk,
                draft.person.pk,
                draft.organisation_id,
                draft.kind.name,
                str(draft.kind.group),
                str(draft.kind.severity),
                Jsonb(draft.parameters),
                draft.key,
                draft.at,
            )
            for pk, draft in zip(ids, drafts, strict=True)
        ),
    )
    return ids


def _send(drafts: Sequence[_Draft], ids: Sequence[int], settings: dict[int, NoticeSettings]) -> None:
    now = timezone.now()
    is_sms = is_sms_possible()
    messages = [
        Message(
            person_id=draft.person.pk,
            channel=channel,
            notice_id=pk,
            created_at=now,
            due_at=_due_at(draft, settings[draft.person.pk], channel, now),
            may_be_bundled=may_be_bundled(settings[draft.person.pk], severity=draft.kind.severity, channel=channel),
        )
        for pk, draft in zip(ids, drafts, strict=True)
        if draft.at > now - SENT_WITHIN
        for channel in channels_for(settings[draft.person.pk], group=draft.kind.group, is_sms_possible=is_sms)
        if channel != Channel.EMAIL or (draft.person.has_address and draft.kind.is_mailed)
    ]
    Message.objects.bulk_create(messages, batch_size=1_000)


def _due_at(draft: _Draft, settings: NoticeSettings, channel: Channel, now: dt.datetime) -> dt.datetime:
    at = now + SUM_SETTLES if draft.kind.is_sum else now
    # A warning about somebody's account cannot wait until the morning.
    is_urgent = draft.kind.severity == Severity.WARNING and channel == Channel.EMAIL
    if is_urgent:
        return at
    if may_be_bundled(settings, severity=draft.kind.severity, channel=channel):
        at = due_with_others(settings, at, now)
    return after_quiet_hours(settings, at)
