"""Write into the field diary: entries are added, withdrawn, and replaced by better ones."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import IdempotencyConflict, InvalidValue, NotFound, WrongState
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects.claims import check_reason
from ledger.projects.concern import require_writer
from ledger.projects.diary import entries
from ledger.projects.diary.content import clean_content
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.locks import lock_project
from ledger.projects.models import Project
from ledger.texts import check_text, check_texts
from ledger.transparency.services import append_record

MAX_NOTE = 2_000
MAX_PARCELS = 2_000
MAX_ACCURACY_M = 100_000
DEGREES = Decimal("0.000001")
# Clocks of phones are a little ahead.
CLOCKS_DIFFER_BY = dt.timedelta(minutes=15)
# States in which fields are tended for the project. In a draft they may still change.
TENDED = (
    Project.Status.SUBMITTED,
    Project.Status.IN_VALIDATION,
    Project.Status.VALIDATED,
    Project.Status.REGISTERED,
    Project.Status.SUSPENDED,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the phone was. Units: degrees of WGS 84, metres."""

    latitude: Decimal
    longitude: Decimal
    accuracy_m: int


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What somebody wants written into the diary."""

    client_uuid: UUID
    kind: str
    parcels: Sequence[str]
    happened_on: dt.date
    content: Mapping[str, Any]
    season: str = ""
    happened_time: dt.time | None = None
    place: Place | None = None
    note: str = ""
    replaces: int | None = None


class Written(NamedTuple):
    """An entry, and whether it was written just now or had been before."""

    entry: DiaryEntry
    is_new: bool


@transaction.atomic
def write_entry(*, actor: Membership, project_id: int, new: NewEntry) -> Written:
    """Write an entry; one that was sent before comes back as it is, however often it is sent.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue, IdempotencyConflict (the identifier was
    used for something else).
    """
    require_writer(actor)
    project = lock_project(project_id)
    if project.proponent_id != actor.organisation_id:
        raise NotFound()
    entry = _entry(project, new)
    before = DiaryEntry.objects.filter(project=project, client_uuid=new.client_uuid).first()
    if before is not None:
        return Written(_same(before, entry), False)
    if project.status not in TENDED:
        raise WrongState(state=project.get_status_display())
    _check_day(project, new)
    _check_fields(project, entry)
    entry.created_by, entry.created_at = actor.user, timezone.now()
    replaced = _replaced(project, new.replaces)
    entry.replaces = replaced
    entry.save()
    append_record(
        kind="diary_entry_added", body=entries.diary_entry_added(entry), actor=log_name(actor), at=entry.created_at
    )
    if replaced is not None:
        _withdraw(actor, replaced, _("Replaced by a better entry."), entry.created_at)
    return Written(entry, True)


def _entry(project: Project, new: NewEntry) -> DiaryEntry:
    """Return the entry, with all that can be checked of it alone."""
    if new.kind not in DiaryEntry.Kind.values:
        raise InvalidValue(field="kind", reason=_("There is no such kind of entry."))
    note = new.note.strip()
    check_text(note, field="note", most=MAX_NOTE)
    if new.kind == DiaryEntry.Kind.OTHER and not note:
        raise InvalidValue(field="note", reason=_("Say what was done."))
    parcels = list(dict.fromkeys(new.parcels))
    if not 1 <= len(parcels) <= MAX_PARCELS:
        raise InvalidValue(field="parcels", reason=_("Choose 1 to 2,000 fields."))
    entry = DiaryEntry(
        project=project,
        client_uuid=new.client_uuid,
        kind=new.kind,
        parcels=parcels,
        season=new.season,
        happened_on=new.happened_on,
        happened_time=new.happened_time and new.happened_time.replace(microsecond=0, tzinfo=None),
        content=clean_content(new.kind, new.content),
        note=note,
        **_place(new.place),
    )
    check_texts(entry)
    return entry


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    is_number = place.latitude.is_finite() and place.longitude.is_finite()
    if not (is_number and -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        raise InvalidValue(field="place", reason=_("Latitude is within ±90, longitude within ±180 degrees."))
    if not 0 <= place.accuracy_m <= MAX_ACCURACY_M:
        raise InvalidValue(field="place", reason=_("The accuracy is 0 to 100,000 metres."))
    return {
        "latitude": place.latitude.quantize(DEGREES),
        "longitude": place.longitude.quantize(DEGREES),
        "accuracy_m": place.accuracy_m,
    }


def _same(before: DiaryEntry, entry: DiaryEntry) -> DiaryEntry:
    """Return what was sent before, where it is the same."""

    def said(one: DiaryEntry) -> tuple[object, ...]:
        return one.kind, one.happened_on, entries.content_of(one)

    if said(before) != said(entry):
        raise IdempotencyConflict(key=before.client_uuid)
    return before


def _check_day(project: Project, new: NewEntry) -> None:
    now = timezone.localtime()
    if new.happened_on < project.crediting_starts_on:
        raise InvalidValue(field="happened_on", reason=_("This is before the crediting period."))
    if new.happened_on > project.crediting_ends_on:
        raise InvalidValue(field="happened_on", reason=_("This is after the crediting period."))
    if new.happened_on > now.date():
        raise InvalidValue(field="happened_on", reason=_("This day is still to come."))
    latest = now + CLOCKS_DIFFER_BY
    if new.happened_time and (new.happened_on, new.happened_time) > (latest.date(), latest.time()):
        raise InvalidValue(field="happened_time", reason=_("This time is still to come."))


def _check_fields(project: Project, entry: DiaryEntry) -> None:
    known = project.parcels.filter(code__in=entry.parcels).values_list("code", "practices")
    practices = dict(known)
    unknown = [code for code in entry.parcels if code not in practices]
    if unknown:
        raise InvalidValue(field="parcels", reason=_("The project has no parcel %(code)s.") % {"code": unknown[0]})
    seasons = {season.get("name") for each in practices.values() for season in each.get("seasons", [])}
    if entry.season and entry.season not in seasons:
        reason = _("No such season is registered for these fields.")
        raise InvalidValue(field="season", reason=reason)


def _replaced(project: Project, entry_id: int | None) -> DiaryEntry | None:
    if entry_id is None:
        return None
    replaced = DiaryEntry.objects.filter(project=project, pk=entry_id).first()
    if replaced is None:
        raise InvalidValue(field="replaces", reason=_("There is no such entry."))
    if replaced.withdrawn_at is not None:
        raise InvalidValue(field="replaces", reason=_("The entry is withdrawn already."))
    return replaced


@transaction.atomic
def withdraw_entry(*, actor: Membership, project_id: int, entry_id: int, reason: str) -> DiaryEntry:
    """Withdraw an entry; it stays to be read, and counts no more.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_writer(actor)
    project = lock_project(project_id)
    entry = DiaryEntry.objects.filter(project=project, pk=entry_id).first()
    if entry is None or project.proponent_id != actor.organisation_id:
        raise NotFound()
    if entry.withdrawn_at is not None:
        raise WrongState(state=_("withdrawn"))
    check_reason(reason)
    _withdraw(actor, entry, reason.strip(), timezone.now())
    return entry


def _withdraw(actor: Membership, entry: DiaryEntry, reason: str, at: dt.datetime) -> None:
    entry.withdrawn_by, entry.withdrawn_at, entry.withdrawal_reason = actor.user, at, reason
    entry.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawal_reason"])
    append_record(kind="diary_entry_withdrawn", body=entries.diary_entry_withdrawn(entry), actor=log_name(actor), at=at)
