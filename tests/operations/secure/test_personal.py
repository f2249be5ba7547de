"""Personal data: in no record, in no metric, in no message of the queue; handed out to who asks, and erased without touching the ledger."""

import json

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.sharing.links import make_links
from ledger.errors import NotAllowed, SamePerson, WrongState
from ledger.models import (
    ApiToken,
    Erasure,
    EventOrigin,
    Household,
    HouseholdLink,
    Message,
    Notice,
    NoticeSettings,
    Record,
    User,
)
from ledger.notices.telling import tell_what_is_recorded
from ledger.parties.households import leave_household
from ledger.parties.members import leave_organisation
from ledger.parties.security.services import Origin, record_security_event
from ledger.parties.services import apply_for_organisation, issue_token, register_user
from ledger.personal.exports import data_of_household, data_of_person
from ledger.personal.services import ask_for_own_erasure, confirm_erasure, refuse_erasure, request_erasure
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.verification import verify_log
from tests.database import as_owner
from tests.desk import client_of
from tests.factories import HouseholdFactory, MembershipFactory, ProjectFactory
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell
from trading.execution.reconciliation import reconcile

MARK = "标记人"
MAIL = "marker@example.cn"
PHONE = "+8613800138000"
ADDRESS = "203.0.113.77"


@pytest.fixture
def marked(who):
    """Return a member of the buyer's whose every personal detail is a marker, and who has left traces everywhere."""
    user = register_user(username="marker-login", password="a long enough password", display_name=MARK, email=MAIL)
    member = MembershipFactory(user=user, organisation=who.buyer.organisation, role="owner")
    EmailAddress.objects.create(user=user, email=MAIL, verified=True, primary=True)
    record_security_event(user=user, kind="logged_in", origin=Origin(ADDRESS, "MarkerBrowser"))
    issue_token(user=user, name=f"{MARK} robot", networks=[ADDRESS])
    NoticeSettings.objects.create(person=user, phone=PHONE)
    sequence_log()
    tell_what_is_recorded()
    return member


def found_in_database(*markers: str) -> list[str]:
    """Return each column of text of any table in which a marker stands."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = 'public'
               AND data_type IN ('character varying', 'text', 'jsonb', 'json', 'bytea', 'inet', 'ARRAY')
             ORDER BY 1, 2
            """
        )
        for table, column in cursor.fetchall():
            for marker in markers:
                text = f'"{column}"::text'
                hexed = marker.encode().hex()
                escaped = json.dumps(marker)[1:-1]
                cursor.execute(
                    f'SELECT EXISTS (SELECT FROM "{table}" WHERE strpos({text}, %s) > 0 OR strpos({text}, %s) > 0'
                    f" OR strpos({text}, %s) > 0)",
                    [marker, hexed, escaped],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column}")
    return found


def test_no_personal_detail_is_in_a_record_of_the_log(who, marked):
    household = HouseholdFactory(cooperative=who.cooperative.organisation, name=f"{MARK}户", code="MARK-7")
    make_links(actor=who.cooperative, public_ids=[household.public_id])
    apply_for_organisation(
        user=register_user(username="marker-two", password="a long enough password", display_name=MARK),
        kind="buyer",
        name="某公司",
    )
    pay_in(who, who.buyer, 1_000)
    leave_household(actor=who.cooperative, public_id=household.public_id)
    leave_organisation(actor=marked)
    sequence_log()
    assert Record.objects.filter(kind="security_token_made").exists()
    columns = found_in_database(MARK, "marker-login", "marker-two", MAIL, PHONE, ADDRESS, "MarkerBrowser", "MARK-7")
    log = [each for each in columns if each.startswith(("ledger_record", "ledger_log", "ledger_checkpoint"))]
    assert log == []
    # And where they are is what docs/personal-data.md says.
    tables = {each.partition(".")[0] for each in columns}
    assert tables <= {
        *("ledger_user", "ledger_household", "account_emailaddress", "ledger_eventorigin", "ledger_apitoken"),
        "ledger_noticesettings",
    }


