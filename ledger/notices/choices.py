"""How people want to be told, and what holds for who has not chosen."""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from ledger.notices.models import Channel, Group, NoticeSettings, Severity
from ledger.parties.models import Membership, Organisation, User

Digest = NoticeSettings.Digest
# Trades may come by the minute; they are in the app and in digests.
EMAILED_BY_DEFAULT = [Group.SECURITY, Group.REGISTRY, Group.CREDITS, Group.MONEY, Group.DESK]
GROUPS_OF_KIND = {
    Organisation.Kind.COOPERATIVE: (
        Group.SECURITY,
        Group.REGISTRY,
        Group.CREDITS,
        Group.MONEY,
        Group.TRADING,
        Group.MARKETS,
    ),
    Organisation.Kind.BUYER: (Group.SECURITY, Group.CREDITS, Group.MONEY, Group.TRADING, Group.MARKETS),
    Organisation.Kind.VERIFIER: (Group.SECURITY, Group.REGISTRY),
    Organisation.Kind.OPERATOR: (Group.SECURITY, Group.REGISTRY, Group.CREDITS, Group.DESK),
    Organisation.Kind.AUDITOR: (Group.SECURITY,),
}
"""Of what the people of an organisation may be told."""


class Person(NamedTuple):
    """Somebody who may be told, and in which role for which organisation."""

    pk: int
    public_id: str
    organisation_id: int | None
    role: str
    has_address: bool


def has_verified_address(person: str) -> Exists:
    """Return whether a person can be written to, for rows that name a person so."""
    return Exists(EmailAddress.objects.filter(user_id=OuterRef(person), verified=True))


def groups_for(membership: Membership | None) -> tuple[Group, ...]:
    """Return of what somebody may be told."""
    if membership is None:
        return (Group.SECURITY,)
    return GROUPS_OF_KIND[Organisation.Kind(membership.organisation.kind)]


def default_settings(user: User, kind: str | None) -> NoticeSettings:
    """Return what holds for who has not chosen: cooperatives get a digest each week."""
    digest = Digest.WEEKLY if kind == Organisation.Kind.COOPERATIVE else Digest.OFF
    return NoticeSettings(person=user, email_groups=list(EMAILED_BY_DEFAULT), digest=digest)


def settings_of(user: User) -> NoticeSettings:
    """Return how a person wants to be told."""
    chosen = NoticeSettings.objects.filter(person=user).first()
    if chosen is not None:
        return chosen
    kind = Membership.objects.filter(user=user).values_list("organisation__kind", flat=True).first()
    return default_settings(user, kind)


def language_for(user: User, otherwise: str | None) -> str:
    """Return in which language a person is written to: the one that they have chosen, else the one that is given."""
    chosen = NoticeSettings.objects.filter(person=user).values_list("language", flat=True).first()
    return chosen or otherwise or settings.LANGUAGE_CODE


def settings_of_many(people: Collection[int]) -> dict[int, NoticeSettings]:
    """Return how each of many people wants to be told, in two queries."""
    found = {each.person_id: each for each in NoticeSettings.objects.filter(person__in=people)}
    missing = [pk for pk in people if pk not in found]
    if missing:
        users = User.objects.filter(pk__in=missing).annotate(works_for=F("memberships__organisation__kind"))
        found |= {user.pk: default_settings(user, user.works_for) for user in users}
    return found


def channels_for(settings: NoticeSettings, *, group: str, is_sms_possible: bool) -> Iterable[Channel]:
    """Yield by which ways a person wants to get notices of a group sent."""
    if group in settings.email_groups:
        yield Channel.EMAIL
    if is_sms_possible and group in settings.sms_groups and settings.phone_confirmed_at is not None:
        yield Channel.SMS


def is_kept_in_app(settings: NoticeSettings, *, group: str, severity: str) -> bool:
    """Return whether the app shows it: always what needs the person."""
    return severity != Severity.INFO or group not in settings.muted_groups


def after_quiet_hours(settings: NoticeSettings, at: dt.datetime) -> dt.datetime:
    """Return when something may be sent that could be sent at a time: at once, or when the quiet hours end, in China."""
    start, end = settings.quiet_from, settings.quiet_until
    if start is None or end is None or start == end:
        return at
    local = timezone.localtime(at)
    clock = local.time()
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return at
    day = local.date() if clock < end else local.date() + dt.timedelta(days=1)
    return timezone.make_aware(dt.datetime.combine(day, end))
