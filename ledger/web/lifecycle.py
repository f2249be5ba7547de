"""What a reader may do next with a project: each step a button or a form on its page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.credits.reversals import ending
from ledger.errors import ConflictOfInterest
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership
from ledger.projects import conflicts, lifecycle, renewals
from ledger.projects.counties import county_name
from ledger.projects.debundling import is_decided, neighbours_of
from ledger.projects.judgements import Renewal
from ledger.projects.lifecycle import BEFORE_REGISTRATION
from ledger.projects.models import Parcel, Project
from ledger.projects.renewals import is_renewable
from ledger.projects.selectors import conflicts_seen_by, renewals_of
from ledger.quantification import METHODOLOGIES
from ledger.web import words
from ledger.web.forms.drafts import ConflictForm, RenewalForm
from ledger.web.forms.projects import ReasonForm, StatementForm
from ledger.web.rights import may_prepare, may_verify

Text = str | Promise
Status = Project.Status
ENDED = (Status.WITHDRAWN, Status.REJECTED)
JUDGED = (Status.SUBMITTED, Status.IN_VALIDATION)


@dataclass(frozen=True, slots=True)
class Standing:
    """A project as its reader stands to it: what decides which steps are offered."""

    project: Project
    is_own: bool
    verifies: bool
    is_validator: bool
    open_renewal: Renewal | None
    # Why the reader's verifier may not judge it; empty where it may.
    hindrance: str


@dataclass(frozen=True, slots=True)
class Move:
    """A step that people of cooperatives and verifiers may take: offered where it is due, decided by the service."""

    name: str
    label: Text
    explanation: Text
    done: Text
    service: Callable[..., Any]
    is_due: Callable[[Standing], bool]
    form: type[forms.Form] = ReasonForm
    is_grave: bool = False
    icon: str = "arrow-right"


def _assess(*, actor: Membership, project_id: int, statement: str) -> Renewal:
    renewal = Renewal.objects.filter(project=project_id, status=Renewal.Status.REQUESTED).first()
    return renewals.assess_renewal(actor=actor, renewal_id=renewal.pk if renewal else 0, statement=statement)


MOVES = (
    Move(
        "accept",
        _("Take it on for validation"),
        _("From then on your organisation alone validates it. Its conflicts of interest are checked now."),
        _("You have taken the project on. State next whether it meets its methodology."),
        lifecycle.accept_project,
        lambda reader: reader.verifies and reader.project.status == Status.SUBMITTED and not reader.hindrance,
        form=forms.Form,
        icon="badge-check",
    ),
    Move(
        "return",
        _("Send it back for corrections"),
        _("It becomes a draft again, with all that it holds; the cooperative mends it and hands it in anew."),
        _("The project is back with its cooperative."),
        lifecycle.return_project,
        lambda reader: reader.is_validator and reader.project.status == Status.IN_VALIDATION,
        icon="pencil",
    ),
    Move(
        "decline",
        _("Give the validation up"),
        _("The project waits for another verifier then."),
        _("You have given the project up. Another verifier may take it on."),
        lifecycle.decline_project,
        lambda reader: reader.is_validator and reader.project.status == Status.IN_VALIDATION,
        icon="x",
    ),
    Move(
        "assess",
        _("Assess the renewal"),
        _("State whether the baseline and the methodology still hold for the new years. It is shown publicly."),
        _("The renewal is assessed. The operator decides next."),
        _assess,
        lambda reader: (
            reader.verifies
            and reader.open_renewal is not None
            and reader.open_renewal.status == Renewal.Status.REQUESTED
            and not reader.hindrance
        ),
        form=StatementForm,
        icon="badge-check",
    ),
    Move(
        "conflict",
        _("Declare a conflict of interest"),
        _("Such as having advised the project. Your organisation cannot judge it then; the operator alone lifts that."),
        _("The conflict of interest is declared."),
        conflicts.declare_conflict,
        lambda reader: reader.verifies and not reader.hindrance and reader.project.status not in ENDED,
        form=ConflictForm,
        icon="scale",
    ),
    Move(
        "renew",
        _("Ask for a renewal"),
        _("For more crediting years: a verifier assesses it, and the operator decides."),
        _("The renewal is asked for. A verifier assesses it next."),
        renewals.request_renewal,
        lambda reader: (
            reader.is_own and reader.open_renewal is None and is_renewable(reader.project, timezone.localdate())
        ),
        form=RenewalForm,
        icon="refresh-cw",
    ),
    Move(
        "withdraw",
        _("Withdraw the project"),
        _("It cannot be handed in again. Its fields become free for another project."),
        _("The project is withdrawn."),
        lifecycle.withdraw_project,
        lambda reader: reader.is_own and reader.project.status in BEFORE_REGISTRATION,
        is_grave=True,
        icon="ban",
    ),
    Move(
        "withdrawal",
        _("Ask for the withdrawal of the project"),
        _("The operator decides. Credits that were issued stay what they are; nothing more is issued."),
        _("The withdrawal is asked for. The operator decides."),
        ending.ask_withdrawal,
        lambda reader: (
            reader.is_own
            and reader.project.status in (Status.REGISTERED, Status.SUSPENDED)
            and reader.project.withdrawal_asked_at is None
        ),
        is_grave=True,
        icon="ban",
    ),
)


def life_of(
    project: Project,
    reader: Membership | None,
    parcels: Sequence[Parcel],
    refused: dict[str, forms.Form] | None = None,
) -> dict[str, Any]:
    """Return what a project's page shows of its life: its state, what the reader may do, renewals, debundling."""
    found = list(renewals_of(project))
    standing = _standing(project, reader, found)
    neighbours = neighbours_of(project, parcels) if project.status != Status.DRAFT else []
    return {
        "moves": [(move, _form(move, refused or {})) for move in MOVES if move.is_due(standing)],
        "hindrance": standing.hindrance,
        "renewals": found,
        "neighbours": neighbours,
        "is_decided": is_decided(project, neighbours),
        "decisions": list(project.debundling_decisions.all()) if neighbours or project.registered_at else [],
        "conflicts": list(conflicts_seen_by(reader, project)) if reader and _sees_conflicts(reader) else [],
        "county": county_name(project.county_code),
        "sector": METHODOLOGIES[project.methodology].sector,
        "project_type": METHODOLOGIES[project.methodology].project_type,
        "co_benefits": [words.word_for(words.CO_BENEFITS, key) for key in project.co_benefits],
        "labels": [
            label | {"kind": words.word_for(words.LABEL_TYPES, label["label_type"])} for label in project.labels
        ],
    }


