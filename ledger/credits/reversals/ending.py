"""A project leaves the registry, or comes to its end, once nothing is open about what it has lost.

Whoever was issued credits stays liable for them: a withdrawal does not end a debt, and so it waits for it. What a project of
one's own is found to have lost after that can still be reported, and is owed like any other loss.

Source: VCS Standard v4.5, section 3.2.26 (proponents compensate the pool for reversals, by a deed); docs/decisions.md.
"""

import datetime as dt

from django.db import transaction

from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.selectors import require_nothing_owed
from ledger.errors import LossUndecided
from ledger.parties.access import require_registrar
from ledger.parties.models import Membership
from ledger.projects import lifecycle
from ledger.projects.access import lock_own, require_proponent
from ledger.projects.locks import lock_project
from ledger.projects.models import Project


@transaction.atomic
def ask_withdrawal(*, actor: Membership, project_id: int, reason: str) -> Project:
    """Ask that a registered project of one's own be withdrawn, once nothing is owed for it; the operator decides.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue, LossUndecided, ReversalOwed.
    """
    require_proponent(actor)
    require_losses_settled(lock_own(actor, project_id, *Project.Status.values))
    return lifecycle.ask_withdrawal(actor=actor, project_id=project_id, reason=reason)


@transaction.atomic
def grant_withdrawal(*, actor: Membership, project_id: int) -> Project:
    """Withdraw a registered project as its proponent has asked, once nothing is owed for it; what was issued stays.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, LossUndecided, ReversalOwed.
    """
    require_registrar(actor)
    require_losses_settled(lock_project(project_id))
    return lifecycle.grant_withdrawal(actor=actor, project_id=project_id)


def complete_projects(today: dt.date) -> list[Project]:
    """Complete every project that has come to its end and owes nothing; done twice it does nothing the second time."""
    return lifecycle.complete_projects(today, is_held_up=has_open_losses)


def require_losses_settled(project: Project) -> None:
    """Refuse a step of a locked project while a loss of it waits to be decided or is not made up for.

    Reporting a loss locks the project too (`lock_losses`): none comes in between.

    Raises: LossUndecided, ReversalOwed.
    """
    if Reversal.objects.filter(project=project, state=Reversal.State.REPORTED).exists():
        raise LossUndecided(project=project.code)
    require_nothing_owed(project)


def has_open_losses(project: Project) -> bool:
    """Return whether a loss of a project waits to be decided, or is not made up for."""
    unsettled = (Reversal.State.REPORTED, Reversal.State.CONFIRMED)
    return Reversal.objects.filter(project=project, state__in=unsettled).exists()
