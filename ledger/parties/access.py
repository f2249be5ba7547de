"""Who may do what: every service asks here before it does anything."""

from typing import Any

from config.operations.replica.reading import from_primary
from ledger.errors import NotAllowed, OrganisationNotApproved
from ledger.parties.models import Membership, Organisation

STEWARDS = (Membership.Role.OWNER, Membership.Role.REGISTRAR)
"""Who of the operator's people answer for who is who: for accounts, second factors and personal data."""


@from_primary
def find_membership(user: object, **also: Any) -> Membership | None:
    """Return for whom a person acts, or None for a visitor or somebody of no organisation; `also`: what is read along."""
    at_hand: Membership | None = getattr(user, "membership_at_hand", None)
    if at_hand is not None:
        return at_hand
    if not getattr(user, "is_authenticated", False):
        return None
    found = Membership.objects.select_related("user", "organisation").annotate(**also)
    return found.filter(user_id=user.pk).first()  # type: ignore[attr-defined]


def membership_of(user: object) -> Membership:
    """Return for whom a person acts.

    Raises: NotAllowed for a visitor or somebody of no organisation.
    """
    membership = find_membership(user)
    if membership is None:
        raise NotAllowed()
    return membership


def require_role(actor: Membership, *roles: str) -> None:
    """Refuse anyone whose role in the organisation is another.

    Raises: NotAllowed.
    """
    if actor.role not in roles:
        raise NotAllowed()


def require_kind(actor: Membership, *kinds: str) -> None:
    """Refuse anyone whose organisation is of another kind.

    Raises: NotAllowed.
    """
    if actor.organisation.kind not in kinds:
        raise NotAllowed()


def require_approved(actor: Membership) -> None:
    """Refuse organisations that the operator has not approved, or has suspended.

    Raises: OrganisationNotApproved.
    """
    if not actor.organisation.is_approved:
        raise OrganisationNotApproved(organisation=actor.organisation.name)


def require_registrar(actor: Membership) -> None:
    """Refuse everyone but the operator's registrars.

    Raises: NotAllowed.
    """
    require_kind(actor, Organisation.Kind.OPERATOR)
    require_role(actor, Membership.Role.REGISTRAR)


def require_operator(actor: Membership, *roles: str) -> None:
    """Refuse everyone but the operator's people in these roles.

    Raises: NotAllowed.
    """
    require_kind(actor, Organisation.Kind.OPERATOR)
    require_role(actor, *roles)
    if not actor.organisation.is_approved:
        raise NotAllowed()


def reads_everything(membership: Membership) -> bool:
    """Return whether someone may read what is not public: people of the operator, and of an approved auditor.

    Anyone can apply as an auditor; it is the approval that opens the books.
    """
    organisation = membership.organisation
    return organisation.is_approved and organisation.kind in (Organisation.Kind.AUDITOR, Organisation.Kind.OPERATOR)


def may_read_entries(user: object) -> bool:
    """Return whether a person may read every entry of the log: auditors and the operator."""
    membership = find_membership(user)
    return membership is not None and reads_everything(membership)


def log_name(actor: Membership) -> str:
    """Return the opaque name of a person in the log."""
    return f"user:{actor.user.public_id}"