def test_one_takes_ones_own_data_along(marked):
    client = client_of(marked)
    assert client.get(reverse("my_data")).status_code == 200
    answer = client.get(reverse("my_data_file"))
    assert answer["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.content)
    assert (data["person"]["name"], data["person"]["email"]) == (MARK, MAIL)
    assert data["how_to_be_told"]["phone"] == PHONE
    assert ADDRESS in {event["origin__address"] for event in data["security_events"]}
    token = ApiToken.objects.get(user=marked.user)
    assert token.prefix in answer.content.decode()
    for secret in (bytes(token.token_hash).hex(), marked.user.password):
        assert secret not in answer.content.decode()


def test_visitors_and_others_get_nothing(client, marked, who):
    assert client.get(reverse("my_data_file")).status_code == 302
    assert MARK not in client_of(who.buyer).get(reverse("my_data_file")).content.decode()


def test_who_still_acts_is_told_to_leave_first(marked):
    with pytest.raises(WrongState):
        ask_for_own_erasure(user=marked.user)
    refused = client_of(marked).post(reverse("my_data"))
    assert refused.status_code == 409


def test_erased_is_every_detail_and_the_ledger_stays_whole(who, marked):
    user = marked.user
    leave_organisation(actor=marked)
    erasure = ask_for_own_erasure(user=user)
    with pytest.raises(WrongState):
        request_erasure(actor=who.registrar, person_id=user.pk)
    public_id, records = user.public_id, Record.objects.count()
    confirm_erasure(actor=who.registrar, erasure_id=erasure.pk)
    assert found_in_database(MARK, "marker-login", MAIL, PHONE, ADDRESS, "MarkerBrowser") == []
    user.refresh_from_db()
    assert user.public_id == public_id
    assert not user.is_active
    assert not EventOrigin.objects.filter(event__user=user).exists()
    assert not Notice.objects.filter(person=user).exists()
    assert not Message.objects.filter(person=user).exists()
    assert Record.objects.count() == records + 1
    sequence_log()
    assert verify_log().difference == ""
    assert [f"{each.name}: {each.detail}" for each in reconcile() if not each.holds] == []


def test_erasing_takes_two_people_of_the_operator(who, marked):
    leave_organisation(actor=marked)
    for person in (who.treasurer, who.cooperative, who.auditor):
        with pytest.raises(NotAllowed):
            request_erasure(actor=person, person_id=marked.user_id)
    erasure = request_erasure(actor=who.registrar, person_id=marked.user_id)
    with pytest.raises(SamePerson):
        confirm_erasure(actor=who.registrar, erasure_id=erasure.pk)
    refuse_erasure(actor=who.registrar, erasure_id=erasure.pk)
    with pytest.raises(WrongState):
        confirm_erasure(actor=who.registrar, erasure_id=erasure.pk)
    assert User.objects.get(pk=marked.user_id).display_name == MARK
    with as_owner(), pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk).update(status="done", decided_by=who.registrar.user)


def test_a_household_is_handed_out_and_erased_once_it_has_left_and_is_owed_nothing(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    one, _other = households_of(who, project, ["1", "2"])
    Household.objects.filter(pk=one.pk).update(name=f"{MARK}户")
    one.refresh_from_db()
    make_links(actor=who.cooperative, public_ids=[one.public_id])
    assert data_of_household(one)["household"]["name"] == f"{MARK}户"
    owner = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    with pytest.raises(WrongState):
        request_erasure(actor=who.registrar, household_id=one.pk)
    leave_household(actor=who.cooperative, public_id=one.public_id)
    desk = client_of(who.registrar)
    handed = desk.post(reverse("admin:ledger_household_export-data", args=[one.pk]))
    assert json.loads(handed.content)["household"]["name"] == f"{MARK}户"
    assert Record.objects.filter(kind="household_data_exported").count() == 1
    erasure = request_erasure(actor=who.registrar, household_id=one.pk)
    confirm_erasure(actor=owner, erasure_id=erasure.pk)
    one.refresh_from_db()
    assert (one.name, one.code) == ("–", f"erased-{one.public_id.hex[:16]}")
    assert HouseholdLink.objects.get(household=one).token_hash is None
    assert found_in_database(MARK) == []
    assert [f"{each.name}: {each.detail}" for each in reconcile() if not each.holds] == []


def test_a_household_that_is_owed_money_is_paid_first(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    (one,) = households_of(who, project, ["1"])
    plan_of(who)
    batch = issue_to_cooperative(who, 100, project=project)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 1_000_000)
    sell(who, market, 10)
    share_waiting_proceeds()
    Household.objects.filter(pk=one.pk).update(left_at=one.created_at)
    with pytest.raises(WrongState):
        request_erasure(actor=who.registrar, household_id=one.pk)


def test_what_is_handed_out_of_a_person_names_every_table_that_has_their_data(marked):
    data = data_of_person(marked.user)
    assert {
        "person",
        "emails",
        "memberships",
        "sessions",
        "security_events",
        "tokens",
        "notices",
        "messages",
    } <= data.keys()
