"""Risk assessments: stated by the cooperative, confirmed or refused by the body that validates or verifies."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotAllowed, NotFound, WrongState
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import require_proponent, require_verifier
from ledger.projects.claims import check_reason
from ledger.projects.conflicts import require_free_of_conflict
from ledger.projects.locks import lock_project
from ledger.projects.models import MonitoringReport, Project, RiskAssessment
from ledger.projects.risk_scores import is_reversible, score_risk
from ledger.transparency.services import append_record

Status = RiskAssessment.Status
ENDED = (Project.Status.REJECTED, Project.Status.WITHDRAWN)


@transaction.atomic
def state_risk(*, actor: Membership, project_id: int, answers: Mapping[str, Any]) -> RiskAssessment:
    """State how likely it is that what the project's soil takes up is lost again; it counts once it is confirmed.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue (an answer; a risk that is too large).
    """
    require_proponent(actor)
    project = lock_project(project_id)
    if project.proponent_id != actor.organisation_id:
        raise NotFound()
    if project.status in ENDED:
        raise WrongState(state=project.get_status_display())
    if not is_reversible(project.methodology):
        reason = _("What this methodology counts cannot be lost again: there is no risk to assess.")
        raise InvalidValue(field="answers", reason=reason)
    if project.risk_assessments.filter(status=Status.STATED).exists():
        raise InvalidValue(field="answers", reason=_("An assessment waits to be confirmed already."))
    score = score_risk(answers)
    assessment = RiskAssessment.objects.create(
        project=project,
        number=project.risk_assessments.count() + 1,
        answers=dict(answers),
        internal=score.internal,
        external=score.external,
        natural=score.natural,
        risk_percent=score.risk_percent,
        stated_by=actor.user,
        stated_at=timezone.now(),
    )
    body = entries.risk_stated(assessment)
    append_record(kind="risk_stated", body=body, actor=log_name(actor), at=assessment.stated_at)
    return assessment


@transaction.atomic
def confirm_risk(*, actor: Membership, assessment_id: int) -> RiskAssessment:
    """Confirm a risk assessment, as the body that validates the project or verifies a report of it.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ConflictOfInterest.
    """
    assessment = _lock_for_judge(actor, assessment_id)
    _decide(assessment, actor, Status.CONFIRMED)
    _record("risk_confirmed", assessment, actor)
    return assessment


@transaction.atomic
def refuse_risk(*, actor: Membership, assessment_id: int, reason: str) -> RiskAssessment:
    """Refuse a risk assessment that is not as the fields are; the cooperative states another.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, ConflictOfInterest, InvalidValue.
    """
    assessment = _lock_for_judge(actor, assessment_id)
    check_reason(reason)
    assessment.refusal_reason = reason.strip()
    _decide(assessment, actor, Status.REFUSED)
    _record("risk_refused", assessment, actor, reason=assessment.refusal_reason)
    return assessment


def may_judge_risk(actor: Membership, project: Project) -> bool:
    """Return whether somebody's body validates the project, or verifies a report of it just now."""
    if project.validator_id == actor.organisation_id:
        return True
    examined = project.reports.filter(verifier=actor.organisation, status__in=MonitoringReport.EXAMINED)
    return examined.exists()


def _lock_for_judge(actor: Membership, assessment_id: int) -> RiskAssessment:
    require_verifier(actor)
    project_id = RiskAssessment.objects.filter(pk=assessment_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise NotFound()
    project = lock_project(project_id)
    assessment = RiskAssessment.objects.get(pk=assessment_id)
    assessment.project = project
    if not may_judge_risk(actor, project):
        raise NotAllowed()
    require_free_of_conflict(actor=actor, project=project)
    if assessment.status != Status.STATED:
        raise WrongState(state=assessment.get_status_display())
    return assessment


def _decide(assessment: RiskAssessment, actor: Membership, status: str) -> None:
    assessment.status, assessment.decided_at = status, timezone.now()
    assessment.verifier, assessment.decided_by = actor.organisation, actor.user
    assessment.save()


def _record(kind: str, assessment: RiskAssessment, actor: Membership, **more: str) -> None:
    verifier = str(actor.organisation.public_id)
    body = entries.risk_named(assessment) | {"verifier": verifier, **more}
    append_record(kind=kind, body=body, actor=log_name(actor), at=assessment.decided_at)
