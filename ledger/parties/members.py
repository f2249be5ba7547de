"""Who acts for an organisation: roles are changed, people removed, and people leave.

Among the operator's people roles make value: there one proposes a change and another confirms it (role_changes.py).
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, LastOwner, NotAllowed, NotFound
from ledger.parties import entries
from ledger.parties.access import log_name
from ledger.parties.locks import lock_for_owner, lock_organisation, read_again
from ledger.parties.models import ApiToken, Invitation, Membership, Organisation
from ledger.parties.security.keys import end_tokens
from ledger.parties.security.sessions import end_sessions
from ledger.parties.services import STAFF_KINDS, check_role
from ledger.transparency.services import NewRecord, append_record, append_records


def needs_two(organisation: Organisation) -> bool:
    """Return whether changes among its people need a second person to confirm them."""
    return organisation.kind == Organisation.Kind.OPERATOR


def access_member(*, actor: Membership, public_id: UUID) -> Membership:
    """Return a member of the actor's own organisation, by the person's public id.

    Raises: NotFound.
    """
    members = Membership.objects.select_related("user", "organisation")
    found = members.filter(organisation_id=actor.organisation_id, user__public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


@transaction.atomic
def change_role(*, actor: Membership, public_id: UUID, role: str) -> Membership:
    """Give a member another role, at once; their tokens stay, and can do what the new role can.

    Locks: the organisation.
    Raises: NotAllowed (also among the operator's people), NotFound, InvalidValue, LastOwner.
    """
    _require_one_is_enough(lock_for_owner(actor))
    member = access_member(actor=actor, public_id=public_id)
    apply_role(member, role, actor=actor)
    return member


@transaction.atomic
def remove_member(*, actor: Membership, public_id: UUID) -> Membership:
    """Remove a member: their tokens, sessions and open invitations end at once. Oneself one removes by leaving.

    Locks: the organisation, then the person's tokens.
    Raises: NotAllowed (also among the operator's people), NotFound, InvalidValue for oneself, LastOwner.
    """
    _require_one_is_enough(lock_for_owner(actor))
    member = access_member(actor=actor, public_id=public_id)
    if member.pk == actor.pk:
        raise InvalidValue(field="member", reason=_("Nobody removes themselves: leave the organisation instead."))
    end_membership(member, kind="member_removed", actor=actor)
    return member


@transaction.atomic
def leave_organisation(*, actor: Membership) -> Membership:
    """Leave the organisation: one's tokens, sessions and open invitations end at once.

    Locks: the organisation, then the person's tokens.
    Raises: NotAllowed for who is no member any more, LastOwner.
    """
    lock_organisation(actor.organisation_id)
    member = read_again(actor)
    end_membership(member, kind="member_left", actor=actor)
    return member


def apply_role(member: Membership, role: str, *, actor: Membership) -> None:
    """Give a member another role; the caller has locked the organisation.

    Raises: InvalidValue, LastOwner.
    """
    check_role(member.organisation, role)
    if member.role == role:
        raise InvalidValue(field="role", reason=_("This is the role already."))
    require_another_owner(member)
    member.role = role
    member.save(update_fields=["role"])
    append_record(kind="member_role_changed", body=entries.member(member), actor=log_name(actor))


def end_membership(member: Membership, *, kind: str, actor: Membership) -> None:
    """End a membership with all that rests on it; the caller has locked the organisation.

    Locks: where they had the desk the person, then the person's tokens, as whoever locks an account takes them.
    Raises: LastOwner.
    """
    require_another_owner(member)
    user, organisation = member.user, member.organisation
    if organisation.kind in STAFF_KINDS:
        user.is_staff = False
        user.save(update_fields=["is_staff"])
    append_record(kind=kind, body=entries.member(member), actor=log_name(actor))
    tokens = ApiToken.objects.select_for_update(of=("self",)).filter(
        user=user, organisation=organisation, revoked_at=None
    )
    end_tokens(list(tokens.select_related("user", "organisation").order_by("pk")), actor=log_name(actor))
    _withdraw_offers_of(member, actor)
    Membership.objects.filter(pk=member.pk).delete()
    end_sessions(user=user)


def require_another_owner(member: Membership) -> None:
    """Refuse to take the role of the only owner who can log in; the caller has locked the organisation.

    Raises: LastOwner.
    """
    if member.role != Membership.Role.OWNER:
        return
    owners = Membership.objects.filter(
        organisation_id=member.organisation_id, role=Membership.Role.OWNER, user__is_active=True
    )
    if not owners.exclude(pk=member.pk).exists():
        raise LastOwner()


def _withdraw_offers_of(member: Membership, actor: Membership) -> None:
    """Withdraw what somebody has offered: who is removed must not have left a way back in."""
    now = timezone.now()
    offered = Invitation.objects.select_related("organisation").filter(
        organisation=member.organisation, invited_by=member.user, accepted_at=None, withdrawn_at=None
    )
    found = list(offered.order_by("pk"))
    for invitation in found:
        invitation.withdrawn_at, invitation.withdrawn_by = now, actor.user
    Invitation.objects.bulk_update(found, ["withdrawn_at", "withdrawn_by"])
    append_records(
        [
            NewRecord("member_invitation_withdrawn", entries.invitation_named(each), log_name(actor), now)
            for each in found
        ]
    )


def _require_one_is_enough(organisation: Organisation) -> None:
    if needs_two(organisation):
        raise NotAllowed()
