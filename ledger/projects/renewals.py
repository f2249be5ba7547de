"""More crediting years for a project: asked for by its cooperative, assessed by a verifier, decided by the operator."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import lock_in, lock_own, require_proponent, require_verifier
from ledger.projects.claims import MAX_REASON, check_crediting_years, check_reason, check_statement
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.digests import text_sha256
from ledger.projects.judgements import Renewal
from ledger.projects.locks import lock_land
from ledger.projects.models import Project
from ledger.projects.overlaps import refuse_overlaps
from ledger.texts import check_text
from ledger.transparency.services import append_record

RENEWABLE = (Project.Status.REGISTERED, Project.Status.COMPLETED)
ASKED_WITHIN = dt.timedelta(days=365)
"""How long before and after the end of a crediting period its renewal may be asked for."""
MOST_YEARS = 10


def is_renewable(project: Project, today: dt.date) -> bool:
    """Return whether a renewal of a project may be asked for: in the last year of its period or the year after it."""
    if project.status not in RENEWABLE or project.withdrawal_asked_at is not None:
        return False
    return abs(today - project.crediting_ends_on) <= ASKED_WITHIN


@transaction.atomic
def request_renewal(*, actor: Membership, project_id: int, ends_on: dt.date, note: str = "") -> Renewal:
    """Ask for more crediting years for a project of one's own.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_own(actor, project_id, *RENEWABLE)
    ended_on = project.crediting_ends_on
    if not is_renewable(project, timezone.localdate()):
        reason = _("A renewal is asked for in the last year of the crediting period, or in the year after it.")
        raise InvalidValue(field="ends_on", reason=reason)
    if not ended_on < ends_on <= _latest(ended_on):
        reason = _("The new period ends after %(ended)s, %(years)s years later at most.")
        raise InvalidValue(field="ends_on", reason=reason % {"ended": ended_on, "years": MOST_YEARS})
    try:
        check_crediting_years(project.methodology, project.crediting_starts_on, ends_on)
    except InvalidValue as error:
        raise InvalidValue(field="ends_on", reason=str(error)) from error
    check_text(note, field="note", most=MAX_REASON)
    renewal = Renewal(
        project=project,
        ended_on=ended_on,
        ends_on=ends_on,
        note=note.strip(),
        requested_by=actor.user,
        requested_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            renewal.save()
    except IntegrityError as error:
        raise InvalidValue(field="ends_on", reason=_("A renewal of this project waits to be decided.")) from error
    note_sha256 = text_sha256(renewal.note)
    _record("project_renewal_requested", renewal, actor, renewal.requested_at, note_sha256=note_sha256)
    return renewal


def _latest(ended_on: dt.date) -> dt.date:
    try:
        return ended_on.replace(year=min(ended_on.year + MOST_YEARS, dt.MAXYEAR))
    except ValueError:
        # The 29th of February.
        return ended_on.replace(year=ended_on.year + MOST_YEARS, day=28)


@transaction.atomic
def assess_renewal(*, actor: Membership, renewal_id: int, statement: str) -> Renewal:
    """State, as verifier, that a project still meets its methodology and its baseline still holds.

    Locks: the project, the renewal.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, SamePerson, ConflictOfInterest, InvalidValue.
    """
    require_verifier(actor)
    renewal = _lock(renewal_id, Renewal.Status.REQUESTED)
    if actor.user_id == renewal.requested_by_id:
        raise SamePerson()
    require_free_of_conflict(actor=actor, project=renewal.project)
    check_statement(statement)
    renewal.status, renewal.assessed_at = Renewal.Status.ASSESSED, timezone.now()
    renewal.verifier, renewal.assessed_by = actor.organisation, actor.user
    renewal.assessment = statement.strip()
    renewal.save()
    _record(
        "project_renewal_assessed",
        renewal,
        actor,
        renewal.assessed_at,
        verifier=str(actor.organisation.public_id),
        statement_sha256=text_sha256(renewal.assessment),
    )
    return renewal


@transaction.atomic
def grant_renewal(*, actor: Membership, renewal_id: int) -> Renewal:
    """Give a project more crediting years; land that another project is credited for in them is refused.

    A project that was completed meanwhile is registered again.

    Locks: the land as a whole, the project, the renewal.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue.
    """
    require_registrar(actor)
    lock_land()
    renewal = _lock_to_decide(actor, renewal_id, Renewal.Status.ASSESSED)
    project = renewal.project
    project.crediting_ends_on = renewal.ends_on
    refuse_overlaps(project, field="renewal")
    project.status, project.completed_at = Project.Status.REGISTERED, None
    project.save()
    _decide(renewal, Renewal.Status.GRANTED, actor, "")
    _record("project_renewed", renewal, actor, renewal.decided_at)
    return renewal


@transaction.atomic
def refuse_renewal(*, actor: Membership, renewal_id: int, reason: str) -> Renewal:
    """Leave a project's crediting period as it is.

    Locks: the project, the renewal.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue.
    """
    require_registrar(actor)
    renewal = _lock_to_decide(actor, renewal_id, *Renewal.OPEN)
    check_reason(reason)
    _decide(renewal, Renewal.Status.REFUSED, actor, reason.strip())
    _record("project_renewal_refused", renewal, actor, renewal.decided_at, reason=renewal.decision_reason)
    return renewal


def _lock(renewal_id: int, *statuses: str) -> Renewal:
    """Lock a renewal's project, then the renewal, which nobody who holds the project waits for."""
    project_id = Renewal.objects.filter(pk=renewal_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise NotFound()
    project = lock_in(project_id, *Project.Status.values)
    renewal = Renewal.objects.select_for_update(of=("self",)).get(pk=renewal_id)
    if renewal.status not in statuses:
        raise WrongState(state=renewal.get_status_display())
    if project.status not in RENEWABLE:
        raise WrongState(state=project.get_status_display())
    renewal.project = project
    return renewal


def _lock_to_decide(actor: Membership, renewal_id: int, *statuses: str) -> Renewal:
    renewal = _lock(renewal_id, *statuses)
    if actor.user_id in (renewal.requested_by_id, renewal.assessed_by_id):
        raise SamePerson()
    return renewal


def _decide(renewal: Renewal, status: str, actor: Membership, reason: str) -> None:
    renewal.status, renewal.decision_reason = status, reason
    renewal.decided_by, renewal.decided_at = actor.user, timezone.now()
    renewal.save()


def _record(kind: str, renewal: Renewal, actor: Membership, at: dt.datetime | None, **more: str) -> None:
    append_record(kind=kind, body={**entries.renewal(renewal), **more}, actor=log_name(actor), at=at)
