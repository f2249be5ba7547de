"""Put fields into a draft, change them, take them out; say which household a field is of."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from ledger.errors import InvalidValue, NotFound, WrongState
from ledger.parties.access import log_name
from ledger.parties.households import plain_code
from ledger.parties.models import Household, Membership
from ledger.projects import entries
from ledger.projects.access import lock_own, require_proponent
from ledger.projects.claims import practices_of_parcel
from ledger.projects.land.examine import MAX_PARCELS, Examined, NewParcel, examine_claims, examine_shapes
from ledger.projects.land.problems import MAX_LISTED, Notice, ParcelsRefused
from ledger.projects.locks import lock_land
from ledger.projects.models import Parcel, Project
from ledger.rows import array_of, copy_rows, draw_ids, update_rows
from ledger.texts import is_storable
from ledger.transparency.services import NewRecord, append_records

_COLUMNS = {
    "id": "int8",
    "project_id": "int8",
    "code": "varchar",
    "name": "varchar",
    "geometry": "jsonb",
    "area_ha": "numeric",
    "declared_area_ha": "numeric",
    "area_reason": "text",
    "converted_from": "varchar",
    "household_id": "int8",
    "practices": "jsonb",
}


# The states of a project whose fields are worked under it, or may come to be.
WORKED = set(Project.Status) - {Project.Status.REJECTED, Project.Status.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Added:
    """Fields that are stored, and what their owner should know of them."""

    parcels: list[Parcel]
    notices: list[Notice]


@transaction.atomic
def add_parcels(*, actor: Membership, project_id: int, parcels: Sequence[NewParcel], within: str = "parcels") -> Added:
    """Add fields to a draft, all or none; their areas are computed, and land of another project is refused.

    `within`: the name of the list that they came in, for who is told which of them is at fault; empty for one by itself.

    Locks: the land as a whole, then the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ParcelsRefused with every problem there is.
    """
    require_proponent(actor)
    examined = _examine(parcels)
    lock_land()
    project = lock_own(actor, project_id, Project.Status.DRAFT)
    examine_claims(examined, project)
    _refuse(examined, within)
    _store(examined.parcels)
    _record_facts(examined.parcels, actor)
    return Added(examined.parcels, examined.notices)


def examine_parcels(*, actor: Membership, project_id: int, parcels: Sequence[NewParcel]) -> Examined:
    """Return what `add_parcels` would do and say, without doing it.

    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue for too many fields.
    """
    require_proponent(actor)
    examined = _examine(parcels)
    project = Project.objects.filter(pk=project_id).first()
    _require_draft(actor, project)
    assert project is not None
    examine_claims(examined, project)
    return examined


def add_parcel(
    *,
    actor: Membership,
    project_id: int,
    code: str,
    geometry: Any,
    practices: Mapping[str, Any],
    name: str = "",
    household_code: str = "",
    declared_area_ha: Decimal | None = None,
    area_reason: str = "",
    converted_from: str = "",
) -> Parcel:
    """Add a field to a draft, as `add_parcels` does."""
    new = NewParcel(
        code, geometry, practices, name, household_code, declared_area_ha, area_reason, converted_from=converted_from
    )
    return add_parcels(actor=actor, project_id=project_id, parcels=[new], within="").parcels[0]


@transaction.atomic
def change_parcel(*, actor: Membership, project_id: int, parcel_id: int, new: NewParcel) -> Added:
    """Make a field of a draft what is given now, as if it had been added so.

    Locks: the land as a whole, then the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ParcelsRefused.
    """
    require_proponent(actor)
    examined = _examine([new])
    lock_land()
    project = lock_own(actor, project_id, Project.Status.DRAFT)
    before = _parcels_among(project, [parcel_id])[0]
    examine_claims(examined, project, without=[parcel_id])
    _refuse(examined, "")
    parcel = examined.parcels[0]
    parcel.pk = before.pk
    parcel.save(force_update=True)
    if parcel.code != before.code:
        _record_removed([before], actor)
    _record_facts([parcel], actor)
    return Added([parcel], examined.notices)


@transaction.atomic
def set_practices(
    *, actor: Membership, project_id: int, parcel_ids: Sequence[int], practices: Mapping[str, Any]
) -> list[Parcel]:
    """Give fields of a draft the same practices.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    checked = practices_of_parcel(practices, field="practices")
    if not is_storable(checked):
        raise InvalidValue(field="practices", reason=_("This holds a character that cannot be stored."))
    parcels = _parcels_among(lock_own(actor, project_id, Project.Status.DRAFT), parcel_ids)
    for parcel in parcels:
        parcel.practices = checked
    update_rows(
        "UPDATE ledger_parcel SET practices = %s WHERE id = ANY(%s::bigint[])",
        [Jsonb(checked), array_of(parcel.pk for parcel in parcels)],
        count=len(parcels),
        otherwise=NotFound(),
    )
    _record_facts(parcels, actor)
    return parcels


