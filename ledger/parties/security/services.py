"""Note what happens to people's accounts: on the person's own page, and without addresses in the log."""

import ipaddress
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from ledger.parties.models import User
from ledger.parties.security.models import EventOrigin, SecurityEvent
from ledger.transparency.services import append_record


class Origin(NamedTuple):
    """From where a person does something: the address of the caller, and the browser in a few words."""

    address: str = ""
    browser: str = ""


NOWHERE = Origin()


@transaction.atomic
def record_security_event(*, user: User, kind: str, origin: Origin = NOWHERE, actor: str = "") -> SecurityEvent:
    """Note what happened to a person's account, beside its record, in the caller's transaction where there is one.

    `actor` is who did it as the log names people (`log_name`), where it was not the person.
    """
    at = timezone.now()
    record_id = append_record(
        kind=f"security_{SecurityEvent.Kind(kind).value}",
        body={"user": str(user.public_id)},
        actor=actor or f"user:{user.public_id}",
        at=at,
    )
    event = SecurityEvent.objects.create(user=user, kind=kind, at=at, record_id=record_id)
    if origin != NOWHERE:
        EventOrigin.objects.create(event=event, address=_address(origin.address), browser=origin.browser[:80])
    return event


def _address(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
