"""What happens to an account is noted for the person and in the log, and from where in neither."""

import json

import pytest
from django.db import DatabaseError, connection

from ledger.models import EventOrigin, Record, SecurityEvent
from ledger.parties.security.services import Origin, record_security_event
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
