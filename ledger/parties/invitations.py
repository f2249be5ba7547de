"""Invite somebody by a link: it is shown once, good once and for a week, and carries one role."""

import datetime as dt
import hashlib
import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import ActsAlready, InvalidValue, InvitationOver, NotFound, SamePerson, TooManyAttempts, WrongState
from ledger.parties import entries
from ledger.parties.access import log_name
from ledger.parties.attempts import count_miss, seconds_to_wait
from ledger.parties.locks import lock_for_owner, lock_organisation
from ledger.parties.members import needs_two
from ledger.parties.models import Invitation, Membership, Organisation, User
from ledger.parties.rights import RIGHTS, Right
from ledger.parties.role_changes import require_second
from ledger.parties.services import check_role, join
from ledger.texts import check_texts
from ledger.transparency.services import append_record

GOOD_FOR = dt.timedelta(days=7)
MAX_OPEN = 100
"""Invitations of one organisation that are open at a time."""
_TOKEN_BYTES = 24
_MAX_TOKEN = 64


def invitations_of(membership: Membership) -> QuerySet[Invitation]:
    """Return the invitations of one's organisation, the newest first."""
    found = Invitation.objects.filter(organisation_id=membership.organisation_id).order_by("-id")
    return found.select_related("organisation", "invited_by", "confirmed_by", "accepted_by", "withdrawn_by")


def open_invitations_of(membership: Membership) -> QuerySet[Invitation]:
    """Return those that can still be accepted, or confirmed."""
    return invitations_of(membership).filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


def invitations_in(found: QuerySet[Invitation], state: str) -> QuerySet[Invitation]:
    """Return those of the invitations that stand so now (Invitation.State)."""
    now, states = timezone.now(), Invitation.State
    waits = Q(organisation__kind=Organisation.Kind.OPERATOR, confirmed_at=None, needs_no_other=False)
    unused = Q(accepted_at=None, withdrawn_at=None)
    conditions = {
        states.WAITING: unused & waits & Q(expires_at__gt=now),
        states.OPEN: unused & ~waits & Q(expires_at__gt=now),
        states.ACCEPTED: Q(accepted_at__isnull=False),
        states.WITHDRAWN: Q(withdrawn_at__isnull=False),
        states.OVER: unused & Q(expires_at__lte=now),
    }
    return found.filter(conditions[states(state)])


@transaction.atomic
def invite_member(*, actor: Membership, role: str, note: str = "") -> tuple[Invitation, str]:
    """Offer a role to whoever has the link, and return the link's secret, which is shown this once.

    The operator's first person is alone: of them one invitation at a time is good without another, to a role that confirms.

    Locks: the organisation.
    Raises: NotAllowed, InvalidValue (role, note; too many).
    """
    organisation = lock_for_owner(actor)
    check_role(organisation, role)
    if open_invitations_of(actor).count() >= MAX_OPEN:
        reason = _("%(most)s invitations are open already. Withdraw some first.")
        raise InvalidValue(field="role", reason=reason % {"most": MAX_OPEN})
    secret = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = Invitation(
        organisation=organisation,
        role=role,
        note=note.strip(),
        invited_by=actor.user,
        needs_no_other=stands_alone(organisation, actor.user)
        and role in roles_that_confirm(organisation)
        and not open_invitations_of(actor).filter(needs_no_other=True).exists(),
    )
    return offer(invitation, secret=secret, good_for=GOOD_FOR, actor=log_name(actor)), secret


def offer(invitation: Invitation, *, secret: str, good_for: dt.timedelta, actor: str) -> Invitation:
    """Store an invitation that is good from now on, and record it; whoever calls has found that it may be made."""
    now = timezone.now()
    invitation.token_hash = hash_secret(secret)
    invitation.invited_at, invitation.expires_at = now, now + good_for
    check_texts(invitation)
    invitation.save()
    append_record(kind="member_invited", body=entries.invitation(invitation), actor=actor, at=now)
    return invitation


def roles_that_confirm(organisation: Organisation) -> list[str]:
    """Return in which roles the operator's people confirm what another has proposed (role_changes.require_second)."""
    return [role for role, held in RIGHTS[organisation.kind].items() if {Right.MEMBERS, Right.APPROVE} & held]


