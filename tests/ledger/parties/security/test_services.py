"""What happens to an account is noted for the person and in the log, and from where in neither."""

import datetime as dt
import json

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db import DatabaseError, connection
from django.utils import timezone

from ledger.models import EventOrigin, Record, SecurityEvent
from ledger.parties.security.services import Origin, record_log_in, record_security_event
from ledger.parties.security.sessions import note_session
from ledger.tasks import sweep_accounts
from tests.callers import undone
from tests.database import as_owner


def test_an_event_has_a_record_that_names_the_person_alone(who):
    person = who.buyer.user
    origin = Origin("203.0.113.7", "Firefox on Linux")
    event = record_security_event(user=person, kind=SecurityEvent.Kind.PASSWORD_CHANGED, origin=origin)
    record = Record.objects.get(pk=event.record_id)
    said = json.loads(bytes(record.entry))
    assert (record.kind, said["body"]) == ("security_password_changed", {"user": str(person.public_id)})
    assert said["actor"] == f"user:{person.public_id}"
    assert "203.0.113.7" not in bytes(record.entry).decode()
    assert (event.origin.address, event.origin.browser) == origin


@pytest.mark.parametrize("address", ["", "unknown", "203.0.113.7, 10.0.0.1", "x" * 500])
def test_what_is_no_address_is_kept_as_none(who, address):
    event = record_security_event(user=who.buyer.user, kind="logged_in", origin=Origin(address, "b" * 500))
    assert event.origin.address is None
    assert len(event.origin.browser) == 80


def test_an_event_is_written_once(who):
    record_security_event(user=who.buyer.user, kind="logged_in")
    for change in ("UPDATE ledger_securityevent SET kind = 'locked'", "DELETE FROM ledger_securityevent"):
        with pytest.raises(DatabaseError, match="append-only"), as_owner(), connection.cursor() as cursor:
            cursor.execute(change)


def test_what_is_undone_leaves_neither_event_nor_record(who):
    with undone():
        record_security_event(user=who.buyer.user, kind="logged_in", origin=Origin("203.0.113.7"))
    assert not SecurityEvent.objects.exists()
    assert not EventOrigin.objects.exists()
    assert not Record.objects.filter(kind="security_logged_in").exists()


def test_a_kind_that_nobody_knows_is_refused(who):
    with pytest.raises(ValueError, match="burgled"):
        record_security_event(user=who.buyer.user, kind="burgled")


def test_a_browser_that_was_never_seen_is_noted_apart(who):
    person = who.buyer.user
    kinds = [
        record_log_in(user=person, origin=Origin("203.0.113.7", browser)).kind
        for browser in ("Chrome · Android", "Chrome · Android", "Firefox · Linux", "Chrome · Android")
    ]
    assert kinds == ["logged_in", "logged_in", "new_device", "logged_in"]


def test_from_where_is_forgotten_and_what_stays(who):
    for days in (200, 1):
        with time_machine.travel(timezone.now() - dt.timedelta(days=days)):
            record_security_event(user=who.buyer.user, kind="logged_in", origin=Origin("203.0.113.7"))
    sweep_accounts()
    assert SecurityEvent.objects.count() == 2
    assert EventOrigin.objects.count() == 1


def test_sessions_that_are_over_are_forgotten(who, client):
    client.force_login(who.buyer.user)
    for key in (client.session.session_key, "gone"):
        note_session(user=who.buyer.user, session_key=key, origin=Origin("203.0.113.7", "Firefox"))
    sweep_accounts()
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [client.session.session_key]
