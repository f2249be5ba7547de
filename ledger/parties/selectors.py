"""Read organisations and tokens, and who comes with one."""

from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from config.operations.replica.reading import from_primary
from ledger.errors import NotFound, OrganisationSuspended
from ledger.parties.access import reads_everything
from ledger.parties.models import ApiToken, Membership, Organisation, User
from ledger.parties.tokens import TOKEN_PREFIX, HeldToken, hash_token, require_address
from ledger.rows import columns_of, read_models

MAX_SECRET_CHARACTERS = 100


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


def members_of(membership: Membership) -> QuerySet[Membership]:
    """Return who acts for one's organisation, the newest first."""
    members = Membership.objects.filter(organisation_id=membership.organisation_id).order_by("-id")
    return members.select_related("user", "organisation")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return a person's tokens that are good, newest first."""
    return ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()), user=user, revoked_at=None
    ).order_by("-id")


def token_at_hand(user: object) -> HeldToken | None:
    """Return the token by which somebody has come; None for whoever comes by a session, or not as anybody."""
    found: HeldToken | None = getattr(user, "token_at_hand", None)
    return found


@from_primary
def person_with_token(secret: str, *, address: str) -> User | None:
    """Return whose token this is, with the token and the membership at hand; None where it is unknown, over or revoked.

    Every request asks this first: one query, by hand. A token is good for the organisation that it was made for alone.

    Raises: AddressNotAllowed where it names networks and the caller's address is in none of them; OrganisationSuspended.
    """
    if not secret.startswith(TOKEN_PREFIX) or len(secret) > MAX_SECRET_CHARACTERS:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PERSON_WITH_TOKEN, [hash_token(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    token_id, scopes, networks = row[:3]
    require_address(networks, address)
    user, membership, organisation = read_models(row[3:], User, Membership, Organisation)
    if membership is not None:
        if organisation.status == Organisation.Status.SUSPENDED:
            raise OrganisationSuspended(organisation=organisation.name)
        membership.user, membership.organisation = user, organisation
        user.membership_at_hand = membership
    assert isinstance(user, User)
    user.token_at_hand = HeldToken(token_id, scopes)  # type: ignore[attr-defined]
    return user


_PERSON_WITH_TOKEN = f"""
SELECT token.id, token.scopes, token.networks,
       {columns_of(User, "person")}, {columns_of(Membership, "membership")}, {columns_of(Organisation, "organisation")}
  FROM ledger_apitoken token
  JOIN ledger_user person ON person.id = token.user_id AND person.is_active
  LEFT JOIN ledger_membership membership ON membership.user_id = person.id
  LEFT JOIN ledger_organisation organisation ON organisation.id = membership.organisation_id
 WHERE token.token_hash = %s
   AND token.revoked_at IS NULL
   AND (token.expires_at IS NULL OR token.expires_at > now())
   AND token.organisation_id IS NOT DISTINCT FROM membership.organisation_id
"""