@transaction.atomic
def set_household(
    *, actor: Membership, project_id: int, parcel_ids: Sequence[int], household_code: str
) -> list[Parcel]:
    """Say which member household works fields, or by an empty code that none does; also after the registration, since land
    goes from one household to the next while the project runs.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_own(actor, project_id, *WORKED)
    household = _household(project, plain_code(household_code))
    parcels = _parcels_among(project, parcel_ids)
    for parcel in parcels:
        parcel.household = household
    update_rows(
        "UPDATE ledger_parcel SET household_id = %s WHERE id = ANY(%s::bigint[])",
        [household and household.pk, array_of(parcel.pk for parcel in parcels)],
        count=len(parcels),
        otherwise=NotFound(),
    )
    now = timezone.now()
    append_records(
        NewRecord("parcel_described", entries.parcel_described(parcel), log_name(actor), now) for parcel in parcels
    )
    return parcels


def remove_parcel(*, actor: Membership, project_id: int, parcel_id: int) -> Parcel:
    """Take a field out of a draft, as `remove_parcels` does."""
    return remove_parcels(actor=actor, project_id=project_id, parcel_ids=[parcel_id])[0]


@transaction.atomic
def remove_parcels(*, actor: Membership, project_id: int, parcel_ids: Sequence[int]) -> list[Parcel]:
    """Take fields out of a draft.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState.
    """
    require_proponent(actor)
    parcels = _parcels_among(lock_own(actor, project_id, Project.Status.DRAFT), parcel_ids)
    _record_removed(parcels, actor)
    Parcel.objects.filter(pk__in=[parcel.pk for parcel in parcels]).delete()
    return parcels


def _examine(parcels: Sequence[NewParcel]) -> Examined:
    if not parcels:
        raise InvalidValue(field="parcels", reason=_("There is no field in it."))
    if len(parcels) > MAX_PARCELS:
        raise InvalidValue(field="parcels", reason=_("A project has 10,000 parcels at most."))
    return examine_shapes(parcels)


def _refuse(examined: Examined, within: str) -> None:
    if examined.problems:
        raise ParcelsRefused(examined.problems[:MAX_LISTED], within=within, count=len(examined.problems))


def _require_draft(actor: Membership, project: Project | None) -> None:
    if project is None or project.proponent_id != actor.organisation_id:
        raise NotFound()
    if project.status != Project.Status.DRAFT:
        raise WrongState(state=project.get_status_display())


def _parcels_among(project: Project, parcel_ids: Sequence[int]) -> list[Parcel]:
    """Return parcels of a project, in their order.

    Raises: NotFound where one is not of it.
    """
    wanted = set(parcel_ids)
    found = list(project.parcels.select_related("household").filter(pk__in=wanted).order_by("pk"))
    if not wanted or len(found) != len(wanted):
        raise NotFound()
    for parcel in found:
        parcel.project = project
    return found


def _household(project: Project, code: str) -> Household | None:
    if not code:
        return None
    found = Household.objects.filter(cooperative=project.proponent_id, code=code, left_at=None).first()
    if found is None:
        reason = _("The cooperative has no member household %(code)s.") % {"code": code[:32]}
        raise InvalidValue(field="household_code", reason=reason)
    return found


def _store(parcels: Sequence[Parcel]) -> None:
    for parcel, parcel_id in zip(parcels, draw_ids(Parcel, len(parcels)), strict=True):
        parcel.pk, parcel._state.adding = parcel_id, False
    copy_rows(Parcel, tuple(_COLUMNS), tuple(_COLUMNS.values()), map(_row, parcels))


def _row(parcel: Parcel) -> list[Any]:
    values = (getattr(parcel, name) for name in _COLUMNS)
    return [Jsonb(value) if isinstance(value, dict) else value for value in values]


def _record_facts(parcels: Iterable[Parcel], actor: Membership) -> None:
    """Record what fields are now: a field that was recorded before is what the newest of its records says."""
    name, now = log_name(actor), timezone.now()
    append_records([record for parcel in parcels for record in _facts(parcel, name, now)])


def _facts(parcel: Parcel, actor: str, now: dt.datetime) -> list[NewRecord]:
    facts = [NewRecord("parcel_added", entries.parcel_added(parcel), actor, now)]
    if entries.is_described(parcel):
        facts.append(NewRecord("parcel_described", entries.parcel_described(parcel), actor, now))
    return facts


def _record_removed(parcels: Iterable[Parcel], actor: Membership) -> None:
    name, now = log_name(actor), timezone.now()
    append_records(
        [
            NewRecord("parcel_removed", {"project": parcel.project.code, "parcel": parcel.code}, name, now)
            for parcel in parcels
        ]
    )
