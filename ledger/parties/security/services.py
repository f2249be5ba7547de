"""Note what happens to people's accounts: on the person's own page, and without addresses in the log."""

import datetime as dt
import ipaddress
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from config.operations.observe.metrics import security_events
from ledger.parties.models import User
from ledger.parties.security.models import EventOrigin, SecurityEvent
from ledger.transparency.services import append_record


class Origin(NamedTuple):
    """From where a person does something: the address of the caller, and the browser in a few words."""

    address: str = ""
    browser: str = ""


NOWHERE = Origin()
LOG_INS = (SecurityEvent.Kind.LOGGED_IN, SecurityEvent.Kind.NEW_DEVICE)


@transaction.atomic
def record_security_event(*, user: User, kind: str, origin: Origin = NOWHERE, actor: str = "") -> SecurityEvent:
    """Note what happened to a person's account, beside its record, in the caller's transaction where there is one.

    `actor` is who did it as the log names people (`log_name`), where it was not the person. Who follows the log tells the
    person (ledger/notices).
    """
    at = timezone.now()
    record_id = append_record(
        kind=f"security_{SecurityEvent.Kind(kind).value}",
        body={"user": str(user.public_id)},
        actor=actor or f"user:{user.public_id}",
        at=at,
    )
    event = SecurityEvent.objects.create(user=user, kind=kind, at=at, record_id=record_id)
    security_events.labels(str(event.kind)).inc()
    if origin != NOWHERE:
        EventOrigin.objects.create(event=event, address=_address(origin.address), browser=origin.browser[:80])
    return event


def record_log_in(*, user: User, origin: Origin) -> SecurityEvent:
    """Note that a person has logged in; apart where they never did so by such a browser, which they are then told."""
    before = SecurityEvent.objects.filter(user=user, kind__in=LOG_INS)
    is_new = before.exists() and not before.filter(origin__browser=origin.browser[:80]).exists()
    kind = SecurityEvent.Kind.NEW_DEVICE if is_new else SecurityEvent.Kind.LOGGED_IN
    return record_security_event(user=user, kind=kind, origin=origin)


def note_lockout(*, username: str, origin: Origin) -> SecurityEvent | None:
    """Note that a name is locked for a while, where it is somebody's; None where it is nobody's."""
    user = User.objects.filter(username=username).first()
    if user is None:
        return None
    return record_security_event(user=user, kind=SecurityEvent.Kind.LOCKED, origin=origin, actor="system")


def forget_origins(*, before: dt.datetime) -> int:
    """Forget from where things were done to accounts before a time, and return how many were forgotten.

    What was done, and when, stays.
    """
    deleted, _by_table = EventOrigin.objects.filter(event__at__lt=before).delete()
    return deleted


def _address(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
