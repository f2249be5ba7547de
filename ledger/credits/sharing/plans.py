"""State how proceeds are shared, and see beforehand what it would mean for each household."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.sharing.basis import Basis, Rule, basis_of, members, shares_of
from ledger.credits.sharing.entries import plan_sha256, plan_stated
from ledger.credits.sharing.locks import lock_sharing
from ledger.credits.sharing.models import WHOLE_BPS, SharingPlan, SharingWeight
from ledger.errors import InvalidValue
from ledger.journal.terms import MAX_AMOUNT
from ledger.parties.access import log_name, require_approved
from ledger.parties.models import Household, Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.projects.models import Project
from ledger.texts import check_text
from ledger.transparency.services import append_record

PREVIEWED_FEN = 1_000_000
"""What the preview parts: 10,000 yuan."""
MAX_STATEMENT = 2_000
PROJECTS = (Project.Status.REGISTERED, Project.Status.SUSPENDED, Project.Status.COMPLETED)
"""Projects whose credits may be sold."""


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a cooperative says. Units: basis points. `contributions` are by the households' codes."""

    retained_bps: int = 0
    area_bps: int = 0
    equal_bps: int = 0
    contribution_bps: int = 0
    retained_for: str = ""
    statement: str = ""
    is_public: bool = False
    project: str | None = None
    # None: from now on.
    effective_from: dt.datetime | None = None
    contributions: Mapping[str, int] = field(default_factory=dict)

    @property
    def rule(self) -> Rule:
        """How much is retained, and how the rest is parted."""
        return Rule(self.retained_bps, self.area_bps, self.equal_bps, self.contribution_bps)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What a household would get. Units: fen."""

    basis: Basis
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of an amount. Units: fen."""

    amount_fen: int
    retained_fen: int
    lines: Sequence[PreviewLine]

    @property
    def shared_fen(self) -> int:
        return self.amount_fen - self.retained_fen


@transaction.atomic
def state_plan(*, actor: Membership, terms: PlanTerms) -> SharingPlan:
    """State how proceeds are shared from an instant on; it takes the place of the plan before.

    Locks: the cooperative's sharing, so that no sale is shared by the old plan after the new one holds.
    Raises: NotAllowed, OrganisationNotApproved, InvalidValue.
    """
    project = _check(actor, terms)
    newest = lock_sharing(actor.organisation)
    weights = _weights(actor.organisation, terms)
    plan = _new_plan(actor, terms, project, newest)
    plan.content_sha256 = plan_sha256(plan, {str(each.public_id): weight for each, weight in weights.items()})
    plan.save()
    SharingWeight.objects.bulk_create(
        [SharingWeight(plan=plan, household=household, weight=weight) for household, weight in weights.items()]
    )
    append_record(kind="sharing_plan_stated", body=plan_stated(plan), actor=log_name(actor), at=plan.stated_at)
    return plan


def preview_plan(*, actor: Membership, terms: PlanTerms, amount_fen: int = PREVIEWED_FEN) -> Preview:
    """Return what each household would get of an amount, if something were sold today. Units: fen.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue; also where no household would get anything.
    """
    project = _check(actor, terms)
    weights = _weights(actor.organisation, terms)
    households = members(actor.organisation_id)
    projects = [project.pk] if project else _projects(actor.organisation)
    basis = basis_of(households, projects, {each.pk: weight for each, weight in weights.items()})
    retained_fen = terms.rule.retained(amount_fen)
    shares = shares_of(amount_fen - retained_fen, basis, terms.rule)
    if shares is None and retained_fen < amount_fen:
        raise InvalidValue(
            field="rule",
            reason=_(
                "By this rule no household would get anything: give fields to households, or choose another rule."
            ),
        )
    lines = [PreviewLine(each, share) for each, share in zip(basis, shares or [0] * len(basis), strict=True)]
    return Preview(amount_fen, retained_fen, lines)


def _check(actor: Membership, terms: PlanTerms) -> Project | None:
    """Return the project that a plan is for, having refused what cannot be stated."""
    require_right(actor, Right.SHARE)
    require_approved(actor)
    parts = {"area": terms.area_bps, "equal": terms.equal_bps, "contribution": terms.contribution_bps}
    for name, bps in {"retained": terms.retained_bps, **parts}.items():
        if type(bps) is not int or not 0 <= bps <= WHOLE_BPS:
            raise InvalidValue(field=f"{name}_bps", reason=_("A part is from 0 to 100 percent."))
    if sum(parts.values()) != WHOLE_BPS:
        raise InvalidValue(
            field="area_bps", reason=_("By area, equally and by contribution must come to 100 percent together.")
        )
    if terms.retained_bps and not terms.retained_for.strip():
        raise InvalidValue(field="retained_for", reason=_("Say what the retained part is for."))
    check_text(terms.retained_for, field="retained_for", most=300)
    check_text(terms.statement, field="statement", most=MAX_STATEMENT)
    if terms.effective_from is not None and terms.effective_from < timezone.now():
        raise InvalidValue(
            field="effective_from", reason=_("A plan holds for what is sold from now on at the earliest.")
        )
    return _project(actor.organisation, terms.project) if terms.project else None


def _project(cooperative: Organisation, code: str) -> Project:
    number = code.rpartition("-")[2]
    found = Project.objects.filter(proponent=cooperative, number=int(number)) if number.isdecimal() else ()
    project = next((each for each in found if each.code == code), None)
    if project is None:
        raise InvalidValue(field="project", reason=_("The cooperative has no such project."))
    return project


def _projects(cooperative: Organisation) -> list[int]:
    return list(Project.objects.filter(proponent=cooperative, status__in=PROJECTS).values_list("pk", flat=True))


def _weights(cooperative: Organisation, terms: PlanTerms) -> dict[Household, int]:
    """Return the contributions that are stated, by household.

    Raises: InvalidValue for an unknown code, a weight that is none, or where a plan by contribution names nobody.
    """
    if not terms.contribution_bps:
        return {}
    households = {each.code: each for each in Household.objects.filter(cooperative=cooperative, left_at=None)}
    for code, weight in terms.contributions.items():
        if code not in households:
            reason = _("There is no household with code %(code)s.") % {"code": code}
            raise InvalidValue(field="contributions", reason=reason)
        if type(weight) is not int or not 0 <= weight <= MAX_AMOUNT:
            reason = _("The contribution of %(code)s is no whole number.") % {"code": code}
            raise InvalidValue(field="contributions", reason=reason)
    weights = {households[code]: weight for code, weight in terms.contributions.items() if weight}
    if not weights:
        raise InvalidValue(field="contributions", reason=_("State what each household has contributed."))
    return weights


def _new_plan(actor: Membership, terms: PlanTerms, project: Project | None, newest: int) -> SharingPlan:
    before = SharingPlan.objects.filter(cooperative=actor.organisation, project=project)
    now = timezone.now()
    return SharingPlan(
        cooperative=actor.organisation,
        project=project,
        version=(before.aggregate(last=Max("version"))["last"] or 0) + 1,
        effective_from=max(terms.effective_from or now, now),
        after_transfer=newest,
        retained_bps=terms.retained_bps,
        retained_for=terms.retained_for.strip(),
        area_bps=terms.area_bps,
        equal_bps=terms.equal_bps,
        contribution_bps=terms.contribution_bps,
        statement=terms.statement.strip(),
        is_public=terms.is_public,
        stated_by=actor.user,
        stated_at=now,
    )
