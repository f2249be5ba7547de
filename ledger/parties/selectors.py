"""Read organisations and tokens."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import ApiToken, Membership, Organisation, User


def organisations_seen_by(membership: Membership | None) -> QuerySet[Organisation]:
    """Return the organisations that one may see, newest first: the operator and auditors all, others their own."""
    organisations = Organisation.objects.order_by("-id")
    if membership is None:
        return organisations.none()
    return organisations if reads_everything(membership) else organisations.filter(pk=membership.organisation_id)


def access_organisation_by_public_id(*, public_id: UUID, membership: Membership) -> Organisation:
    """Return an organisation.

    Raises: NotFound, also where it is not to be seen.
    """
    organisation = organisations_seen_by(membership).filter(public_id=public_id).first()
    if organisation is None:
        raise NotFound()
    return organisation


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return a person's tokens that are good, newest first."""
    return ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()), user=user, revoked_at=None
    ).order_by("-id")
