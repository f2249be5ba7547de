"""The way of a project after it is handed in: taken on by a verifier, declined or returned; suspended, withdrawn, completed.

Draft, submission, validation, registration and rejection are in services.py.
"""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, SamePerson, WrongState
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.projects.access import lock_in, lock_own, require_proponent, require_validator, require_verifier
from ledger.projects.claims import check_reason
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.judgements import Renewal
from ledger.projects.locks import lock_project
from ledger.projects.models import MonitoringReport, Project
from ledger.transparency.services import append_record

Status = Project.Status
BEFORE_REGISTRATION = (Status.DRAFT, Status.SUBMITTED, Status.IN_VALIDATION, Status.VALIDATED)


@transaction.atomic
def accept_project(*, actor: Membership, project_id: int) -> Project:
    """Take a project on for validation: from then on this verifier alone may validate it.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ConflictOfInterest.
    """
    require_verifier(actor)
    project = lock_in(project_id, Status.SUBMITTED)
    require_free_of_conflict(actor=actor, project=project)
    project.status, project.accepted_at = Status.IN_VALIDATION, timezone.now()
    project.validator = actor.organisation
    project.save()
    verifier = str(actor.organisation.public_id)
    _record("project_accepted", project, actor, project.accepted_at, verifier=verifier)
    return project


@transaction.atomic
def decline_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Give a project up that one has taken on, so that another verifier may take it; a registrar takes it from one.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    return _send_back("project_declined", Status.SUBMITTED, actor, project_id, reason)


@transaction.atomic
def return_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Send a project back to its cooperative for corrections: it is a draft again, with all that it holds.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    return _send_back("project_returned", Status.DRAFT, actor, project_id, reason)


def _send_back(kind: str, to: str, actor: Membership, project_id: int, reason: str) -> Project:
    if actor.organisation.kind == Organisation.Kind.VERIFIER:
        require_verifier(actor)
    else:
        require_registrar(actor)
    project = lock_in(project_id, Status.IN_VALIDATION)
    require_validator(actor, project)
    check_reason(reason)
    project.status, project.validator, project.accepted_at = to, None, None
    project.verifier_remark = reason.strip()
    project.save()
    _record(kind, project, actor, timezone.now(), reason=project.verifier_remark)
    return project


@transaction.atomic
def suspend_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Suspend a registered project: nothing is reported, approved or issued until it is resumed.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue.
    """
    require_registrar(actor)
    project = lock_in(project_id, Status.REGISTERED)
    check_reason(reason)
    project.status, project.suspended_at = Status.SUSPENDED, timezone.now()
    project.suspended_by, project.suspension_reason = actor.user, reason.strip()
    project.save()
    _record("project_suspended", project, actor, project.suspended_at, reason=project.suspension_reason)
    return project


@transaction.atomic
def resume_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Lift a suspension; whoever ordered it does not lift it.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue.
    """
    require_registrar(actor)
    project = lock_in(project_id, Status.SUSPENDED)
    if actor.user_id == project.suspended_by_id:
        raise SamePerson()
    check_reason(reason)
    project.status, project.suspended_at = Status.REGISTERED, None
    project.suspended_by, project.suspension_reason = None, ""
    project.save()
    _record("project_resumed", project, actor, timezone.now(), reason=reason.strip())
    return project


