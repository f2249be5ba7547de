"""What a token may do: each operation names a scope, one place asks for it, and nothing is left out."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from ledger.api.endpoints import Endpoint
from ledger.api.rights import SAFE, scope_of
from ledger.models import ApiToken, Membership
from ledger.parties.members import leave_organisation
from ledger.parties.scopes import WITHOUT_MEMBERS, Scope
from ledger.parties.services import add_member, issue_token, revoke_tokens
from tests.callers import Caller, is_problem
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.scenes import People

# All that moves money or credits, and all that trades: whoever adds to these has thought of it here.
WITHDRAWS = {
    "cancel_credits", "order_cancellation", "confirm_cancellation_order", "refuse_cancellation_order",
    "retire_credits", "offer_credit_transfer", "accept_credit_transfer", "decline_credit_transfer",
    "withdraw_credit_transfer", "create_deposit", "create_withdrawal", "confirm_payment", "refuse_payment",
    "request_payout", "confirm_payout", "refuse_payout", "create_correction", "confirm_correction", "refuse_correction",
    "state_bank_account", "confirm_bank_account", "refuse_bank_account",
}  # fmt: skip
TRADES = {
    "place_order", "place_orders", "replace_order", "cancel_order", "cancel_orders", "make_offer", "accept_offer",
    "counter_offer", "decline_offer", "withdraw_offer", "announce_auction", "cancel_auction", "place_bid", "withdraw_bid",
}  # fmt: skip
MEMBERS = {
    "change_member_role", "remove_member", "leave_organisation", "invite_member", "withdraw_invitation",
    "confirm_invitation", "confirm_role_change", "refuse_role_change",
}  # fmt: skip
READS_BY_POST = {"issue_stream_ticket", "preview_plan", "preview_order"}
WITHOUT_TOKEN = {"create_token", "create_user"}


def operations() -> Iterator[tuple[str, str, Any]]:
    """Yield every operation of the API: its name, its method, its view."""
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) != "api/v1/":
            continue
        for pattern in resolver.url_patterns:  # type: ignore[union-attr]
            assert isinstance(pattern, URLPattern)
            view = pattern.callback
            assert issubclass(view.cls, Endpoint), f"{pattern.pattern} has no scope: make it an Endpoint"
            yield from ((action, method.upper(), view.cls) for method, action in view.actions.items())


def test_every_operation_has_the_scope_that_it_should() -> None:
    found: dict[Any, set[str]] = {}
    for action, method, view in operations():
        scope = scope_of(view, action, method)
        assert scope == Scope.READ or method not in SAFE, action
        if method not in SAFE:
            found.setdefault(scope, set()).add(action)
    assert found[Scope.WITHDRAW] == WITHDRAWS
    assert found[Scope.TRADE] == TRADES
    assert found[Scope.MEMBERS] == MEMBERS
    assert found[Scope.READ] == READS_BY_POST
    assert found[None] == WITHOUT_TOKEN
    assert {"create_project", "revoke_token", "accept_invitation", "add_household"} <= found[Scope.MANAGE]


ADDRESSES = [
    ("GET", "/me", Scope.READ),
    ("GET", "/markets", Scope.READ),
    ("GET", "/orders", Scope.READ),
    ("GET", "/tokens", Scope.READ),
    ("GET", "/members", Scope.READ),
    ("POST", "/streams/ticket", Scope.READ),
    ("POST", "/orders", Scope.TRADE),
    ("POST", "/orders/cancel", Scope.TRADE),
    ("POST", "/orders/1/cancel", Scope.TRADE),
    ("POST", "/blocks", Scope.TRADE),
    ("POST", "/auctions/1/bids", Scope.TRADE),
    ("POST", "/payments/withdrawals", Scope.WITHDRAW),
    ("GET", "/bank-accounts", Scope.READ),
    ("POST", "/bank-accounts", Scope.WITHDRAW),
    ("POST", "/retirements", Scope.WITHDRAW),
    ("POST", "/credit-transfers", Scope.WITHDRAW),
    ("POST", "/payouts", Scope.WITHDRAW),
    ("POST", "/projects", Scope.MANAGE),
    ("POST", "/households", Scope.MANAGE),
    ("POST", "/tokens/revoke", Scope.MANAGE),
    ("DELETE", "/tokens/1", Scope.MANAGE),
    ("POST", "/invitations", Scope.MEMBERS),
    ("POST", "/members/leave", Scope.MEMBERS),
]


def ask(secret: str, method: str, path: str, **more: Any) -> Any:
    browser = Client(
        headers={"accept-language": "en", "authorization": f"Bearer {secret}"}, raise_request_exception=False
    )
    return browser.generic(method, f"/api/v1{path}", "{}", content_type="application/json", **more)


@pytest.mark.parametrize(("method", "path", "needed"), ADDRESSES)
def test_a_token_does_what_it_has_a_scope_for_and_nothing_else(
    who: People, method: str, path: str, needed: Scope
) -> None:
    before = ApiToken.objects.count()
    _token, without = issue_token(user=who.buyer.user, name="without", scopes=set(Scope.values) - {needed})
    refused = ask(without, method, path)
    assert is_problem(refused, 403, "insufficient_scope")
    assert refused.json()["scope"] == needed
    assert refused["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"'
    _token, alone = issue_token(user=who.buyer.user, name="alone", scopes=[needed])
    assert ask(alone, method, path).headers.get("WWW-Authenticate") is None
    assert ApiToken.objects.count() == before + 2


def test_a_session_is_no_matter_of_scopes(who: People) -> None:
    browser = Caller()
    browser.force_login(who.buyer.user)
    assert browser.send("/invitations", {"role": "viewer"}).status_code == 201


def test_a_scope_gives_nothing_that_the_role_does_not(who: People) -> None:
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    _token, secret = issue_token(user=viewer.user, name="all", scopes=Scope.values)
    assert is_problem(ask(secret, "POST", "/orders/cancel"), 403, "not_allowed")


# How a token is made


def make(**body: Any) -> Any:
    return Caller().send("/tokens", {"username": "lin", "password": PASSWORD, "name": "desk", **body})


@pytest.fixture
def lin(db: None) -> Membership:
    return MembershipFactory(user__username="lin", user__password=PASSWORD)  # type: ignore[no-any-return]


def test_a_token_by_password_takes_scopes_an_end_and_networks(lin: Membership) -> None:
    ends = timezone.now().replace(microsecond=0) + dt.timedelta(days=30)
    answer = make(
        scopes=["trade", "read", "read"], expires_at=ends.isoformat(), networks=["203.0.113.7", "2001:db8::/32"]
    )
    made = answer.json()
    assert answer.status_code == 201
    assert (made["scopes"], made["networks"]) == (["read", "trade"], ["203.0.113.7/32", "2001:db8::/32"])
    assert dt.datetime.fromisoformat(made["expires_at"]) == ends


def test_a_token_that_is_asked_for_as_ever_can_do_what_it_ever_could_for_ninety_days(lin: Membership) -> None:
    made = make().json()
    assert made["scopes"] == [str(scope) for scope in WITHOUT_MEMBERS]
    left = dt.datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert dt.timedelta(days=89) < left <= dt.timedelta(days=90)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"scopes": []}, 400, "/scopes"),
        ({"scopes": ["king"]}, 400, "/scopes/0"),
        ({"scopes": "read"}, 400, "/scopes"),
        ({"scopes": ["read"] * 6}, 400, "/scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "/expires_at"),
        ({"expires_at": "9998-01-01T00:00:00Z"}, 422, "/expires_at"),
        ({"expires_at": "soon"}, 400, "/expires_at"),
        ({"networks": ["203.0.113.7/24"]}, 422, "/networks"),
        ({"networks": ["<script>"]}, 422, "/networks"),
        ({"networks": ["203.0.113.7"] * 21}, 400, "/networks"),
    ],
)
def test_terms_that_cannot_be_are_refused(lin: Membership, body: dict[str, Any], status: int, pointer: str) -> None:
    answer = make(**body)
    assert is_problem(answer, status, "invalid_input" if status == 400 else "invalid_value", pointer)
    assert not ApiToken.objects.exists()


def test_a_hostile_name_is_kept_as_it_is(lin: Membership) -> None:
    name = "<script>alert(1)</script>'\";--"
    assert make(name=name).json()["name"] == name


# When a token is worth nothing


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", 200),
        (["2001:db8::/32"], "2001:db8::1", 200),
        (["203.0.113.0/24"], "198.51.100.1", 403),
        (["203.0.113.0/24"], "2001:db8::1", 403),
        (["203.0.113.0/24"], "unix:", 403),
        ([], "198.51.100.1", 200),
    ],
)
def test_a_token_is_good_from_the_networks_that_it_names(
    who: People, networks: list[str], address: str, status: int
) -> None:
    _token, secret = issue_token(user=who.buyer.user, name="robot", networks=networks)
    answer = ask(secret, "GET", "/me", REMOTE_ADDR=address)
    assert answer.status_code == status
    if status == 403:
        assert is_problem(answer, 403, "address_not_allowed")


def test_forwarded_addresses_count_behind_a_proxy_alone(who: People, settings: Any) -> None:
    _token, secret = issue_token(user=who.buyer.user, name="robot", networks=["203.0.113.0/24"])
    forged = {"REMOTE_ADDR": "198.51.100.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    assert ask(secret, "GET", "/me", **forged).status_code == 403
    settings.NUM_PROXIES = 1
    assert ask(secret, "GET", "/me", **forged).status_code == 200
    forged["HTTP_X_FORWARDED_FOR"] = "203.0.113.9, 198.51.100.7"
    assert ask(secret, "GET", "/me", **forged).status_code == 403


def test_a_token_ends_with_the_membership_that_it_was_made_for(who: People) -> None:
    member = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.TRADER)
    _token, secret = issue_token(user=member.user, name="robot")
    assert ask(secret, "GET", "/me").status_code == 200
    leave_organisation(actor=member)
    assert is_problem(ask(secret, "GET", "/me"), 401, "authentication_failed")
    add_member(actor=who.other_buyer, user=member.user, role=Membership.Role.TRADER)
    assert is_problem(ask(secret, "GET", "/me"), 401, "authentication_failed")


def test_a_membership_that_ends_by_other_means_ends_the_token_too(who: People) -> None:
    _token, secret = issue_token(user=who.buyer.user, name="robot")
    Membership.objects.filter(pk=who.buyer.pk).update(organisation=who.other_buyer.organisation)
    assert is_problem(ask(secret, "GET", "/me"), 401, "authentication_failed")


def test_a_token_of_nobodys_is_bound_to_the_first_organisation(who: People) -> None:
    person = UserFactory()
    token, secret = issue_token(user=person, name="early")
    assert token.organisation is None
    add_member(actor=who.buyer, user=person, role=Membership.Role.VIEWER)
    assert ask(secret, "GET", "/me").json()["organisation"]["name"] == who.buyer.organisation.name
    token.refresh_from_db()
    assert token.organisation == who.buyer.organisation


def test_all_of_ones_tokens_are_revoked_at_once(who: People) -> None:
    secrets = [issue_token(user=who.buyer.user, name=str(at))[1] for at in range(3)]
    other = issue_token(user=who.other_buyer.user, name="other")[1]
    answer = ask(secrets[0], "POST", "/tokens/revoke")
    assert (answer.status_code, answer.json()) == (200, {"tokens": 3})
    assert {ask(secret, "GET", "/me").status_code for secret in secrets} == {401}
    assert ask(other, "GET", "/me").status_code == 200
    assert revoke_tokens(user=who.buyer.user) == 0


@pytest.mark.parametrize("secret", ["th_forged", "th_" + "x" * 200, "", "x", "th_\x00", "th_ü"])
def test_what_is_no_token_is_refused(db: None, secret: str) -> None:
    answer = Client(headers={"authorization": f"Bearer {secret}"}).get("/api/v1/me")
    assert answer.status_code == 401


def test_the_logs_entries_need_the_scope_to_read(who: People) -> None:
    _token, secret = issue_token(user=who.auditor.user, name="robot", scopes=[Scope.MANAGE])
    answer = Client(headers={"authorization": f"Bearer {secret}"}).get("/log/tile/entries/000")
    assert answer.status_code == 403
    assert "read" in answer.content.decode()
