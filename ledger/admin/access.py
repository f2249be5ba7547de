"""Who may be at the desk. Permissions come from memberships; Django's own permission rows decide nothing."""

from django.http import HttpRequest

from ledger.parties.access import find_membership, reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.parties.second_factor import is_needed_by, session_is_strong


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
    if membership is None or not reads_everything(membership):
        return None
    request.is_too_weak = is_needed_by(membership) and not session_is_strong(request)  # type: ignore[attr-defined]
    return None if request.is_too_weak else membership  # type: ignore[attr-defined]


def is_too_weak(request: HttpRequest) -> bool:
    """Return whether somebody may be here only once a second factor was used in this session."""
    return desk_membership(request) is None and getattr(request, "is_too_weak", False)


def is_operator(membership: Membership | None) -> bool:
    """Return whether someone acts for the operator: auditors only read."""
    return membership is not None and membership.organisation.kind == Organisation.Kind.OPERATOR
