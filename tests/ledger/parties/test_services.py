"""People, organisations and their roles."""

import hashlib

import pytest

from ledger.errors import (
    ActsAlready,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.models import Membership, Organisation, Record, User
from ledger.parties.access import find_membership, membership_of, require_approved
from ledger.parties.services import (
    add_member,
    apply_for_organisation,
    approve_organisation,
    create_operator,
    hash_token,
    register_user,
    suspend_organisation,
)
from tests.factories import PASSWORD, MembershipFactory, UserFactory

Role, Status = Membership.Role, Organisation.Status


def register(**changes):
    return register_user(**({"username": "lin", "password": PASSWORD, "display_name": "林"} | changes))


def apply(user, **changes):
    return apply_for_organisation(**({"user": user, "kind": "buyer", "name": "新公司"} | changes))


@pytest.mark.django_db
def test_a_person_registers_and_can_log_in():
    user = register(email="lin@example.org")
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert find_membership(user) is None
    with pytest.raises(NotAllowed):
        membership_of(user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": "u" * 151}, "username"),
        ({"username": "a\x00"}, "username"),
        ({"username": "half\ud800"}, "username"),
        ({"display_name": "d" * 81}, "display_name"),
        ({"display_name": "\x00"}, "display_name"),
        ({"email": "no address"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"username": "rice-paddies-hold"}, "password"),
    ],
)
def test_a_name_or_password_that_will_not_do_is_refused(changes, field):
    with pytest.raises(InvalidValue) as refusal:
        register(**changes)
    assert refusal.value.field == field
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_user_name_is_taken_once():
    register()
    with pytest.raises(InvalidValue) as refusal:
        register()
    assert refusal.value.field == "username"


@pytest.mark.django_db
def test_who_applies_for_an_organisation_owns_it_and_waits():
    user = UserFactory()
    organisation = apply(user, name="  新公司 ", name_en="New", credit_code="91350000000000000C")
    assert (organisation.name, organisation.status, organisation.applied_by) == ("新公司", Status.APPLIED, user)
    assert membership_of(user).role == Role.OWNER
    with pytest.raises(OrganisationNotApproved):
        require_approved(membership_of(user))
    assert list(Record.objects.values_list("kind", flat=True)) == ["organisation_applied", "member_added"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "operator"}, "kind"),
        ({"kind": "bank"}, "kind"),
        ({"name": " "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"name": "\x00"}, "name"),
        ({"name_en": "n" * 121}, "name_en"),
        ({"credit_code": "9" * 19}, "credit_code"),
        # The last character is not the one that checks the others.
        ({"credit_code": "91350000000000000D"}, "credit_code"),
        ({"kind": "cooperative"}, "credit_code"),
        ({"kind": "cooperative", "credit_code": " - "}, "credit_code"),
    ],
)
def test_an_organisation_that_cannot_be_is_refused(changes, field):
    with pytest.raises(InvalidValue) as refusal:
        apply(UserFactory(), **changes)
    assert refusal.value.field == field
    assert not Organisation.objects.exists()


@pytest.mark.django_db
def test_a_name_is_taken_once_and_a_person_acts_for_one():
    user = UserFactory()
    apply(user)
    with pytest.raises(InvalidValue):
        apply(UserFactory())
    with pytest.raises(NotAllowed):
        apply(user, name="第二家")


def test_an_organisation_is_approved_by_another_person(who):
    applicant = UserFactory()
    organisation = apply(applicant)
    approved = approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    assert (approved.is_approved, approved.approved_by) == (True, who.registrar.user)
    with pytest.raises(WrongState):
        approve_organisation(actor=who.registrar, organisation_id=organisation.pk)


def test_nobody_approves_their_own_application(who):
    organisation = apply(UserFactory())
    Organisation.objects.filter(pk=organisation.pk).update(applied_by=who.registrar.user)
    with pytest.raises(SamePerson):
        approve_organisation(actor=who.registrar, organisation_id=organisation.pk)


