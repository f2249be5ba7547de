"""Somebody at the operator's and the auditor's desk."""

from django.test import Client
from django.utils import timezone

from ledger.models import Membership, Message
from ledger.notices.rules import Telling, Told
from ledger.notices.telling import tell
from ledger.webhooks.services import add_endpoint, send_test
from tests.mail_server import verify


def client_of(person: Membership) -> Client:
    """Return a browser in which a person is logged in, and reads English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def tell_people_and_programs(person: Membership) -> None:
    """Let e-mails go out together, text messages with codes wait, and webhooks be called."""
    verify(person.user, "lin@example.cn")
    for name in ("甲", "乙"):
        said = {"name": name, "id": 1}
        tell([Telling("organisation_approved", Told(person.organisation_id), said, timezone.now())])
    Message.objects.filter(person=person.user).update(address="lin@example.cn")
    first, second = Message.objects.filter(person=person.user).order_by("pk")
    Message.objects.filter(pk=second.pk).update(bundle=first)
    now = timezone.now()
    Message.objects.create(
        person=person.user, channel="sms", address="13800138000", body="Code 123456", created_at=now, due_at=now
    )
    for address in ("https://example.cn/hooks?key=hidden-key", "https://example.com/hooks"):
        endpoint, _secret = add_endpoint(actor=person, url=address, events=["trade.settled"])
        send_test(actor=person, public_id=endpoint.public_id)
