"""The operator's first person comes in by a code of the server's command line; the second by the first, and then all by two."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.errors import InvalidValue, InvitationOver, NotFound, TooManyAttempts, WrongState
from ledger.journal.reconciliation.invariants import check
from ledger.journal.reconciliation.organisations import INVARIANTS
from ledger.models import Invitation, Membership, Organisation, Record, User
from ledger.parties import attempts
from ledger.parties.first_operator import as_typed, become_first_operator, offer_first_operator
from ledger.parties.invitations import accept_invitation, confirm_invitation, invite_member
from ledger.parties.services import create_operator
from tests.factories import MembershipFactory, UserFactory
from tests.racing import race

ADDRESS = "203.0.113.7"
NAME = "田汇登记中心"
PASSWORD = "rice-and-water-2026"
Role = Membership.Role


def come(code: str, username: str = "chen") -> Membership:
    return become_first_operator(code=code, username=username, display_name="陈", password=PASSWORD, address=ADDRESS)


def kinds() -> list[str]:
    return list(Record.objects.order_by("id").values_list("kind", flat=True))


def said(kind: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(bytes(Record.objects.get(kind=kind).entry))
    return entry


@pytest.fixture(autouse=True)
def _books_agree(db: None) -> Iterator[None]:
    """After each test: who acts for whom, and who was invited by whom, is as the log says."""
    yield
    found = check(INVARIANTS)
    assert all(result.holds for result in found), [result.detail for result in found]


@pytest.fixture
def first() -> Membership:
    return come(offer_first_operator(name=NAME)[1])


def test_the_first_person_owns_the_operator_and_the_log_says_how_they_came(first: Membership) -> None:
    assert (first.role, first.organisation.name, first.organisation.kind) == (Role.OWNER, NAME, "operator")
    assert first.organisation.is_approved
    assert User.objects.get().check_password(PASSWORD)
    assert User.objects.get().is_staff
    assert kinds() == [
        "organisation_applied",
        "organisation_approved",
        "member_invited",
        "member_added",
        "member_invitation_accepted",
    ]
    actors = [said(kind)["actor"] for kind in ("member_invited", "member_added")]
    assert actors == ["system", f"user:{first.user.public_id}"]


def test_the_code_is_kept_as_a_hash_and_typed_as_people_type() -> None:
    invitation, code = offer_first_operator(name=NAME)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert as_typed(code).encode() not in bytes(invitation.token_hash)
    typed = f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert come(typed).role == Role.OWNER


def test_the_code_is_good_once(first: Membership) -> None:
    code = Invitation.objects.get()
    assert code.accepted_by == first.user
    with pytest.raises(WrongState):
        offer_first_operator(name=NAME)
    assert Invitation.objects.count() == 1


def test_a_used_code_and_a_wrong_one_make_nobody() -> None:
    _invitation, code = offer_first_operator(name=NAME)
    come(code)
    with pytest.raises(InvitationOver):
        come(code, "wang")
    with pytest.raises(NotFound):
        come("AAAA-AAAA-AAAA-AAAA-AAAA", "wang")
    assert User.objects.count() == 1


def test_after_an_hour_the_code_is_worthless() -> None:
    _invitation, code = offer_first_operator(name=NAME)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61), tick=False), pytest.raises(InvitationOver):
        come(code)
    assert not User.objects.exists()


def test_another_code_takes_the_place_of_the_one_before() -> None:
    _invitation, former = offer_first_operator(name=NAME)
    _invitation, code = offer_first_operator(name=NAME)
    with pytest.raises(InvitationOver):
        come(former)
    assert come(code).role == Role.OWNER
    assert Organisation.objects.count() == 1
    assert "member_invitation_withdrawn" in kinds()


def test_the_operator_is_not_renamed_by_a_second_call() -> None:
    offer_first_operator(name=NAME)
    with pytest.raises(InvalidValue, match=NAME):
        offer_first_operator(name="另一家")
    assert Organisation.objects.get().name == NAME


def test_an_operator_that_has_people_needs_no_first() -> None:
    create_operator(name=NAME, name_en="", members=[(UserFactory(), Role.OWNER)])
    with pytest.raises(WrongState):
        offer_first_operator(name=NAME)


def test_what_is_wrong_with_an_account_leaves_the_code_as_it_was() -> None:
    _invitation, code = offer_first_operator(name=NAME)
    User.objects.create(username="chen")
    with pytest.raises(InvalidValue) as refused:
        come(code)
    assert refused.value.field == "username"
    assert come(code, "wang").role == Role.OWNER


def test_codes_are_not_guessed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MISSES_AN_ADDRESS", 2)
    _invitation, code = offer_first_operator(name=NAME)
    for guess in ("A" * 20, "B" * 20):
        with pytest.raises(NotFound):
            come(guess)
    with pytest.raises(TooManyAttempts):
        come(code)


def test_an_ordinary_invitation_is_no_code_of_the_first_person(first: Membership) -> None:
    _invitation, secret = invite_member(actor=first, role=Role.OWNER)
    with pytest.raises(NotFound):
        come(secret, "wang")


@pytest.mark.django_db(transaction=True)
def test_two_with_one_code_at_once_make_one_person() -> None:
    _invitation, code = offer_first_operator(name=NAME)
    outcomes = race(*(lambda name=name: come(code, name) for name in ("chen", "wang")))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvitationOver", "Membership"]
    assert (User.objects.count(), Membership.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_commands_at_once_make_one_operator() -> None:
    outcomes = race(*(lambda name=name: offer_first_operator(name=name) for name in (NAME, "另一家")))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidValue", "tuple"]
    assert Organisation.objects.count() == 1


# The second, and who comes after


def join(secret: str) -> Membership:
    return accept_invitation(user=UserFactory(), secret=secret, address=ADDRESS)


@pytest.mark.parametrize("role", [Role.OWNER, Role.REGISTRAR])
def test_the_first_brings_in_the_second_and_then_it_takes_two(first: Membership, role: str) -> None:
    invitation, secret = invite_member(actor=first, role=role)
    assert not invitation.waits_for_another
    second = join(secret)
    third, secret = invite_member(actor=first, role=Role.TREASURER)
    assert third.waits_for_another
    with pytest.raises(InvitationOver):
        join(secret)
    confirm_invitation(actor=second, public_id=third.public_id)
    assert join(secret).role == Role.TREASURER


@pytest.mark.parametrize("role", [Role.TREASURER, Role.VIEWER])
def test_alone_one_brings_in_nobody_who_cannot_confirm(first: Membership, role: str) -> None:
    invitation, secret = invite_member(actor=first, role=role)
    assert invitation.waits_for_another
    with pytest.raises(InvitationOver):
        join(secret)


def test_alone_one_has_one_invitation_open_that_needs_no_other(first: Membership) -> None:
    _invitation, secret = invite_member(actor=first, role=Role.REGISTRAR)
    another, other_secret = invite_member(actor=first, role=Role.REGISTRAR)
    assert another.waits_for_another
    join(secret)
    with pytest.raises(InvitationOver):
        join(other_secret)


def test_an_invitation_of_one_alone_is_over_once_another_is_there(first: Membership) -> None:
    _invitation, secret = invite_member(actor=first, role=Role.REGISTRAR)
    MembershipFactory(organisation=first.organisation, role=Role.REGISTRAR)
    with pytest.raises(InvitationOver):
        join(secret)


# The command


def printed(*arguments: str) -> dict[str, str]:
    out = StringIO()
    call_command("first_operator", *arguments, stdout=out)
    return dict(re.findall(r"^(code|address|good until) +(.+)$", out.getvalue(), re.MULTILINE))


def test_the_command_prints_the_code_and_where_it_is_good(settings) -> None:
    settings.PUBLIC_URL = "https://registry.example.cn"
    found = printed(NAME, "--name-en", "Tianhui Registry")
    assert found["address"] == f"https://registry.example.cn/first-operator/{as_typed(found['code'])}"
    assert Organisation.objects.get().name_en == "Tianhui Registry"
    assert come(found["code"]).role == Role.OWNER
    with pytest.raises(CommandError):
        printed(NAME)
