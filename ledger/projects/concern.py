"""Whom a project's diary and documents concern: they are not public, though the project is."""

from django.db.models import Q, QuerySet

from ledger.errors import NotFound
from ledger.parties.access import reads_everything, require_approved
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, has_right, require_right
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import access_project_by_code


def projects_concerning(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects whose diary and documents one may read.

    Those of one's own cooperative; those that one's body validates, or of which it verifies a report; all for the operator
    and auditors.
    """
    projects = Project.objects.all()
    if membership is None:
        return projects.none()
    if reads_everything(membership):
        return projects
    organisation = membership.organisation
    concerned = Q(proponent=organisation)
    if organisation.kind == Organisation.Kind.VERIFIER and organisation.is_approved:
        verified = MonitoringReport.objects.filter(verifier=organisation).order_by().values("project")
        concerned |= Q(validator=organisation) | Q(pk__in=verified)
    return projects.filter(concerned)


def is_concerned(project: Project, membership: Membership | None) -> bool:
    """Return whether one may read a project's diary and documents."""
    return projects_concerning(membership).filter(pk=project.pk).exists()


def access_concerning_project(*, code: str, membership: Membership | None) -> Project:
    """Return a project by its permanent name, for its diary and documents.

    Raises: NotFound, also where they are not one's own to see.
    """
    project = access_project_by_code(code=code, membership=membership)
    if not is_concerned(project, membership):
        raise NotFound()
    return project


def may_write_for(project: Project, membership: Membership | None) -> bool:
    """Return whether one may write into a project's diary: those of its cooperative who keep it."""
    return (
        membership is not None
        and has_right(membership, Right.RECORD)
        and membership.organisation_id == project.proponent_id
        and membership.organisation.is_approved
    )


def require_writer(actor: Membership) -> None:
    """Refuse everyone but those who keep the diary of an approved cooperative.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.RECORD)
    require_approved(actor)
