"""Lost second factors are reset by two people of the operator."""

import pytest
from allauth.mfa.models import Authenticator

from ledger.errors import InvalidValue, NotAllowed, SamePerson, WrongState
from ledger.models import Membership, Record, SecurityEvent
from ledger.parties.security.resets import confirm_factor_reset, refuse_factor_reset, request_factor_reset
from tests.factories import MembershipFactory
from tests.factors import with_app


@pytest.fixture
def second(who):
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.OWNER)


def request(actor, person, reason="Called back."):
    return request_factor_reset(actor=actor, user_id=person.user_id, reason=reason)


def test_two_people_reset_and_it_is_recorded(who, second):
    with_app(who.buyer.user)
    reset = request(who.registrar, who.buyer)
    with pytest.raises(SamePerson):
        confirm_factor_reset(actor=who.registrar, reset_id=reset.pk)
    assert Authenticator.objects.filter(user=who.buyer.user).exists()
    confirm_factor_reset(actor=second, reset_id=reset.pk)
    assert not Authenticator.objects.filter(user=who.buyer.user).exists()
    said = list(Record.objects.filter(kind__startswith="security_").order_by("id").values_list("kind", flat=True))
    assert said == ["security_reset_requested", "security_reset_confirmed", "security_factors_reset"]
    assert SecurityEvent.objects.get(user=who.buyer.user).kind == "factors_reset"
    assert not any("Called" in bytes(entry).decode() for entry in Record.objects.values_list("entry", flat=True))
    with pytest.raises(WrongState):
        confirm_factor_reset(actor=second, reset_id=reset.pk)


def test_one_is_refused_and_nothing_is_lost(who, second):
    with_app(who.buyer.user)
    refuse_factor_reset(actor=second, reset_id=request(who.registrar, who.buyer).pk)
    assert Authenticator.objects.filter(user=who.buyer.user).exists()
    assert request(who.registrar, who.buyer).status == "requested"


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "verifier", "treasurer", "auditor"])
def test_others_reset_nothing(who, kind):
    with_app(who.other_buyer.user)
    with pytest.raises(NotAllowed):
        request(getattr(who, kind), who.other_buyer)


def test_what_cannot_be_reset_is_refused(who, second):
    with pytest.raises(WrongState):
        request(who.registrar, who.buyer)
    with_app(who.buyer.user)
    with pytest.raises(InvalidValue):
        request(who.registrar, who.buyer, reason=" ")
    request(who.registrar, who.buyer)
    with pytest.raises(WrongState):
        request(second, who.buyer)
    with_app(who.registrar.user)
    with pytest.raises(SamePerson):
        request(who.registrar, who.registrar)


def test_nobody_confirms_the_reset_of_their_own(who, second):
    with_app(second.user)
    reset = request(who.registrar, second)
    with pytest.raises(SamePerson):
        confirm_factor_reset(actor=second, reset_id=reset.pk)
