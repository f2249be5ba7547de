"""People are invited, join, change their roles, leave and are removed; among the operator's people by two."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from ledger.errors import (
    ActsAlready,
    DomainError,
    InvalidValue,
    InvitationOver,
    LastOwner,
    NotAllowed,
    NotFound,
    SamePerson,
    TooManyAttempts,
    WrongState,
)
from ledger.journal.reconciliation.invariants import check
from ledger.journal.reconciliation.organisations import INVARIANTS
from ledger.models import ApiToken, Invitation, Membership, Record, RoleChange, User
from ledger.parties import attempts
from ledger.parties.invitations import accept_invitation, confirm_invitation, invite_member, withdraw_invitation
from ledger.parties.members import change_role, leave_organisation, remove_member
from ledger.parties.role_changes import confirm_change, propose_change, refuse_change
from ledger.parties.selectors import person_with_token
from ledger.parties.services import add_member, issue_token
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.racing import race
from tests.scenes import People

ADDRESS = "203.0.113.5"
Role = Membership.Role


def kinds() -> list[str]:
    return [kind for kind in Record.objects.order_by("id").values_list("kind", flat=True) if kind.startswith("member_")]


def accept(user: User, secret: str) -> Membership:
    return accept_invitation(user=user, secret=secret, address=ADDRESS)


@pytest.fixture
def directors(who: People) -> tuple[Membership, Membership]:
    one, other = (MembershipFactory(organisation=who.registrar.organisation, role=Role.OWNER) for _ in range(2))
    return one, other


@pytest.fixture(autouse=True)
def _books_agree(who: People) -> Iterator[None]:
    """After each test: who acts for whom is as the log says."""
    yield
    found = check(INVARIANTS)
    assert all(result.holds for result in found), [result.detail for result in found]


# Invitations


def test_an_invitation_is_accepted_once_by_whoever_has_the_link(who: People) -> None:
    invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER, note="采购部 小林")
    person = UserFactory()
    membership = accept(person, secret)
    assert (membership.organisation, membership.role) == (who.buyer.organisation, Role.TRADER)
    invitation.refresh_from_db()
    assert invitation.accepted_by == person
    with pytest.raises(InvitationOver):
        accept(UserFactory(), secret)
    assert kinds()[-3:] == ["member_invited", "member_added", "member_invitation_accepted"]
    assert secret.encode() not in bytes(invitation.token_hash)


@pytest.mark.parametrize("role", [Role.TRADER, Role.VIEWER, Role.TREASURER])
def test_only_owners_invite(who: People, role: str) -> None:
    member = MembershipFactory(organisation=who.buyer.organisation, role=role)
    for call in (
        lambda: invite_member(actor=member, role=Role.VIEWER),
        lambda: change_role(actor=member, public_id=who.buyer.user.public_id, role=Role.VIEWER),
        lambda: remove_member(actor=member, public_id=who.buyer.user.public_id),
        lambda: add_member(actor=member, user=UserFactory(), role=Role.VIEWER),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.RECORDER, "king", ""])
def test_an_invitation_is_to_a_role_that_there_is(who: People, role: str) -> None:
    with pytest.raises(InvalidValue):
        invite_member(actor=who.buyer, role=role)


@pytest.mark.parametrize("note", ["x" * 121, "\x00", "\ud800"])
def test_a_note_that_cannot_be_stored_is_refused(who: People, note: str) -> None:
    with pytest.raises(InvalidValue):
        invite_member(actor=who.buyer, role=Role.VIEWER, note=note)


def test_a_withdrawn_invitation_and_one_that_is_over_are_worthless(who: People) -> None:
    invitation, secret = invite_member(actor=who.buyer, role=Role.VIEWER)
    withdraw_invitation(actor=who.buyer, public_id=invitation.public_id)
    with pytest.raises(InvitationOver):
        accept(UserFactory(), secret)
    with pytest.raises(WrongState):
        withdraw_invitation(actor=who.buyer, public_id=invitation.public_id)
    _invitation, secret = invite_member(actor=who.buyer, role=Role.VIEWER)
    with (
        time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1), tick=False),
        pytest.raises(InvitationOver),
    ):
        accept(UserFactory(), secret)


def test_an_invitation_of_another_organisation_is_not_found(who: People) -> None:
    invitation, _secret = invite_member(actor=who.buyer, role=Role.VIEWER)
    with pytest.raises(NotFound):
        withdraw_invitation(actor=who.other_buyer, public_id=invitation.public_id)


def test_who_acts_for_an_organisation_is_told_so(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.VIEWER)
    with pytest.raises(ActsAlready):
        accept(who.other_buyer.user, secret)
    # The link is as good as before.
    assert accept(UserFactory(), secret).role == Role.VIEWER


def test_guesses_of_links_end_in_a_wait(who: People) -> None:
    for _ in range(attempts.MISSES_AN_ADDRESS):
        with pytest.raises(NotFound):
            accept(who.buyer.user, "guess")
    _invitation, secret = invite_member(actor=who.buyer, role=Role.VIEWER)
    with pytest.raises(TooManyAttempts):
        accept(UserFactory(), secret)


@pytest.mark.django_db(transaction=True)
def test_two_who_come_with_one_link_at_once(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    people = [UserFactory(), UserFactory()]
    outcomes = race(*(lambda person=person: accept(person, secret) for person in people))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvitationOver", "Membership"]
    assert Membership.objects.filter(user__in=people).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_is_withdrawn_while_it_is_accepted(who: People) -> None:
    invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    person = UserFactory()
    race(
        lambda: accept(person, secret),
        lambda: withdraw_invitation(actor=who.buyer, public_id=invitation.public_id),
    )
    invitation.refresh_from_db()
    assert (invitation.accepted_at is None) != (invitation.withdrawn_at is None)
    assert Membership.objects.filter(user=person).exists() == (invitation.accepted_at is not None)


# Roles, removal, leaving


def test_a_role_is_changed_and_recorded(who: People) -> None:
    member = MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
    assert change_role(actor=who.buyer, public_id=member.user.public_id, role=Role.TRADER).role == Role.TRADER
    assert kinds()[-1] == "member_role_changed"
    with pytest.raises(InvalidValue):
        change_role(actor=who.buyer, public_id=member.user.public_id, role=Role.TRADER)
    with pytest.raises(NotFound):
        change_role(actor=who.buyer, public_id=who.other_buyer.user.public_id, role=Role.VIEWER)


def test_who_is_removed_has_nothing_left(who: People) -> None:
    member = MembershipFactory(
        organisation=who.buyer.organisation, role=Role.OWNER, user__username="gone", user__password=PASSWORD
    )
    _token, secret = issue_token(user=member.user, name="robot")
    _invitation, link = invite_member(actor=member, role=Role.OWNER)
    browser = Client()
    assert browser.post("/login", {"username": "gone", "password": PASSWORD}).status_code == 302
    session = browser.cookies["sessionid"].value
    assert SessionStore(session).exists(session)
    remove_member(actor=who.buyer, public_id=member.user.public_id)
    assert person_with_token(secret, address=ADDRESS) is None
    assert ApiToken.objects.get(user=member.user).revoked_at is not None
    assert not SessionStore(session).exists(session)
    assert not Membership.objects.filter(user=member.user).exists()
    with pytest.raises(InvitationOver):
        accept(UserFactory(), link)
    # And can be taken in again.
    assert add_member(actor=who.buyer, user=member.user, role=Role.VIEWER)
    assert person_with_token(secret, address=ADDRESS) is None


def test_an_auditor_who_leaves_leaves_the_desk(who: People) -> None:
    colleague = MembershipFactory(organisation=who.auditor.organisation, role=Role.VIEWER)
    assert User.objects.get(pk=colleague.user_id).is_staff
    leave_organisation(actor=colleague)
    assert not User.objects.get(pk=colleague.user_id).is_staff
    assert kinds()[-1] == "member_left"
    with pytest.raises(NotAllowed):
        leave_organisation(actor=colleague)


def test_the_last_owner_stays(who: People) -> None:
    MembershipFactory(organisation=who.buyer.organisation, role=Role.OWNER, user__is_active=False)
    for call in (
        lambda: leave_organisation(actor=who.buyer),
        lambda: change_role(actor=who.buyer, public_id=who.buyer.user.public_id, role=Role.VIEWER),
    ):
        with pytest.raises(LastOwner):
            call()
    with pytest.raises(InvalidValue):
        remove_member(actor=who.buyer, public_id=who.buyer.user.public_id)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one(who: People) -> None:
    other = MembershipFactory(organisation=who.buyer.organisation, role=Role.OWNER)
    outcomes = race(lambda: leave_organisation(actor=who.buyer), lambda: leave_organisation(actor=other))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LastOwner", "Membership"]


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one(who: People) -> None:
    other = MembershipFactory(organisation=who.buyer.organisation, role=Role.OWNER)
    outcomes = race(
        lambda: remove_member(actor=who.buyer, public_id=other.user.public_id),
        lambda: remove_member(actor=other, public_id=who.buyer.user.public_id),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Membership", "NotAllowed"]
    assert Membership.objects.filter(organisation=who.buyer.organisation, role=Role.OWNER).count() == 1


# The operator's people


def test_a_role_of_the_operator_is_changed_by_two(who: People, directors: tuple[Membership, Membership]) -> None:
    one, other = directors
    person = UserFactory()
    change = propose_change(actor=one, person=person, role=Role.REGISTRAR)
    assert not Membership.objects.filter(user=person).exists()
    with pytest.raises(SamePerson):
        confirm_change(actor=one, change_id=change.pk)
    confirm_change(actor=other, change_id=change.pk)
    assert Membership.objects.get(user=person).role == Role.REGISTRAR
    assert User.objects.get(pk=person.pk).is_staff
    with pytest.raises(WrongState):
        confirm_change(actor=other, change_id=change.pk)
    leaving = propose_change(actor=other, person=person, role="")
    confirm_change(actor=one, change_id=leaving.pk)
    assert not Membership.objects.filter(user=person).exists()
    assert not User.objects.get(pk=person.pk).is_staff


def test_nobody_changes_the_operators_people_alone(who: People, directors: tuple[Membership, Membership]) -> None:
    one, _other = directors
    for call in (
        lambda: add_member(actor=one, user=UserFactory(), role=Role.REGISTRAR),
        lambda: change_role(actor=one, public_id=who.registrar.user.public_id, role=Role.OWNER),
        lambda: remove_member(actor=one, public_id=who.registrar.user.public_id),
        lambda: propose_change(actor=who.registrar, person=UserFactory(), role=Role.REGISTRAR),
        lambda: propose_change(actor=who.buyer, person=UserFactory(), role=Role.TRADER),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert not RoleChange.objects.exists()


def test_nobody_confirms_what_concerns_themselves(who: People, directors: tuple[Membership, Membership]) -> None:
    one, other = directors
    change = propose_change(actor=one, person=other.user, role=Role.REGISTRAR)
    with pytest.raises(SamePerson):
        confirm_change(actor=other, change_id=change.pk)
    # There are two owners: a registrar is no second person.
    with pytest.raises(NotAllowed):
        confirm_change(actor=who.registrar, change_id=change.pk)
    refuse_change(actor=other, change_id=change.pk)
    assert Membership.objects.get(pk=other.pk).role == Role.OWNER


def test_a_registrar_is_the_second_person_while_there_is_one_owner(who: People) -> None:
    owner = MembershipFactory(organisation=who.registrar.organisation, role=Role.OWNER)
    change = propose_change(actor=owner, person=UserFactory(), role=Role.OWNER)
    for stranger in (who.treasurer, who.buyer, who.auditor):
        with pytest.raises((NotAllowed, NotFound)):
            confirm_change(actor=stranger, change_id=change.pk)
    confirm_change(actor=who.registrar, change_id=change.pk)
    assert Membership.objects.filter(organisation=owner.organisation, role=Role.OWNER).count() == 2


def test_a_change_that_has_been_overtaken_is_not_made(who: People, directors: tuple[Membership, Membership]) -> None:
    one, other = directors
    change = propose_change(actor=one, person=who.treasurer.user, role=Role.REGISTRAR)
    with pytest.raises(InvalidValue):
        propose_change(actor=other, person=who.treasurer.user, role=Role.VIEWER)
    leave_organisation(actor=who.treasurer)
    with pytest.raises(WrongState):
        confirm_change(actor=other, change_id=change.pk)


def test_an_invitation_into_the_operator_is_good_when_another_has_confirmed_it(
    who: People, directors: tuple[Membership, Membership]
) -> None:
    one, other = directors
    invitation, secret = invite_member(actor=one, role=Role.REGISTRAR)
    with pytest.raises(InvitationOver):
        accept(UserFactory(), secret)
    with pytest.raises(SamePerson):
        confirm_invitation(actor=one, public_id=invitation.public_id)
    confirm_invitation(actor=other, public_id=invitation.public_id)
    assert accept(UserFactory(), secret).role == Role.REGISTRAR


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_a_change_at_once_make_it_once(who: People, directors: tuple[Membership, Membership]) -> None:
    one, other = directors
    third = MembershipFactory(organisation=one.organisation, role=Role.OWNER)
    change = propose_change(actor=one, person=UserFactory(), role=Role.VIEWER)
    outcomes = race(*(lambda actor=actor: confirm_change(actor=actor, change_id=change.pk) for actor in (other, third)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["RoleChange", "WrongState"]
    assert all(isinstance(outcome, RoleChange | DomainError) for outcome in outcomes)
