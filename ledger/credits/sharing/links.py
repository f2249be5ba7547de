"""Each household's personal address: who has it sees the household's page, without a log-in."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.credits.sharing.models import HouseholdLink
from ledger.errors import InvalidValue, NotFound, TooManyAttempts
from ledger.parties.attempts import count_miss, seconds_to_wait
from ledger.parties.households import require_keeper
from ledger.parties.models import Household, Membership

MAX_LINKS_AT_ONCE = 200
"""As many as fit on a sheet that somebody prints."""
_TOKEN_BYTES = 24
_MAX_TOKEN = 64


class MadeLink(NamedTuple):
    """A household with its new token, which is shown this once."""

    household: Household
    token: str


@transaction.atomic
def make_links(*, actor: Membership, public_ids: Sequence[UUID]) -> list[MadeLink]:
    """Make households' links, and return their tokens; links that they had are worthless at once.

    Locks: the households.
    Raises: NotAllowed, OrganisationNotApproved, NotFound where one is not the cooperative's.
    """
    require_keeper(actor)
    wanted = set(public_ids)
    if len(wanted) > MAX_LINKS_AT_ONCE:
        raise InvalidValue(
            field="households", reason=_("At most %(most)s links at once.") % {"most": MAX_LINKS_AT_ONCE}
        )
    households = list(
        Household.objects.select_for_update(of=("self",))
        .filter(cooperative=actor.organisation, public_id__in=wanted)
        .order_by("pk")
    )
    if len(households) != len(wanted):
        raise NotFound()
    return _make(actor, sorted(households, key=lambda each: (each.code, each.pk)))


@transaction.atomic
def make_missing_links(*, actor: Membership) -> list[MadeLink]:
    """Make links for member households that have none, the first ones by their codes; none where all have one.

    Locks: the households.
    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_keeper(actor)
    missing = Household.objects.filter(cooperative=actor.organisation, left_at=None, link=None).order_by("code", "pk")
    ids = list(missing.values_list("pk", flat=True)[:MAX_LINKS_AT_ONCE])
    households = list(Household.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    # Somebody else may have made some of them while this one waited.
    made = set(HouseholdLink.objects.filter(household__in=ids).values_list("household_id", flat=True))
    fresh = [each for each in households if each.pk not in made]
    return _make(actor, sorted(fresh, key=lambda each: (each.code, each.pk)))


@transaction.atomic
def revoke_link(*, actor: Membership, public_id: UUID) -> HouseholdLink:
    """Make a household's link worthless.

    Locks: the household.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, also where it has none.
    """
    require_keeper(actor)
    household = (
        Household.objects.select_for_update(of=("self",))
        .filter(cooperative=actor.organisation, public_id=public_id)
        .first()
    )
    link = None if household is None else HouseholdLink.objects.filter(household=household).first()
    if link is None:
        raise NotFound()
    link.token_hash = None
    link.revoked_at = link.revoked_at or timezone.now()
    link.save(update_fields=["token_hash", "revoked_at"])
    return link


def open_link(*, token: str, address: str) -> Household:
    """Return whose link a token is. Misses are counted by the address they come from; who has a link is not.

    A token has 192 bits and is looked up by its hash, whose likeness to another tells nothing: a wrong one takes as long
    as a right one.

    Raises: NotFound, TooManyAttempts.
    """
    if (seconds := seconds_to_wait(address)) > 0:
        raise TooManyAttempts(seconds=seconds)
    links = HouseholdLink.objects.select_related("household__cooperative")
    link = links.filter(token_hash=_hash(token[:_MAX_TOKEN])).first()
    if link is None:
        count_miss(address)
        raise NotFound()
    return link.household


def _make(actor: Membership, households: Iterable[Household]) -> list[MadeLink]:
    made = [MadeLink(each, secrets.token_urlsafe(_TOKEN_BYTES)) for each in households]
    if not made:
        return []
    now = timezone.now()
    ids = [each.household.pk for each in made]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_householdlink (household_id, token_hash, made_by_id, made_at, revoked_at)
            SELECT household_id, token_hash, %s, %s, NULL
              FROM unnest(%s::bigint[], %s::bytea[]) AS new (household_id, token_hash)
                ON CONFLICT (household_id) DO UPDATE
               SET token_hash = excluded.token_hash, made_by_id = excluded.made_by_id, made_at = excluded.made_at,
                   revoked_at = NULL
            """,
            [actor.user_id, now, ids, [_hash(each.token) for each in made]],
        )
    return made


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
