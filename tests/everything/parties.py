"""People come, change and go."""

from ledger.parties.invitations import accept_invitation, confirm_invitation, invite_member, withdraw_invitation
from ledger.parties.members import change_role, remove_member
from ledger.parties.role_changes import confirm_change, propose_change, refuse_change
from ledger.parties.services import add_member
from tests.factories import (
    MembershipFactory,
    UserFactory,
)


def meet(who):
    """Let people be invited, join, change their roles, leave and be removed; among the operator's by two."""
    owner = who.buyer
    accepted_one, secret = invite_member(actor=owner, role="trader", note="采购部")
    trader = accept_invitation(user=UserFactory(), secret=secret, address="203.0.113.5")
    assert trader.organisation_id == accepted_one.organisation_id
    withdrawn, _secret = invite_member(actor=owner, role="viewer")
    withdraw_invitation(actor=owner, public_id=withdrawn.public_id)
    invite_member(actor=owner, role="viewer")
    change_role(actor=owner, public_id=trader.user.public_id, role="owner")
    for person in (UserFactory(), UserFactory()):
        add_member(actor=owner, user=person, role="viewer")
    remove_member(actor=owner, public_id=person.public_id)
    directors = [MembershipFactory(organisation=who.registrar.organisation, role="owner") for _ in range(2)]
    offered, _secret = invite_member(actor=directors[0], role="viewer")
    confirm_invitation(actor=directors[1], public_id=offered.public_id)
    changes = [propose_change(actor=directors[0], person=UserFactory(), role="registrar") for _ in range(3)]
    confirm_change(actor=directors[1], change_id=changes[0].pk)
    refuse_change(actor=directors[1], change_id=changes[1].pk)
    propose_change(actor=directors[0], person=changes[0].person, role="")