@transaction.atomic
def withdraw_project(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Withdraw a project of one's own that is not registered yet.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_own(actor, project_id, *BEFORE_REGISTRATION)
    check_reason(reason)
    return _withdraw(project, actor, reason.strip())


@transaction.atomic
def ask_withdrawal(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Ask that a registered project of one's own be withdrawn; the operator decides.

    Called by ledger.credits.reversals.ending, which refuses it where something is owed for the project.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_own(actor, project_id, Status.REGISTERED, Status.SUSPENDED)
    if project.withdrawal_asked_at is not None:
        raise InvalidValue(field="reason", reason=_("This has been asked for already."))
    check_reason(reason)
    project.withdrawal_asked_at, project.withdrawal_reason = timezone.now(), reason.strip()
    project.save()
    _record("project_withdrawal_asked", project, actor, project.withdrawal_asked_at, reason=project.withdrawal_reason)
    return project


@transaction.atomic
def grant_withdrawal(*, actor: Membership, project_id: int) -> Project:
    """Withdraw a registered project as its proponent has asked; what was issued stays.

    Called by ledger.credits.reversals.ending, which refuses it where something is owed for the project.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState.
    """
    project = _lock_asked(actor, project_id)
    return _withdraw(project, actor, project.withdrawal_reason)


@transaction.atomic
def refuse_withdrawal(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Leave a project registered although its proponent has asked for its withdrawal.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue.
    """
    project = _lock_asked(actor, project_id)
    check_reason(reason)
    project.withdrawal_asked_at, project.withdrawal_reason = None, ""
    project.save()
    _record("project_withdrawal_refused", project, actor, timezone.now(), reason=reason.strip())
    return project


def _lock_asked(actor: Membership, project_id: int) -> Project:
    require_registrar(actor)
    project = lock_in(project_id, Status.REGISTERED, Status.SUSPENDED)
    if project.withdrawal_asked_at is None:
        raise WrongState(state=project.get_status_display())
    return project


def _withdraw(project: Project, actor: Membership, reason: str) -> Project:
    project.status, project.withdrawn_at = Status.WITHDRAWN, timezone.now()
    project.withdrawal_asked_at, project.withdrawal_reason = None, reason
    project.save()
    _record("project_withdrawn", project, actor, project.withdrawn_at, reason=reason)
    return project


def require_running(project_id: int) -> Project:
    """Return a project whose reports may go on, locked: one that is registered, or completed with reports outstanding.

    Locks: the project.
    Raises: NotFound, WrongState for one that is suspended or withdrawn.
    """
    return lock_in(project_id, Status.REGISTERED, Status.COMPLETED)


def require_reporting(project_id: int) -> Project:
    """Return a project that takes new reports, locked: one that is registered. A completed one finishes those it has.

    Locks: the project.
    Raises: NotFound, WrongState.
    """
    return lock_in(project_id, Status.REGISTERED)


def complete_projects(
    today: dt.date, *, is_held_up: Callable[[Project], bool] = lambda project: False
) -> list[Project]:
    """Complete every project that has come to its end; done twice it does nothing the second time.

    Called by ledger.credits.reversals.ending, which knows what projects owe, and says by `is_held_up` which of them wait.

    A project has come to its end when its crediting period is over and no report, renewal or withdrawal of it is under
    way, and either all of the period is issued, or the time to report the rest has passed (PROJECT_REPORTING_GRACE_DAYS).
    """
    over = Project.objects.filter(status=Status.REGISTERED, crediting_ends_on__lt=today).values_list("pk", flat=True)
    completed = (_complete(project_id, today, is_held_up) for project_id in over.order_by("pk"))
    return [project for project in completed if project is not None]


@transaction.atomic
def _complete(project_id: int, today: dt.date, is_held_up: Callable[[Project], bool]) -> Project | None:
    project = lock_project(project_id)
    if not is_at_its_end(project, today) or is_held_up(project):
        return None
    project.status, project.completed_at = Status.COMPLETED, timezone.now()
    project.save()
    append_record(kind="project_completed", body={"project": project.code}, actor="system", at=project.completed_at)
    return project


def is_at_its_end(project: Project, today: dt.date) -> bool:
    """Return whether nothing more can come of a registered project."""
    if project.status != Status.REGISTERED or project.crediting_ends_on >= today:
        return False
    if project.withdrawal_asked_at is not None or project.renewals.filter(status__in=Renewal.OPEN).exists():
        return False
    if _unfinished_reports(project).exists():
        return False
    return _is_covered(project) or last_day_to_report(project) < today


def last_day_to_report(project: Project) -> dt.date:
    """Return until when what is not reported yet of a crediting period may be."""
    return project.crediting_ends_on + dt.timedelta(days=settings.PROJECT_REPORTING_GRACE_DAYS)


def _finished() -> Q:
    # A report that comes to nothing is never issued.
    return Q(status=MonitoringReport.Status.ISSUED) | Q(status=MonitoringReport.Status.APPROVED, net_t=0)


def _unfinished_reports(project: Project) -> QuerySet[MonitoringReport]:
    return project.reports.exclude(_finished()).exclude(status=MonitoringReport.Status.REJECTED)


def _is_covered(project: Project) -> bool:
    """Return whether finished reports cover the crediting period from its first day to its last."""
    periods = project.reports.filter(_finished()).order_by("period_starts_on")
    days = list(periods.values_list("period_starts_on", "period_ends_on"))
    if not days or days[0][0] > project.crediting_starts_on or days[-1][1] < project.crediting_ends_on:
        return False
    return all(later - ended <= dt.timedelta(days=1) for (_began, ended), (later, _ends) in pairwise(days))


def _record(kind: str, project: Project, actor: Membership, at: dt.datetime, **more: str) -> None:
    append_record(kind=kind, body={"project": project.code, **more}, actor=log_name(actor), at=at)
