"""Who may take a step with a project, and the project locked for it."""

from ledger.errors import NotAllowed, NotFound, WrongState
from ledger.parties.access import require_approved
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.projects.locks import lock_project
from ledger.projects.models import Project


def require_verifier(actor: Membership) -> None:
    """Refuse everyone but people of an approved verifier.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.JUDGE)
    require_approved(actor)


def require_validator(actor: Membership, project: Project) -> None:
    """Refuse a verifier that another one has taken the project from, or never had it; registrars pass.

    Raises: NotAllowed.
    """
    if actor.organisation.kind == Organisation.Kind.VERIFIER and project.validator_id != actor.organisation_id:
        raise NotAllowed()


def require_proponent(actor: Membership) -> None:
    """Refuse everyone but people who act for an approved cooperative.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.PREPARE)
    require_approved(actor)


def lock_own(actor: Membership, project_id: int, *statuses: str) -> Project:
    """Lock a project of the actor's organisation that is in one of the states.

    Raises: NotFound, WrongState.
    """
    project = lock_in(project_id, *Project.Status.values)
    if project.proponent_id != actor.organisation_id:
        raise NotFound()
    if project.status not in statuses:
        raise WrongState(state=project.get_status_display())
    return project


def lock_in(project_id: int, *statuses: str) -> Project:
    """Lock a project that is in one of the states.

    Raises: NotFound, WrongState.
    """
    project = lock_project(project_id)
    if project.status not in statuses:
        raise WrongState(state=project.get_status_display())
    return project
