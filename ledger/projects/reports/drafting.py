"""Drafts of reports: begun, saved step by step, previewed, thrown away. Nobody but the cooperative sees them."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.models import Membership
from ledger.projects.access import require_proponent
from ledger.projects.claims import practices_of_parcel
from ledger.projects.locks import lock_project
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.reports.steps import Status, lock_own, require_open
from ledger.projects.services import compute
from ledger.quantification import CalculationSheet


@transaction.atomic
def draft_report(
    *, actor: Membership, project_id: int, vintage: int, practices: Mapping[str, Any] | None = None
) -> MonitoringReport:
    """Begin the report of a year that is over.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_project(project_id)
    if project.proponent_id != actor.organisation_id:
        raise NotFound()
    require_open(project)
    starts_on, ends_on = _period(project, vintage)
    now = timezone.now()
    report = MonitoringReport(
        project=project,
        vintage=vintage,
        period_starts_on=starts_on,
        period_ends_on=ends_on,
        status=Status.DRAFT,
        status_since=now,
        saved_at=now,
        prepared_by=actor.user,
    )
    report.practices = _merged(report, practices or {})
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError as error:
        raise InvalidValue(field="vintage", reason=_("This vintage has a report already.")) from error
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


@transaction.atomic
def save_practices(
    *,
    actor: Membership,
    report_id: int,
    practices: Mapping[str, Any],
    expect: Callable[[MonitoringReport], None] | None = None,
) -> MonitoringReport:
    """Keep what was done on some fields, in a draft or while findings are open; None: as it is registered.

    `expect` looks at the locked report first, and raises where it is not what its reader saw.

    Locks: the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    report = lock_own(actor, report_id, *MonitoringReport.CHANGEABLE)
    require_open(report.project)
    if expect is not None:
        expect(report)
    report.practices = _merged(report, practices)
    report.saved_at = timezone.now()
    report.save(update_fields=["practices", "saved_at"])
    return report


def saved_practices(*, actor: Membership, report_id: int) -> MonitoringReport:
    """Return a report of one's own with what was saved of it, to go on with.

    Raises: NotAllowed, OrganisationNotApproved, NotFound.
    """
    require_proponent(actor)
    report = MonitoringReport.objects.filter(pk=report_id, project__proponent=actor.organisation).first()
    if report is None:
        raise NotFound()
    return report


def _merged(report: MonitoringReport, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    unknown = set(given) - set(report.project.parcels.values_list("code", flat=True))
    if unknown:
        reason = _("The project has no parcel %(code)s.") % {"code": sorted(unknown)[0]}
        raise InvalidValue(field="practices", reason=reason)
    merged = dict(report.practices)
    for code, practices in given.items():
        if practices is None:
            merged.pop(code, None)
        else:
            merged[code] = practices_of_parcel(practices, field=f"practices.{code}")
    return merged


def preview_report(*, actor: Membership, report_id: int) -> CalculationSheet:
    """Return what a report would come to with what has been entered so far. Nothing is kept of it.

    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue (what the methodology refuses).
    """
    require_proponent(actor)
    report = (
        MonitoringReport.objects.select_related("project")
        .filter(pk=report_id, project__proponent=actor.organisation)
        .first()
    )
    if report is None:
        raise NotFound()
    return compute(report.project, report.practices)


@transaction.atomic
def discard_report(*, actor: Membership, report_id: int) -> MonitoringReport:
    """Throw a draft away. What was handed in stays: the database itself refuses to delete it.

    Locks: the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState.
    """
    require_proponent(actor)
    report = lock_own(actor, report_id, Status.DRAFT)
    MonitoringReport.objects.filter(pk=report.pk).delete()
    return report
