"""What one person of the operator has entered: the second one finds it at the desk, on its page and in the tasks, and is told."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation

from ledger.freezes import Scope
from ledger.incidents.services import ask_for_lift
from ledger.models import Invitation, Membership, Notice
from ledger.notices.telling import tell_what_is_recorded
from ledger.notices.words import say
from ledger.parties.invitations import confirm_invitation, invite_member
from ledger.parties.role_changes import propose_change
from ledger.parties.security.resets import request_factor_reset
from ledger.personal.services import ask_for_own_erasure, request_erasure
from ledger.transparency.sequencer import sequence_log
from ledger.workload.selectors import tasks_of
from tests.desk import client_of
from tests.factories import MembershipFactory, UserFactory
from tests.factors import with_app
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.incidents.services import freeze
from trading.orders.changes import confirm_market_change, propose_market_change
from trading.orders.services import NewOrder, place_orders

pytestmark = pytest.mark.django_db


def lift(who: People) -> None:
    incident = freeze(actor=who.treasurer, scope=Scope.WITHDRAWALS, reason="Odd withdrawals.")
    ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="Found and mended.")


def rules(who: People) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    propose_market_change(actor=who.registrar, market_id=market.pk, reason="Cheaper.", taker_fee_bps=30)


def erasure(who: People) -> None:
    request_erasure(actor=who.registrar, person_id=UserFactory().pk)


def reset(who: People) -> None:
    with_app(who.buyer.user)
    request_factor_reset(actor=who.registrar, user_id=who.buyer.user_id, reason="A phone was lost.")


SCENES: dict[str, tuple[Callable[[People], None], str, str]] = {
    "lifts_to_confirm": (lift, "Freezes to lift", "incident_lift_requested"),
    "market_changes_to_confirm": (rules, "New rules of markets", "market_change_proposed"),
    "erasures_to_confirm": (erasure, "Erasures of personal data", "security_erasure_requested"),
    "resets_to_confirm": (reset, "Resets of second factors", "security_reset_requested"),
}


def counts_of(reader: Membership, kind: str, title: str) -> dict[str, int]:
    """Return what each of three places says: how many wait for the reader."""
    client = client_of(reader)
    queues = {str(queue.title): queue.count for queue in client.get("/admin/").context["queues"]}
    rows = [row for row in client.get("/admin/queue/").context["rows"] if str(row.what) == title]
    tasks = {task.kind: task for task in tasks_of(reader)}
    found = {
        "desk": queues[title],
        "queue": len([row for row in rows if row.whose == "mine"]),
        "tasks": tasks[kind].count if kind in tasks else 0,
    }
    if kind in tasks:
        assert tasks[kind].is_for(reader)
        found["list"] = client.get(tasks[kind].url).context["cl"].result_count
    return found


@pytest.mark.parametrize("kind", SCENES)
def test_the_second_person_finds_it_everywhere_and_the_first_nowhere(who: People, kind: str) -> None:
    enter, title, told = SCENES[kind]
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    assert counts_of(second, kind, title) == {"desk": 0, "queue": 0, "tasks": 0}
    enter(who)
    assert counts_of(second, kind, title) == {"desk": 1, "queue": 1, "tasks": 1, "list": 1}
    assert counts_of(who.registrar, kind, title) == {"desk": 0, "queue": 0, "tasks": 0}
    (row,) = (row for row in client_of(who.registrar).get("/admin/queue/").context["rows"] if str(row.what) == title)
    assert (row.whose, row.maker) == ("another", who.registrar.user)
    sequence_log()
    tell_what_is_recorded()
    (notice,) = Notice.objects.filter(person=second.user, kind=told)
    assert notice.severity == "action"
    assert client_of(second).get(say(notice).address).status_code == 200
    assert not Notice.objects.filter(person=who.registrar.user, kind=told).exists()


def test_a_freeze_waits_for_everyone_who_decides_anything_and_an_erasure_not_for_treasurers(who: People) -> None:
    owner = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    lift(who)
    erasure(who)
    for reader in (who.treasurer, owner):
        assert counts_of(reader, "lifts_to_confirm", "Freezes to lift")["queue"] == 1
    assert counts_of(owner, "erasures_to_confirm", "Erasures of personal data")["queue"] == 1
    (theirs,) = (task for task in tasks_of(who.treasurer) if task.kind == "erasures_to_confirm")
    assert not theirs.is_for(who.treasurer)
    sequence_log()
    tell_what_is_recorded()
    kinds = set(Notice.objects.filter(person=who.treasurer.user).values_list("kind", flat=True))
    assert "incident_lift_requested" in kinds
    assert "security_erasure_requested" not in kinds


def test_what_one_asks_of_ones_own_data_waits_for_everybody_of_the_desk(who: People) -> None:
    ask_for_own_erasure(user=UserFactory())
    assert counts_of(who.registrar, "erasures_to_confirm", "Erasures of personal data")["queue"] == 1


def test_a_change_of_somebodys_role_waits_for_another_owner_and_not_for_whom_it_concerns(who: People) -> None:
    first, second, third = (
        MembershipFactory(organisation=who.registrar.organisation, role="owner") for _number in range(3)
    )
    propose_change(actor=first, person=second.user, role="registrar")
    title = "Changes among the operator's people"
    found = [counts_of(reader, "role_changes_to_confirm", title)["desk"] for reader in (first, second, third)]
    assert found == [0, 0, 1]


def test_an_invitation_to_the_operator_waits_for_another_than_who_invites(who: People) -> None:
    one, second = (MembershipFactory(organisation=who.registrar.organisation, role="owner") for _number in range(2))
    invitation, _secret = invite_member(actor=one, role="viewer")
    invite_member(actor=who.cooperative, role="viewer")  # of another kind: good at once
    kind, title = "invitations_to_confirm", "Invitations to the operator"
    assert counts_of(one, kind, title) == {"desk": 0, "queue": 0, "tasks": 0}
    assert counts_of(second, kind, title) == {"desk": 1, "queue": 1, "tasks": 1, "list": 1}
    (row,) = (row for row in client_of(second).get("/admin/queue/").context["rows"] if str(row.what) == title)
    assert [action.name for action, _url in row.steps] == ["confirm", "withdraw"]
    sequence_log()
    tell_what_is_recorded()
    (notice,) = Notice.objects.filter(person=who.registrar.user, kind="member_invitation_proposed")
    assert notice.severity == "action"
    confirm_invitation(actor=second, public_id=invitation.public_id)
    assert counts_of(second, kind, title) == {"desk": 0, "queue": 0, "tasks": 0}


def test_an_invitation_that_is_over_waits_for_nobody(who: People) -> None:
    one, second = (MembershipFactory(organisation=who.registrar.organisation, role="owner") for _number in range(2))
    invite_member(actor=one, role="viewer")
    with time_machine.travel(timezone.now() + dt.timedelta(days=8)):
        assert counts_of(second, "invitations_to_confirm", "Invitations to the operator")["desk"] == 0
        client = client_of(second)
        found = {
            state: client.get("/admin/ledger/invitation/", {"state": state}).context["cl"].result_count
            for state in (*Invitation.State.values, "x")
        }
    assert found == {"waiting": 0, "open": 0, "accepted": 0, "withdrawn": 0, "over": 1, "x": 1}


def test_participants_are_told_which_rules_change_and_from_when(who: People) -> None:
    pay_in(who, who.buyer, 10_000_000)
    market = market_for(who, issue_to_cooperative(who, 10))
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("b", "buy", 3_900, 1)])
    execute_market(market.pk)
    change = propose_market_change(
        actor=who.registrar, market_id=market.pk, reason="Cheaper.", taker_fee_bps=30, sessions=[]
    )
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")

    def told(reader: Any) -> list[Notice]:
        sequence_log()
        tell_what_is_recorded()
        return list(Notice.objects.filter(person=reader.user, kind="market_rules_change"))

    assert told(who.buyer) == [], "nothing changes before somebody has confirmed it"
    confirm_market_change(actor=second, change_id=change.pk)
    for reader in (who.buyer, who.cooperative):
        (notice,) = told(reader)
        with translation.override("en"):
            said = say(notice)
        assert said.title == f"New rules of {market.symbol}"
        assert "taker fee in basis points: 30" in said.text
        assert "They hold for what is entered after 20" in said.text
        assert "New fees end all orders that rest" in said.text
        assert said.address == f"/markets/{market.symbol}"
    # Who has neither an order nor credits of it has nothing to do with it.
    assert told(who.other_buyer) == []
