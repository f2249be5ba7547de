"""Reports handed in to a verifier, and corrected while findings are open."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import require_proponent
from ledger.projects.models import MonitoringReport, ReportVersion
from ledger.projects.reports.assigning import free_verifier, record_assignment
from ledger.projects.reports.drafting import draft_report, save_practices
from ledger.projects.reports.steps import Status, calculate, lock_own, move, require_live, require_open
from ledger.projects.selectors import unreported_before
from ledger.transparency.services import append_record


@transaction.atomic
def submit_report(
    *,
    actor: Membership,
    project_id: int,
    vintage: int,
    verifier: UUID | str,
    practices: Mapping[str, Any] | None = None,
) -> MonitoringReport:
    """Report a year in one go: draft it and hand it in.

    Locks: the project, the report.
    Raises: as `draft_report` and `hand_in_report`.
    """
    draft = draft_report(actor=actor, project_id=project_id, vintage=vintage, practices=practices)
    return hand_in_report(actor=actor, report_id=draft.pk, verifier=verifier)


@transaction.atomic
def hand_in_report(*, actor: Membership, report_id: int, verifier: UUID | str) -> MonitoringReport:
    """Hand a draft in to a verifier, named by its public id; practices that were not entered are those registered.

    The result is computed here and stored whole, and its hash goes into the log. Years are reported in their order: a
    gap would let a bad year be left out.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue, ConflictOfInterest.
    """
    require_proponent(actor)
    report = lock_own(actor, report_id, Status.DRAFT)
    require_open(report.project)
    missing = unreported_before(report)
    if missing is not None:
        reason = _("The vintage %(year)s is reported first: there are no gaps between reports.") % {"year": missing}
        raise InvalidValue(field="vintage", reason=reason)
    chosen = free_verifier(verifier, report.project)
    calculate(report)
    now = timezone.now()
    report.prepared_by, report.submitted_at = actor.user, now
    report.verifier, report.assigned_at = chosen, now
    move(report, Status.SUBMITTED, now)
    report.save()
    append_record(kind="report_submitted", body=entries.report_submitted(report), actor=log_name(actor), at=now)
    record_assignment(report, actor, "")
    return report


@transaction.atomic
def correct_report(
    *, actor: Membership, report_id: int, practices: Mapping[str, Any] | None = None
) -> MonitoringReport:
    """Compute a report again, with what was entered since, while findings are open; what it came to before is kept.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue (also where nothing would change).
    """
    require_proponent(actor)
    if practices:
        save_practices(actor=actor, report_id=report_id, practices=practices)
    report = lock_own(actor, report_id, Status.FINDINGS_OPEN)
    require_live(report.project)
    now = timezone.now()
    before = ReportVersion(
        report=report,
        number=report.versions.count() + 1,
        case=report.case,
        sheet=report.sheet,
        sheet_sha256=report.sheet_sha256,
        net_t=report.net_t,
        buffer_t=report.buffer_t,
        replaced_by=actor.user,
        replaced_at=now,
    )
    calculate(report)
    if report.sheet_sha256 == before.sheet_sha256:
        raise InvalidValue(field="practices", reason=_("Nothing was changed: the calculation comes to the same."))
    before.save()
    report.save()
    body = entries.report_corrected(report, before)
    append_record(kind="report_corrected", body=body, actor=log_name(actor), at=now)
    return report
