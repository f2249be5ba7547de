"""Reports verified by who has accepted them, or rejected."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import FindingsOpen, InvalidValue, SamePerson
from ledger.parties.access import require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.projects.access import require_verifier
from ledger.projects.claims import check_reason, check_statement
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.digests import sheet_sha256, text_sha256
from ledger.projects.models import MonitoringReport
from ledger.projects.reports.steps import (
    Status,
    blocking_findings,
    lock_in,
    move,
    record_step,
    require_assigned,
    require_live,
)
from ledger.projects.risk_scores import is_reversible
from ledger.projects.selectors import confirmed_risk_percent
from ledger.quantification import InvalidInput, quantify


@transaction.atomic
def verify_report(*, actor: Membership, report_id: int, statement: str) -> MonitoringReport:
    """Sign a report off as the verifier that has accepted it; the calculation is done again, and must come to the same.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, SamePerson, FindingsOpen,
        ConflictOfInterest, InvalidValue (the statement; another result; the buffer's share is not the confirmed one).
    """
    require_verifier(actor)
    report = lock_in(report_id, *MonitoringReport.EXAMINED)
    require_assigned(actor, report)
    if actor.user_id == report.prepared_by_id:
        raise SamePerson()
    require_live(report.project)
    require_free_of_conflict(actor=actor, project=report.project)
    check_statement(statement)
    if count := blocking_findings(report).count():
        raise FindingsOpen(count=count)
    _refuse_another_result(report)
    _refuse_another_risk(report)
    report.verified_by, report.verified_at = actor.user, timezone.now()
    report.verification_statement = statement.strip()
    move(report, Status.VERIFIED, report.verified_at)
    report.save()
    statement_sha256 = text_sha256(report.verification_statement)
    verifier = str(actor.organisation.public_id)
    record_step(
        "report_verified", report, actor, report.verified_at, verifier=verifier, statement_sha256=statement_sha256
    )
    return report


def _refuse_another_result(report: MonitoringReport) -> None:
    try:
        again = sheet_sha256(recompute(report))
    except InvalidInput as error:
        raise InvalidValue(field="report", reason=str(error)) from error
    if again != report.sheet_sha256:
        raise InvalidValue(field="report", reason=_("The calculation done again gives another result."))


def _refuse_another_risk(report: MonitoringReport) -> None:
    """Refuse a buffer that is not of the risk that a verifier has confirmed."""
    if not is_reversible(report.project.methodology):
        return
    percent = confirmed_risk_percent(report.project)
    if percent is None:
        reason = _("The project has no confirmed risk assessment: what share goes to the buffer pool is not known.")
        raise InvalidValue(field="report", reason=reason)
    assert report.case is not None
    if Decimal(report.case.get("risk_percent", 0)) != percent:
        reason = _(
            "The confirmed risk is %(percent)s %%, but the report was calculated with another: have it corrected."
        )
        raise InvalidValue(field="report", reason=reason % {"percent": percent})


def recompute(report: MonitoringReport) -> dict[str, Any]:
    """Return the report's calculation, done again from its case.

    Raises: InvalidInput where today's factors no longer take it.
    """
    assert report.case is not None
    return quantify(report.case).as_dict()


@transaction.atomic
def reject_report(*, actor: Membership, report_id: int, reason: str) -> MonitoringReport:
    """Reject a report before it is approved, as its verifier or registrar; the vintage may be reported again.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, InvalidValue.
    """
    if actor.organisation.kind == Organisation.Kind.VERIFIER:
        require_verifier(actor)
        report = lock_in(report_id, *MonitoringReport.EXAMINED)
        require_assigned(actor, report)
    else:
        require_registrar(actor)
        report = lock_in(report_id, Status.SUBMITTED, *MonitoringReport.EXAMINED, Status.VERIFIED)
    check_reason(reason)
    now = timezone.now()
    report.rejection_reason = reason.strip()
    move(report, Status.REJECTED, now)
    report.save()
    record_step("report_rejected", report, actor, now, reason=reason.strip())
    return report