def _sees_conflicts(reader: Membership) -> bool:
    return reads_everything(reader) or may_verify(reader)


def _standing(project: Project, reader: Membership | None, found: list[Renewal]) -> Standing:
    verifies = may_verify(reader)
    open_renewal = next((renewal for renewal in found if renewal.status in Renewal.OPEN), None)
    judges = verifies and (project.status in JUDGED or open_renewal is not None)
    return Standing(
        project=project,
        is_own=may_prepare(reader) and reader is not None and reader.organisation_id == project.proponent_id,
        verifies=verifies,
        is_validator=verifies and reader is not None and reader.organisation_id == project.validator_id,
        open_renewal=open_renewal,
        hindrance=_hindrance(reader, project) if judges and reader is not None else "",
    )


def _hindrance(reader: Membership, project: Project) -> str:
    try:
        conflicts.require_free_of_conflict(actor=reader, project=project)
    except ConflictOfInterest as error:
        return str(error)
    return ""


def _form(move: Move, refused: dict[str, forms.Form]) -> forms.Form:
    return refused.get(move.name) or move.form(auto_id=f"{move.name}_%s")


def find_move(name: str) -> Move:
    """Return the step of a name.

    Raises: Http404.
    """
    for move in MOVES:
        if move.name == name:
            return move
    raise Http404
