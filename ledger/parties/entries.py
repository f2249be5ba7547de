"""What the log says of members, invitations and tokens. It names people by their public ids, and no address."""

from typing import Any

from ledger.parties.models import ApiToken, Invitation, Membership, RoleChange
from ledger.transparency.services import format_time


def token_named(token: ApiToken) -> dict[str, Any]:
    """Return which token it is, whose, and when it ends."""
    assert token.expires_at is not None
    return {"token": str(token.pk), "user": str(token.user.public_id), "expires_at": format_time(token.expires_at)}


def member(membership: Membership) -> dict[str, Any]:
    """Return who acts for whom, and as what."""
    return {
        "user": str(membership.user.public_id),
        "organisation": str(membership.organisation.public_id),
        "role": str(membership.role),
    }


def invitation(offered: Invitation) -> dict[str, Any]:
    """Return which role is offered, and until when; not to whom, which nobody knows yet."""
    return {
        "invitation": str(offered.public_id),
        "organisation": str(offered.organisation.public_id),
        "role": str(offered.role),
        "expires_at": format_time(offered.expires_at),
    }


def invitation_named(offered: Invitation) -> dict[str, Any]:
    """Return which invitation it is, and whose."""
    return {"invitation": str(offered.public_id), "organisation": str(offered.organisation.public_id)}


def role_change(change: RoleChange) -> dict[str, Any]:
    """Return which change is proposed, or was decided; an empty role is none."""
    return {
        "role_change": str(change.pk),
        "user": str(change.person.public_id),
        "organisation": str(change.organisation.public_id),
        "role_before": str(change.role_before),
        "role": str(change.role),
    }