def test_a_suspended_organisation_may_be_approved_again(who):
    suspend_organisation(actor=who.registrar, organisation_id=who.buyer.organisation_id)
    with pytest.raises(WrongState):
        suspend_organisation(actor=who.registrar, organisation_id=who.buyer.organisation_id)
    assert approve_organisation(actor=who.registrar, organisation_id=who.buyer.organisation_id).is_approved


def test_the_operator_is_not_suspended(who):
    with pytest.raises(WrongState):
        suspend_organisation(actor=who.registrar, organisation_id=who.registrar.organisation_id)


@pytest.mark.parametrize("stranger", ["buyer", "cooperative", "verifier", "treasurer", "auditor"])
def test_only_registrars_approve_and_suspend(who, stranger):
    for decide in (approve_organisation, suspend_organisation):
        with pytest.raises(NotAllowed):
            decide(actor=getattr(who, stranger), organisation_id=who.other_buyer.organisation_id)


def test_an_organisation_that_is_not_there_is_not_found(who):
    with pytest.raises(NotFound):
        approve_organisation(actor=who.registrar, organisation_id=2**62)


# The desk


def is_staff(user):
    return User.objects.get(pk=user.pk).is_staff


def test_an_auditor_comes_to_the_desk_when_approved_and_leaves_when_suspended(who):
    auditor = UserFactory()
    organisation = apply(auditor, kind="auditor")
    assert not is_staff(auditor)
    colleague = add_member(actor=membership_of(auditor), user=UserFactory(), role=Role.VIEWER).user
    assert not is_staff(colleague)
    approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    late = add_member(actor=membership_of(auditor), user=UserFactory(), role=Role.VIEWER).user
    assert [is_staff(person) for person in (auditor, colleague, late)] == [True] * 3
    suspend_organisation(actor=who.registrar, organisation_id=organisation.pk)
    assert [is_staff(person) for person in (auditor, colleague, late)] == [False] * 3


@pytest.mark.parametrize("kind", ["buyer", "cooperative", "verifier"])
def test_nobody_else_comes_to_the_desk(who, kind):
    person = UserFactory()
    organisation = apply(person, kind=kind, credit_code="91350000000000000C")
    approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    assert not is_staff(person)


@pytest.mark.django_db
def test_the_operator_is_created_once_with_its_people():
    registrar, treasurer = UserFactory(), UserFactory()
    operator = create_operator(
        name="田汇", name_en="", members=[(registrar, Role.REGISTRAR), (treasurer, Role.TREASURER)]
    )
    assert operator.is_approved
    assert is_staff(registrar)
    assert membership_of(treasurer).role == Role.TREASURER
    with pytest.raises(WrongState):
        create_operator(name="另一家", name_en="", members=[])


# Members


def test_an_owner_takes_people_in(who):
    person = UserFactory()
    membership = add_member(actor=who.buyer, user=person, role=Role.TRADER)
    assert (membership.organisation, membership.role) == (who.buyer.organisation, Role.TRADER)
    with pytest.raises(ActsAlready):
        add_member(actor=who.other_buyer, user=person, role=Role.TRADER)


@pytest.mark.parametrize("role", [Role.TRADER, Role.VIEWER])
def test_nobody_else_does(who, role):
    member = MembershipFactory(organisation=who.buyer.organisation, role=role)
    with pytest.raises(NotAllowed):
        add_member(actor=member, user=UserFactory(), role=Role.VIEWER)


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.RECORDER, "king", ""])
def test_a_role_is_one_of_its_kind_of_organisation(who, role):
    with pytest.raises(InvalidValue):
        add_member(actor=who.buyer, user=UserFactory(), role=role)


def test_a_token_is_kept_as_its_hash():
    assert hash_token("th_secret") == hashlib.sha256(b"th_secret").digest()
