"""Who may be at the desk. Permissions come from memberships; Django's own permission rows decide nothing."""

from django.http import HttpRequest

from ledger.parties.access import find_membership, reads_everything
from ledger.parties.models import Membership, Organisation


def desk_membership(request: HttpRequest) -> Membership | None:
    """Return for whom a person of the operator or of an auditor is here; None for anyone else.

    Looked up once a request.
    """
    if not hasattr(request, "desk_membership"):
        request.desk_membership = _find(request)  # type: ignore[attr-defined]
    found: Membership | None = request.desk_membership  # type: ignore[attr-defined]
    return found


def _find(request: HttpRequest) -> Membership | None:
    if not (request.user.is_active and request.user.is_staff):
        return None
    membership = find_membership(request.user)
    return membership if membership is not None and reads_everything(membership) else None


def is_operator(membership: Membership | None) -> bool:
    """Return whether someone acts for the operator: auditors only read."""
    return membership is not None and membership.organisation.kind == Organisation.Kind.OPERATOR
