"""Reports approved by the operator, by a second person."""

from django.db import transaction
from django.utils import timezone

from ledger.errors import SamePerson
from ledger.parties.access import require_registrar
from ledger.parties.models import Membership
from ledger.projects.models import MonitoringReport
from ledger.projects.reports.steps import Status, lock_in, move, record_step, require_live


@transaction.atomic
def approve_report(*, actor: Membership, report_id: int) -> MonitoringReport:
    """Approve a verified report, as a registrar who neither prepared nor verified it.

    Locks: the project, the report.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    require_registrar(actor)
    report = lock_in(report_id, Status.VERIFIED)
    require_live(report.project)
    if actor.user_id in (report.prepared_by_id, report.verified_by_id):
        raise SamePerson()
    report.approved_by, report.approved_at = actor.user, timezone.now()
    move(report, Status.APPROVED, report.approved_at)
    report.save()
    record_step("report_approved", report, actor, report.approved_at)
    return report
