"""The `webhooks` of the OpenAPI document: what we send to the endpoints of organisations, by kind of event."""

from typing import Any

from ledger.webhooks.events import TEST, EventType, event_types
from ledger.webhooks.fields import EXAMPLE_TIME, TIME, example_of, schema_of

HEADERS = {
    "webhook-id": ("The same each time that this event is sent: who has had it already drops it.", "msg_2b1f0c5d"),
    "webhook-timestamp": (
        "Seconds since 1970, when this call was signed. Refuse what is older than five minutes.",
        "1796000000",
    ),
    "webhook-signature": (
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64 (Standard Webhooks); two, with a space between, "
        "while a secret is being changed.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
ANSWERS = {
    "2XX": "It is yours now.",
    "410": "You want none any more: the webhook is paused.",
    "429": "Later. `Retry-After` is kept to, for a day at most.",
    "503": "Later. `Retry-After` is kept to, for a day at most.",
    "default": "It is sent again, up to ten times in three days.",
}


def all_events() -> list[EventType]:
    """Return every kind of event that is ever sent, the test too."""
    return [*event_types(), TEST]


def name_of(type_: str) -> str:
    """Return the name of an event's schema among the components, such as TradeSettledEvent."""
    return "".join(part.capitalize() for part in type_.replace("_", ".").split(".")) + "Event"


def payload_schema(each: EventType) -> dict[str, Any]:
    """Return the JSON Schema of all that is sent in the body of an event."""
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": each.name},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "pattern": TIME,
                "description": "When it happened, in UTC.",
            },
            "data": schema_of(each.fields),
        },
        "required": ["type", "timestamp", "data"],
    }


def payload_example(each: EventType) -> dict[str, Any]:
    """Return the body of an event as it might be."""
    return {"data": example_of(each.fields), "timestamp": EXAMPLE_TIME, "type": each.name}


def add_webhooks(result: dict[str, Any], **_named: Any) -> dict[str, Any]:
    """Give the document its webhooks (a hook of drf-spectacular's)."""
    schemas = result["components"]["schemas"]
    schemas |= {name_of(each.name): payload_schema(each) for each in all_events()}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    result["webhooks"] = {each.name: {"post": _sent(each)} for each in all_events()}
    return result


def _sent(each: EventType) -> dict[str, Any]:
    content = {
        "schema": {"$ref": f"#/components/schemas/{name_of(each.name)}"},
        "examples": {"example": {"summary": "As it might be", "value": payload_example(each)}},
    }
    happens = str(each.happens)
    return {
        "operationId": f"on_{each.name.replace('.', '_')}",
        "summary": f"{happens[:1].upper()}{happens[1:]}",
        "tags": ["webhooks"],
        "parameters": [
            {
                "in": "header",
                "name": name,
                "required": True,
                "schema": {"type": "string"},
                "description": description,
                "example": example,
            }
            for name, (description, example) in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {status: {"description": text} for status, text in ANSWERS.items()},
        # Who is called knows the sender by the signature, and needs no token of ours.
        "security": [],
    }