def stands_alone(organisation: Organisation, person: User | None) -> bool:
    """Return whether nobody but this person could confirm anything among the operator's people; the organisation is locked."""
    if not needs_two(organisation):
        return False
    others = Membership.objects.filter(
        organisation=organisation, role__in=roles_that_confirm(organisation), user__is_active=True
    )
    return not (others if person is None else others.exclude(user=person)).exists()


@transaction.atomic
def withdraw_invitation(*, actor: Membership, public_id: UUID) -> Invitation:
    """Make an invitation worthless.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState where it is not open.
    """
    invitation = _open_of(actor, public_id)
    invitation.withdrawn_by, invitation.withdrawn_at = actor.user, timezone.now()
    invitation.save(update_fields=["withdrawn_by", "withdrawn_at"])
    _record("member_invitation_withdrawn", invitation, log_name(actor), invitation.withdrawn_at)
    return invitation


@transaction.atomic
def confirm_invitation(*, actor: Membership, public_id: UUID) -> Invitation:
    """Confirm, as the second person, that somebody may be invited among the operator's people.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    organisation = lock_organisation(actor.organisation_id)
    require_second(actor, organisation)
    invitation = _open_in(actor, public_id)
    if not invitation.waits_for_another:
        raise WrongState(state=_("an invitation that needs no other person"))
    if invitation.invited_by_id == actor.user_id:
        raise SamePerson()
    invitation.confirmed_by, invitation.confirmed_at = actor.user, timezone.now()
    invitation.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("member_invitation_confirmed", invitation, log_name(actor), invitation.confirmed_at)
    return invitation


def find_invitation(*, secret: str, address: str) -> Invitation:
    """Return the invitation that a link is, where it is good. Misses are counted by the address that they come from.

    Raises: NotFound, InvitationOver, TooManyAttempts.
    """
    if (seconds := seconds_to_wait(address)) > 0:
        raise TooManyAttempts(seconds=seconds)
    found = Invitation.objects.select_related("organisation", "invited_by")
    invitation = found.filter(token_hash=hash_secret(secret[:_MAX_TOKEN])).first()
    if invitation is None:
        count_miss(address)
        raise NotFound()
    _require_good(invitation)
    return invitation


def has_accepted(*, user: User, secret: str) -> bool:
    """Return whether it is this person who has used an invitation, and who acts by it still."""
    used = Invitation.objects.filter(token_hash=hash_secret(secret[:_MAX_TOKEN]), accepted_by=user)
    return used.filter(organisation__memberships__user=user).exists()


@transaction.atomic
def accept_invitation(*, user: User, secret: str, address: str) -> Membership:
    """Take the role that is offered: the first who does so has it.

    Locks: the organisation.
    Raises: NotFound, InvitationOver, ActsAlready, SamePerson, TooManyAttempts.
    """
    invitation = find_invitation(secret=secret, address=address)
    organisation = lock_organisation(invitation.organisation_id)
    # Read after the lock: two may come with the same link, or it may be withdrawn just now.
    invitation.refresh_from_db()
    _require_good(invitation)
    if invitation.needs_no_other and not stands_alone(organisation, invitation.invited_by):
        raise InvitationOver()
    if Membership.objects.filter(user=user).exists():
        raise ActsAlready()
    if user.pk in (invitation.invited_by_id, invitation.confirmed_by_id):
        raise SamePerson()
    actor, now = f"user:{user.public_id}", timezone.now()
    membership = join(user, organisation, invitation.role, actor)
    invitation.accepted_by, invitation.accepted_at = user, now
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    _record("member_invitation_accepted", invitation, actor, now)
    return membership


def _require_good(invitation: Invitation) -> None:
    if not invitation.is_open or invitation.waits_for_another:
        raise InvitationOver()


def _open_of(actor: Membership, public_id: UUID) -> Invitation:
    lock_for_owner(actor)
    return _open_in(actor, public_id)


def _open_in(actor: Membership, public_id: UUID) -> Invitation:
    invitation = invitations_of(actor).filter(public_id=public_id).first()
    if invitation is None:
        raise NotFound()
    if not invitation.is_open:
        raise WrongState(state=_("an invitation that is over"))
    return invitation


def _record(kind: str, invitation: Invitation, actor: str, at: dt.datetime) -> None:
    append_record(kind=kind, body=entries.invitation_named(invitation), actor=actor, at=at)


def hash_secret(secret: str) -> bytes:
    """Return what is kept of an invitation's secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
