"""Changes among the operator's people: one owner proposes, another confirms, since a role there makes value.

While the operator has one owner only, a registrar is the second person. Nobody confirms what concerns themselves.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import ActsAlready, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.parties import entries
from ledger.parties.access import log_name, reads_everything
from ledger.parties.locks import lock_for_owner, lock_organisation, read_again
from ledger.parties.members import apply_role, end_membership, needs_two, require_another_owner
from ledger.parties.models import Membership, Organisation, RoleChange, User
from ledger.parties.rights import Right, has_right
from ledger.parties.services import check_role, join
from ledger.transparency.services import append_record

State = RoleChange.State


def role_changes_seen_by(membership: Membership | None) -> QuerySet[RoleChange]:
    """Return the changes that one may see, the newest first: the operator's people and auditors all, others none."""
    changes = RoleChange.objects.select_related("organisation", "person", "proposed_by", "decided_by").order_by("-id")
    return changes if membership is not None and reads_everything(membership) else changes.none()


@transaction.atomic
def propose_change(*, actor: Membership, person: User, role: str) -> RoleChange:
    """Propose that a person has a role, or, where it is empty, that they leave; nothing changes before it is confirmed.

    Locks: the organisation.
    Raises: NotAllowed (also where one person is enough), InvalidValue, ActsAlready, LastOwner.
    """
    organisation = lock_for_owner(actor)
    if not needs_two(organisation):
        raise NotAllowed()
    before = _role_now(organisation, person)
    if role:
        check_role(organisation, role)
    if role == before:
        raise InvalidValue(field="role", reason=_("This is the role already."))
    if RoleChange.objects.filter(organisation=organisation, person=person, state=State.PROPOSED).exists():
        raise InvalidValue(field="person", reason=_("A change of this person waits already: decide it first."))
    if before:
        require_another_owner(Membership.objects.get(user=person, organisation=organisation))
    change = RoleChange.objects.create(
        organisation=organisation,
        person=person,
        role_before=before,
        role=role,
        proposed_by=actor.user,
        proposed_at=timezone.now(),
    )
    _record("member_change_proposed", change, log_name(actor))
    return change


@transaction.atomic
def confirm_change(*, actor: Membership, change_id: int) -> RoleChange:
    """Confirm a change as the second person, and make it.

    Locks: the organisation, then the person's tokens where they leave.
    Raises: NotAllowed, NotFound, WrongState (also where the person's role is another by now), SamePerson, LastOwner.
    """
    organisation = lock_organisation(actor.organisation_id)
    require_second(actor, organisation)
    change = _waiting(organisation, change_id)
    if actor.user_id in (change.proposed_by_id, change.person_id):
        raise SamePerson()
    if _role_now(organisation, change.person) != change.role_before:
        raise WrongState(state=_("a change of a role that is another by now"))
    _decide(change, State.CONFIRMED, actor)
    _record("member_change_confirmed", change, log_name(actor))
    _make(change, actor)
    return change


@transaction.atomic
def refuse_change(*, actor: Membership, change_id: int) -> RoleChange:
    """Refuse a change, or take one's own back.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState.
    """
    organisation = lock_organisation(actor.organisation_id)
    require_second(actor, organisation)
    change = _waiting(organisation, change_id)
    _decide(change, State.REFUSED, actor)
    _record("member_change_refused", change, log_name(actor))
    return change


def require_second(actor: Membership, organisation: Organisation) -> None:
    """Refuse everyone but owners, and registrars while there is one owner; the caller has locked the organisation.

    Raises: NotAllowed.
    """
    now = read_again(actor)
    if now.organisation_id != organisation.pk:
        raise NotAllowed()
    if has_right(now, Right.MEMBERS):
        return
    owners = Membership.objects.filter(organisation=organisation, role=Membership.Role.OWNER, user__is_active=True)
    if not has_right(now, Right.APPROVE) or owners.count() > 1:
        raise NotAllowed()


def _role_now(organisation: Organisation, person: User) -> str:
    """Return a person's role in the organisation, empty for who acts for nobody.

    Raises: ActsAlready for who acts for another organisation.
    """
    membership = Membership.objects.filter(user=person).first()
    if membership is None:
        return ""
    if membership.organisation_id != organisation.pk:
        raise ActsAlready()
    return membership.role


def _waiting(organisation: Organisation, change_id: int) -> RoleChange:
    change = (
        RoleChange.objects.select_related("organisation", "person", "proposed_by")
        .filter(organisation=organisation, pk=change_id)
        .first()
    )
    if change is None:
        raise NotFound()
    if change.state != State.PROPOSED:
        raise WrongState(state=change.get_state_display())
    return change


def _decide(change: RoleChange, state: RoleChange.State, actor: Membership) -> None:
    change.state, change.decided_by, change.decided_at = state, actor.user, timezone.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _make(change: RoleChange, actor: Membership) -> None:
    if not change.role_before:
        join(change.person, change.organisation, change.role, log_name(actor))
        return
    member = Membership.objects.select_related("user", "organisation").get(
        user=change.person, organisation=change.organisation
    )
    if change.role:
        apply_role(member, change.role, actor=actor)
    else:
        end_membership(member, kind="member_removed", actor=actor)


def _record(kind: str, change: RoleChange, actor: str) -> None:
    append_record(kind=kind, body=entries.role_change(change), actor=actor, at=change.decided_at or change.proposed_at)
