"""Take over into a report what the diary says of its year."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.parties.models import Membership
from ledger.projects.access import require_proponent
from ledger.projects.diary.season import Remark, practices_from_diary
from ledger.projects.models import MonitoringReport
from ledger.projects.reports.drafting import draft_report, save_practices
from ledger.projects.selectors import projects_seen_by


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A draft with what the diary says, of how many fields, and what is to be said of the others."""

    report: MonitoringReport
    fields: int
    remarks: list[Remark]


@transaction.atomic
def take_over_diary(*, actor: Membership, project_id: int, vintage: int) -> TakenOver:
    """Write what the diary has of a year's seasons into its report: a draft that is there, or one that is begun now.

    Locks: the report, or the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue, also where the diary has nothing.
    """
    require_proponent(actor)
    project = projects_seen_by(actor).get(pk=project_id)
    practices, remarks = practices_from_diary(project, dt.date(vintage, 1, 1), dt.date(vintage, 12, 31))
    if not practices:
        raise InvalidValue(field="vintage", reason=_("The diary has nothing of this year's seasons."))
    drafts = MonitoringReport.objects.filter(project=project, vintage=vintage, status=MonitoringReport.Status.DRAFT)
    begun = drafts.first()
    if begun is None:
        report = draft_report(actor=actor, project_id=project.pk, vintage=vintage, practices=practices)
    else:
        report = save_practices(actor=actor, report_id=begun.pk, practices=practices)
    return TakenOver(report, len(practices), list(remarks))
