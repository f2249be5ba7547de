"""Monitoring reports: handed in, verified, approved, each by another person."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.parties.access import log_name, require_approved, require_kind, require_registrar, require_role
from ledger.parties.models import Membership, Organisation
from ledger.projects import entries
from ledger.projects.claims import check_reason, check_statement, practices_of_parcel
from ledger.projects.digests import sheet_sha256, text_sha256
from ledger.projects.lifecycle import require_running
from ledger.projects.locks import lock_project, lock_report
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import quantification_case
from ledger.projects.services import compute, require_verifier
from ledger.quantification import InvalidInput, quantify
from ledger.transparency.services import append_record


@transaction.atomic
def submit_report(
    *,
    actor: Membership,
    project_id: int,
    vintage: int,
    practices: Mapping[str, Mapping[str, Any]] | None = None,
) -> MonitoringReport:
    """Hand in what happened on the fields in a year; practices that are not given are those registered.

    The result is computed here and stored whole, and its hash goes into the log.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_kind(actor, Organisation.Kind.COOPERATIVE)
    require_role(actor, Membership.Role.OWNER, Membership.Role.TRADER)
    require_approved(actor)
    project = lock_project(project_id)
    if project.proponent_id != actor.organisation_id:
        raise NotFound()
    if project.status != Project.Status.REGISTERED:
        raise WrongState(state=project.get_status_display())
    starts_on, ends_on = _period(project, vintage)
    practices = _practices(project, practices or {})
    sheet = compute(project, practices)
    content = sheet.as_dict()
    result = sheet.result
    try:
        with transaction.atomic():
            report = MonitoringReport.objects.create(
                project=project,
                vintage=vintage,
                period_starts_on=starts_on,
                period_ends_on=ends_on,
                case=quantification_case(project, practices),
                sheet=content,
                sheet_sha256=sheet_sha256(content),
                net_t=result.net_t,
                buffer_t=result.buffer_t,
                issuable_t=result.issuable_t,
                prepared_by=actor.user,
                submitted_at=timezone.now(),
            )
    except IntegrityError as error:
        raise InvalidValue(field="vintage", reason=_("This vintage has a report already.")) from error
    append_record(
        kind="report_submitted",
        body=entries.report_submitted(report),
        actor=log_name(actor),
        at=report.submitted_at,
    )
    return report


def _period(project: Project, vintage: int) -> tuple[dt.date, dt.date]:
    if not 1990 <= vintage <= 2200:
        raise InvalidValue(field="vintage", reason=_("The vintage is a year."))
    starts_on = max(dt.date(vintage, 1, 1), project.crediting_starts_on)
    ends_on = min(dt.date(vintage, 12, 31), project.crediting_ends_on)
    if starts_on > ends_on:
        raise InvalidValue(field="vintage", reason=_("The vintage is outside the crediting period."))
    if ends_on >= timezone.localdate():
        raise InvalidValue(field="vintage", reason=_("The period is not over yet."))
    return starts_on, ends_on


def _practices(project: Project, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    unknown = set(given) - set(project.parcels.values_list("code", flat=True))
    if unknown:
        reason = _("The project has no parcel %(code)s.") % {"code": sorted(unknown)[0]}
        raise InvalidValue(field="practices", reason=reason)
    return {code: practices_of_parcel(practices, field=f"practices.{code}") for code, practices in given.items()}


@transaction.atomic
def verify_report(*, actor: Membership, report_id: int, statement: str) -> MonitoringReport:
    """Sign a report off as verifier; the calculation is done again, and must come to the same.

    Locks: the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, SamePerson, InvalidValue.
    """
    require_verifier(actor)
    report = _lock_in(report_id, MonitoringReport.Status.SUBMITTED)
    if actor.user_id == report.prepared_by_id:
        raise SamePerson()
    check_statement(statement)
    _refuse_another_result(report)
    report.status, report.verified_at = MonitoringReport.Status.VERIFIED, timezone.now()
    report.verifier, report.verified_by = actor.organisation, actor.user
    report.verification_statement = statement.strip()
    report.save()
    statement_sha256 = text_sha256(report.verification_statement)
    verifier = str(actor.organisation.public_id)
    _record("report_verified", report, actor, report.verified_at, verifier=verifier, statement_sha256=statement_sha256)
    return report


def _refuse_another_result(report: MonitoringReport) -> None:
    try:
        again = sheet_sha256(recompute(report))
    except InvalidInput as error:
        raise InvalidValue(field="report", reason=str(error)) from error
    if again != report.sheet_sha256:
        raise InvalidValue(field="report", reason=_("The calculation done again gives another result."))


def recompute(report: MonitoringReport) -> dict[str, Any]:
    """Return the report's calculation, done again from its case.

    Raises: InvalidInput where today's factors no longer take it.
    """
    return quantify(report.case).as_dict()


@transaction.atomic
def approve_report(*, actor: Membership, report_id: int) -> MonitoringReport:
    """Approve a verified report, as a registrar who neither prepared nor verified it.

    Locks: the report.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    require_registrar(actor)
    report = _lock_in(report_id, MonitoringReport.Status.VERIFIED)
    require_running(report.project_id)
    if actor.user_id in (report.prepared_by_id, report.verified_by_id):
        raise SamePerson()
    report.status, report.approved_at = MonitoringReport.Status.APPROVED, timezone.now()
    report.approved_by = actor.user
    report.save()
    _record("report_approved", report, actor, report.approved_at)
    return report


@transaction.atomic
def reject_report(*, actor: Membership, report_id: int, reason: str) -> MonitoringReport:
    """Reject a report before it is approved, as verifier or registrar; the vintage may be reported again.

    Locks: the report.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue.
    """
    if actor.organisation.kind == Organisation.Kind.VERIFIER:
        require_verifier(actor)
        report = _lock_in(report_id, MonitoringReport.Status.SUBMITTED)
    else:
        require_registrar(actor)
        report = _lock_in(report_id, MonitoringReport.Status.SUBMITTED, MonitoringReport.Status.VERIFIED)
    check_reason(reason)
    report.status, report.rejection_reason = MonitoringReport.Status.REJECTED, reason.strip()
    report.save()
    _record("report_rejected", report, actor, timezone.now(), reason=reason.strip())
    return report


def _lock_in(report_id: int, *statuses: str) -> MonitoringReport:
    report = lock_report(report_id)
    if report.status not in statuses:
        raise WrongState(state=report.get_status_display())
    return report


def _record(kind: str, report: MonitoringReport, actor: Membership, at: dt.datetime, **more: str) -> None:
    append_record(
        kind=kind,
        body={"report": str(report.pk), "project": report.project.code, "vintage": report.vintage, **more},
        actor=log_name(actor),
        at=at,
    )
