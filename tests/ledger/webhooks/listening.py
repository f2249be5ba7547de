"""Everything that is told to programs, checked against what is said of it."""

import datetime as dt

import jsonschema
import orjson
from django.utils import timezone

from ledger.api.event_schemas import all_events, payload_schema
from ledger.models import LogFollower, Organisation, User, WebhookEndpoint, WebhookEvent
from ledger.transparency.sequencer import sequence_log
from ledger.webhooks.events import event_types
from ledger.webhooks.following import write_events

BY_NAME = {each.name: each for each in all_events()}


def check(type_: str, said: object) -> None:
    """Check a payload against the schema of its kind of event, formats too."""
    formats = jsonschema.FormatChecker()
    jsonschema.validate(said, payload_schema(BY_NAME[type_]), jsonschema.Draft202012Validator, format_checker=formats)


def told_so_far() -> set[str]:
    """Let every organisation be told of all that the log has; check each payload, and return of which kinds there were any."""
    sequence_log()
    names = [each.name for each in event_types()]
    now = timezone.now()
    WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(
            organisation=organisation,
            url="https://example.cn/hooks",
            events=names,
            secret=b"",
            created_by=User.objects.earliest("pk"),
            created_at=now - dt.timedelta(days=4_000),
        )
        for organisation in Organisation.objects.all()
    )
    LogFollower.objects.filter(pk="webhooks").update(next_index=0)
    while write_events():
        pass
    found = set()
    for event in WebhookEvent.objects.all().iterator():
        said = orjson.loads(bytes(event.payload))
        check(event.type, said)
        assert said["data"].keys() == BY_NAME[event.type].fields.keys(), event.type
        found.add(event.type)
    return found
