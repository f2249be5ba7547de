"""The risk that carbon in the soil is lost again: stated by the cooperative, confirmed or refused by a verifier."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ledger.errors import InvalidValue
from ledger.parties.models import Membership
from ledger.projects import risk as services
from ledger.projects.models import Project, RiskAssessment
from ledger.projects.risk_scores import LEAST_PERCENT, MOST_PERCENT, PERILS, is_reversible, questions
from ledger.projects.selectors import access_project_by_code, access_risk_by_id, risk_assessments_of
from ledger.web import risk_words
from ledger.web.doors import for_members, show
from ledger.web.forms.projects import ReasonForm
from ledger.web.forms.risk import RiskForm
from ledger.web.rights import may_prepare, may_verify
from ledger.web.words import word_for


def risk_context(project: Project, reader: Membership | None) -> dict[str, Any]:
    """Return what the project's page shows of its risk; nothing where what is counted cannot be lost again."""
    if not is_reversible(project.methodology):
        return {}
    found = list(risk_assessments_of(project)[:10])
    is_own = may_prepare(reader) and reader is not None and reader.organisation_id == project.proponent_id
    waiting = next((each for each in found if each.status == RiskAssessment.Status.STATED), None)
    judges = may_verify(reader) and reader is not None and waiting is not None
    return {
        "confirmed": next((each for each in found if each.status == RiskAssessment.Status.CONFIRMED), None),
        "waiting": waiting,
        "refused": found[0] if found and found[0].status == RiskAssessment.Status.REFUSED else None,
        "may_state": is_own and waiting is None and project.status not in services.ENDED,
        "may_judge": judges and reader is not None and services.may_judge_risk(reader, project),
        "answers": answers_in_words(waiting or found[0]) if found else [],
        "reason_form": ReasonForm(prefix="risk"),
    }


def answers_in_words(assessment: RiskAssessment) -> list[tuple[str, str]]:
    """Return what an assessment says, question by question."""
    said = [
        (
            word_for(risk_words.QUESTIONS, factor.name),
            word_for(risk_words.ANSWERS.get(factor.name, {}), str(assessment.answers.get(factor.name, ""))),
        )
        for factor in questions()
    ]
    for peril in PERILS:
        answer = assessment.answers.get(peril)
        parts = [word_for(risk_words.SIGNIFICANCES, "none")]
        if isinstance(answer, dict):
            parts = [
                word_for(risk_words.SIGNIFICANCES, answer["significance"]),
                word_for(risk_words.LIKELIHOODS, answer["likelihood"]),
                word_for(risk_words.MITIGATIONS, answer["mitigation"]),
            ]
        said.append((word_for(risk_words.QUESTIONS, peril), " · ".join(parts)))
    return said


@require_http_methods(["GET", "POST"])
@for_members
def risk_new(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """State the risk of a project."""
    project = access_project_by_code(code=code, membership=membership)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or not is_reversible(project.methodology) or project.status in services.ENDED:
        raise Http404
    form = RiskForm(request.POST or None, use_required_attribute=False)
    if form.is_valid() and (stated := _state(form, membership, project)):
        said = _("The assessment is stated: %(percent)s %% for the buffer pool. It counts once a verifier confirms it.")
        messages.success(request, said % {"percent": stated.risk_percent})
        return redirect("project", code=code)
    context = {"project": project, "form": form, "least": LEAST_PERCENT, "most": MOST_PERCENT}
    return show(request, "ledger/projects/risk.html", context)


def _state(form: RiskForm, membership: Membership, project: Project) -> RiskAssessment | None:
    try:
        return services.state_risk(actor=membership, project_id=project.pk, answers=form.answers())
    except InvalidValue as refusal:
        name = (refusal.field or "").removeprefix("answers.")
        form.add_error(name if name in form.fields else None, str(refusal))
        return None


@require_POST
@for_members
def risk_confirm(request: HttpRequest, membership: Membership, code: str, assessment_id: int) -> HttpResponse:
    """Confirm a risk assessment."""
    assessment = _assessment(membership, code, assessment_id)
    services.confirm_risk(actor=membership, assessment_id=assessment.pk)
    messages.success(request, _("The risk is confirmed. Reports are calculated with it from now on."))
    return redirect("project", code=code)


@require_POST
@for_members
def risk_refuse(request: HttpRequest, membership: Membership, code: str, assessment_id: int) -> HttpResponse:
    """Refuse a risk assessment, with a reason."""
    assessment = _assessment(membership, code, assessment_id)
    form = ReasonForm(request.POST, prefix="risk")
    if not form.is_valid():
        messages.error(request, _("Say why the assessment is refused."))
        return redirect("project", code=code)
    services.refuse_risk(actor=membership, assessment_id=assessment.pk, **form.cleaned_data)
    messages.success(request, _("The assessment is refused; the cooperative states another."))
    return redirect("project", code=code)


def _assessment(membership: Membership, code: str, assessment_id: int) -> RiskAssessment:
    project = access_project_by_code(code=code, membership=membership)
    assessment = access_risk_by_id(assessment_id=assessment_id, membership=membership)
    if assessment.project_id != project.pk:
        raise Http404
    return assessment
