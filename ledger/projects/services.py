"""Projects, from the draft to the registration."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, SamePerson
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.projects import entries
from ledger.projects.access import lock_in, lock_own, require_proponent, require_validator, require_verifier
from ledger.projects.claims import check_crediting_period, check_reason, check_statement, settings_of_project
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.debundling import require_decided
from ledger.projects.declarations import require_declarations
from ledger.projects.digests import sheet_sha256, text_sha256
from ledger.projects.limits import refuse_too_large
from ledger.projects.locks import lock_land
from ledger.projects.models import Project
from ledger.projects.overlaps import refuse_overlaps
from ledger.projects.selectors import quantification_case
from ledger.quantification import METHODOLOGIES, CalculationSheet, InvalidInput, quantify
from ledger.texts import check_texts
from ledger.transparency.services import append_record

HANDED_IN = (Project.Status.SUBMITTED, Project.Status.IN_VALIDATION, Project.Status.VALIDATED)


@transaction.atomic
def create_project(
    *,
    actor: Membership,
    name: str,
    place: str,
    province_code: str,
    methodology: str,
    settings: Mapping[str, Any],
    crediting_starts_on: dt.date,
    crediting_ends_on: dt.date,
    name_en: str = "",
    description: str = "",
    description_en: str = "",
    illustrative: str = "",
) -> Project:
    """Begin a project of the actor's cooperative.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue.
    """
    require_proponent(actor)
    if not name.strip():
        raise InvalidValue(field="name", reason=_("Give the project a name."))
    if methodology not in METHODOLOGIES:
        raise InvalidValue(field="methodology", reason=_("There is no such methodology."))
    if not (len(province_code) == 2 and province_code.isascii() and province_code.isdigit()):
        raise InvalidValue(field="province_code", reason=_("The province code has two digits, 35 for Fujian."))
    check_crediting_period(methodology, crediting_starts_on, crediting_ends_on)
    project = Project(
        province_code=province_code,
        name=name.strip(),
        name_en=name_en.strip(),
        place=place.strip(),
        description=description,
        description_en=description_en,
        illustrative=illustrative,
        proponent=actor.organisation,
        methodology=methodology,
        settings=settings_of_project(settings),
        crediting_starts_on=crediting_starts_on,
        crediting_ends_on=crediting_ends_on,
        created_by=actor.user,
    )
    check_texts(project)
    lock_land()
    project.number = (Project.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    project.save()
    append_record(
        kind="project_created", body=entries.project_created(project), actor=log_name(actor), at=project.created_at
    )
    return project


@transaction.atomic
def submit_project(*, actor: Membership, project_id: int) -> Project:
    """Hand a project in for validation, with the forecast that its practices give; from then on it claims its land.

    Locks: the land as a whole, then the project.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue (no parcels; practices that the methodology refuses; what must
        be declared first; more in a year than the methodology allows; land that another project has claimed meanwhile).
    """
    require_proponent(actor)
    lock_land()
    project = lock_own(actor, project_id, Project.Status.DRAFT)
    if not project.parcels.exists():
        raise InvalidValue(field="parcels", reason=_("Add a field first."))
    require_declarations(project)
    refuse_overlaps(project, field="parcels")
    forecast = compute(project, {})
    refuse_too_large(methodology=project.methodology, net_t=forecast.result.net_t)
    project.forecast = forecast.as_dict()
    project.status, project.submitted_at = Project.Status.SUBMITTED, timezone.now()
    project.save()
    forecast_sha256 = sheet_sha256(project.forecast)
    _record("project_submitted", project, actor, project.submitted_at, forecast_sha256=forecast_sha256)
    return project


@transaction.atomic
def validate_project(*, actor: Membership, project_id: int, statement: str) -> Project:
    """State, as the verifier who has taken it on, that a project meets its methodology.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ConflictOfInterest, InvalidValue.
    """
    require_verifier(actor)
    project = lock_in(project_id, Project.Status.IN_VALIDATION)
    require_validator(actor, project)
    require_free_of_conflict(actor=actor, project=project)
    check_statement(statement)
    project.status, project.validated_at = Project.Status.VALIDATED, timezone.now()
    project.validated_by, project.validation_statement = actor.user, statement.strip()
    project.save()
    statement_sha256 = text_sha256(project.validation_statement)
    verifier = str(actor.organisation.public_id)
    _record(
        "project_validated", project, actor, project.validated_at, verifier=verifier, statement_sha256=statement_sha256
    )
    return project


@transaction.atomic
def register_project(*, actor: Membership, project_id: int) -> Project:
    """Register a validated project.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue (whether it is a part of another is not decided).
    """
    require_registrar(actor)
    project = lock_in(project_id, Project.Status.VALIDATED)
    if actor.user_id in (project.created_by_id, project.validated_by_id):
        raise SamePerson()
    require_decided(project)
    project.status, project.registered_at = Project.Status.REGISTERED, timezone.now()
    project.registered_by = actor.user
    project.save()
    _record("project_registered", project, actor, project.registered_at)
    return project


@transaction.atomic
def reject_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Reject a project that has been handed in, as the verifier who has taken it on or as registrar.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue.
    """
    if actor.organisation.kind == Organisation.Kind.VERIFIER:
        require_verifier(actor)
        project = lock_in(project_id, Project.Status.IN_VALIDATION)
        require_validator(actor, project)
    else:
        require_registrar(actor)
        project = lock_in(project_id, *HANDED_IN)
    check_reason(reason)
    project.status, project.rejection_reason = Project.Status.REJECTED, reason.strip()
    project.save()
    _record("project_rejected", project, actor, timezone.now(), reason=reason.strip())
    return project


def compute(project: Project, practices: Mapping[str, Mapping[str, Any]]) -> CalculationSheet:
    """Return the calculation of a project with these practices, those registered where a parcel has none.

    Raises: InvalidValue, naming the field of the case that the methodology refuses.
    """
    try:
        return quantify(quantification_case(project, practices))
    except InvalidInput as error:
        raise InvalidValue(field=error.path, reason=str(error)) from error


def _record(kind: str, project: Project, actor: Membership, at: dt.datetime, **more: str) -> None:
    append_record(kind=kind, body={"project": project.code, **more}, actor=log_name(actor), at=at)
