"""Who verifies a report: named by the cooperative, assigned anew by the operator, accepted or declined."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound, WrongState
from ledger.parties.access import require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.projects.access import require_proponent, require_verifier
from ledger.projects.claims import check_reason
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.locks import lock_report
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.reports.steps import (
    Status,
    lock_in,
    move,
    record_step,
    require_assigned,
    require_live,
    status_by_findings,
)
from ledger.projects.selectors import verifiers
from ledger.texts import is_storable


def free_verifier(public_id: UUID | str, project: Project) -> Organisation:
    """Return an approved verifier that may judge a project, by its public id.

    Raises: InvalidValue, ConflictOfInterest.
    """
    found = None
    try:
        if is_storable(str(public_id)):
            found = verifiers().filter(public_id=UUID(str(public_id))).first()
    except ValueError:
        pass
    if found is None:
        raise InvalidValue(field="verifier", reason=_("Choose an approved verifier."))
    # The body as such is asked about: as somebody of it whom the project does not know yet.
    require_free_of_conflict(actor=Membership(organisation=found), project=project)
    return found


def record_assignment(report: MonitoringReport, actor: Membership, reason: str) -> None:
    """Record to whom a report is assigned now, at the time that it is."""
    assert report.verifier is not None
    assert report.assigned_at is not None
    verifier = str(report.verifier.public_id)
    record_step("report_assigned", report, actor, report.assigned_at, verifier=verifier, reason=reason)


@transaction.atomic
def assign_verifier(*, actor: Membership, report_id: int, verifier: UUID | str, reason: str = "") -> MonitoringReport:
    """Assign a report to another verifier: as registrar with a reason, as its cooperative where none has it.

    Whoever had it before has it no longer; what it found stays to be answered.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue, ConflictOfInterest.
    """
    if actor.organisation.kind == Organisation.Kind.COOPERATIVE:
        report = _lock_without_verifier(actor, report_id)
    else:
        require_registrar(actor)
        report = lock_in(report_id, Status.SUBMITTED, *MonitoringReport.EXAMINED)
        check_reason(reason)
    require_live(report.project)
    chosen = free_verifier(verifier, report.project)
    if chosen.pk == report.verifier_id:
        raise InvalidValue(field="verifier", reason=_("The report is assigned to this verifier already."))
    report.verifier, report.assigned_at = chosen, timezone.now()
    report.accepted_by = report.accepted_at = None
    report.status, report.status_since = Status.SUBMITTED, report.assigned_at
    report.save()
    record_assignment(report, actor, reason.strip())
    return report


def _lock_without_verifier(actor: Membership, report_id: int) -> MonitoringReport:
    require_proponent(actor)
    report = lock_report(report_id)
    if report.project.proponent_id != actor.organisation_id:
        raise NotFound()
    if report.status != Status.SUBMITTED or report.verifier_id is not None:
        raise WrongState(state=report.get_status_display())
    return report


@transaction.atomic
def accept_report(*, actor: Membership, report_id: int) -> MonitoringReport:
    """Take a report on, as the verifier that it is assigned to.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, ConflictOfInterest.
    """
    require_verifier(actor)
    report = lock_in(report_id, Status.SUBMITTED)
    require_assigned(actor, report)
    require_live(report.project)
    require_free_of_conflict(actor=actor, project=report.project)
    report.accepted_by, report.accepted_at = actor.user, timezone.now()
    move(report, status_by_findings(report), report.accepted_at)
    report.save()
    record_step("report_accepted", report, actor, report.accepted_at, verifier=str(actor.organisation.public_id))
    return report


@transaction.atomic
def decline_report(*, actor: Membership, report_id: int, reason: str) -> MonitoringReport:
    """Give a report back, as the verifier that it is assigned to; the cooperative or the operator names another.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, InvalidValue.
    """
    require_verifier(actor)
    report = lock_in(report_id, Status.SUBMITTED, *MonitoringReport.EXAMINED)
    require_assigned(actor, report)
    check_reason(reason)
    now = timezone.now()
    report.verifier = report.assigned_at = report.accepted_by = report.accepted_at = None
    report.status, report.status_since = Status.SUBMITTED, now
    report.save()
    verifier = str(actor.organisation.public_id)
    record_step("report_declined", report, actor, now, verifier=verifier, reason=reason.strip())
    return report
