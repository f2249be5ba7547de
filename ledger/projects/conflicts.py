"""Conflicts of interest: which verifier may not judge which project."""

from itertools import pairwise

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.parties.access import log_name, require_approved, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.projects import entries
from ledger.projects.claims import MAX_REASON, check_reason
from ledger.projects.judgements import DeclaredConflict
from ledger.projects.locks import lock_project
from ledger.projects.models import MonitoringReport, Project
from ledger.texts import check_text
from ledger.transparency.services import append_record

MOST_YEARS_IN_A_ROW = 6
"""After so many years another verifier must look at the project first."""


def require_free_of_conflict(*, actor: Membership, project: Project) -> None:
    """Refuse a verifier who may not judge a project: who advised it, prepared it, or verified it six years in a row.

    To be called with the project locked: a conflict that is declared at the same moment is then seen here or there.

    Raises: ConflictOfInterest.
    """
    declared = standing_conflict(verifier=actor.organisation, project=project)
    if declared is not None:
        raise ConflictOfInterest(reason=_("it has declared: %(what)s.") % {"what": declared.get_nature_display()})
    if actor.user_id in _people_behind(project):
        raise ConflictOfInterest(reason=_("you have prepared or decided part of the project yourself."))
    if years_in_a_row(verifier=actor.organisation, project=project) >= MOST_YEARS_IN_A_ROW:
        reason = _("it has verified the project %(years)s years in a row, and another verifier must follow.")
        raise ConflictOfInterest(reason=reason % {"years": MOST_YEARS_IN_A_ROW})


def standing_conflict(*, verifier: Organisation, project: Project) -> DeclaredConflict | None:
    """Return a conflict that is declared between a verifier and a project and was not lifted."""
    return DeclaredConflict.objects.filter(verifier=verifier, project=project, lifted_at__isnull=True).first()


def years_in_a_row(*, verifier: Organisation, project: Project) -> int:
    """Return how many years, without one between, a verifier was the last to verify a project's reports for."""
    verified = (
        MonitoringReport.objects.filter(project=project, verified_by__isnull=False)
        .exclude(status=MonitoringReport.Status.REJECTED)
        .order_by("-vintage", "-id")
        .values_list("vintage", "verifier_id")
    )
    years: list[int] = []
    for vintage, verifier_id in verified:
        if verifier_id != verifier.pk:
            break
        years.append(vintage)
    breaks = (at for at, (later, earlier) in enumerate(pairwise(years), start=1) if later - earlier > 1)
    return len(set(years[: next(breaks, len(years))]))


def _people_behind(project: Project) -> set[int]:
    people = {project.created_by_id, project.registered_by_id}
    for pair in project.reports.values_list("prepared_by_id", "approved_by_id"):
        people.update(pair)
    return {person for person in people if person is not None}


@transaction.atomic
def declare_conflict(
    *, actor: Membership, project_id: int, nature: str, note: str = "", verifier_id: int | None = None
) -> DeclaredConflict:
    """Declare that a verifier may not judge a project: as its own, or as registrar that of any verifier.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue.
    """
    verifier = _verifier_named(actor, verifier_id)
    if nature not in DeclaredConflict.Nature.values:
        raise InvalidValue(field="nature", reason=_("There is no such conflict of interest."))
    check_text(note, field="note", most=MAX_REASON)
    conflict = DeclaredConflict(
        project=lock_project(project_id),
        verifier=verifier,
        nature=nature,
        note=note.strip(),
        declared_by=actor.user,
        declared_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            conflict.save()
    except IntegrityError as error:
        raise InvalidValue(field="nature", reason=_("This is declared already.")) from error
    body = entries.conflict_declared(conflict)
    append_record(kind="conflict_declared", body=body, actor=log_name(actor), at=conflict.declared_at)
    return conflict


def _verifier_named(actor: Membership, verifier_id: int | None) -> Organisation:
    if actor.organisation.kind == Organisation.Kind.VERIFIER:
        require_right(actor, Right.JUDGE)
        require_approved(actor)
        if verifier_id not in (None, actor.organisation_id):
            raise NotAllowed()
        return actor.organisation
    require_registrar(actor)
    found = Organisation.objects.filter(kind=Organisation.Kind.VERIFIER)
    verifier = None if verifier_id is None else found.filter(pk=verifier_id).first()
    if verifier is None:
        raise InvalidValue(field="verifier", reason=_("Name the verifier."))
    return verifier


@transaction.atomic
def lift_conflict(*, actor: Membership, conflict_id: int, reason: str) -> DeclaredConflict:
    """Lift a declaration that was a mistake, as registrar; whoever declared it does not.

    Locks: the conflict.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue.
    """
    require_registrar(actor)
    conflict = DeclaredConflict.objects.select_for_update(of=("self",)).filter(pk=conflict_id).first()
    if conflict is None:
        raise NotFound()
    if conflict.lifted_at is not None:
        raise WrongState(state=_("lifted"))
    if conflict.declared_by_id == actor.user_id:
        raise SamePerson()
    check_reason(reason)
    conflict.lifted_by, conflict.lifted_at, conflict.lifting_reason = actor.user, timezone.now(), reason.strip()
    conflict.save()
    body = entries.conflict_lifted(conflict)
    append_record(kind="conflict_lifted", body=body, actor=log_name(actor), at=conflict.lifted_at)
    return conflict
