"""Text messages, by whichever gateway the operator has: SMS_GATEWAY names a class; without one nobody can choose them."""

import datetime as dt
from typing import Protocol

import orjson
import urllib3
from django.conf import settings
from django.utils.module_loading import import_string
from standardwebhooks import Webhook

SECONDS = 10.0
LONGEST_TEXT = 300


class GatewayError(Exception):
    """The gateway has not taken a message. `is_final` where it never will."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Gateway(Protocol):
    """What a gateway has to be able to do."""

    def send(self, *, to: str, text: str, message_id: str) -> None:
        """Hand a text over. One with an id that was sent before must not be sent twice.

        Raises: GatewayError.
        """


class HttpGateway:
    """A gateway that takes JSON over HTTP: {"id", "to", "text"}, signed as Standard Webhooks sign (SMS_GATEWAY_SECRET).

    Any answer of 2xx says that it has the message; 400 and 422 that it never will take it.
    """

    def send(self, *, to: str, text: str, message_id: str) -> None:
        """Hand a text over.

        Raises: GatewayError.
        """
        body = orjson.dumps({"id": message_id, "to": to, "text": text[:LONGEST_TEXT]})
        now = dt.datetime.now(dt.UTC)
        signature = Webhook(settings.SMS_GATEWAY_SECRET.encode()).sign(message_id, now, body.decode())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            with urllib3.PoolManager(num_pools=1) as pool:
                answer = pool.request(
                    "POST",
                    settings.SMS_GATEWAY_URL,
                    body=body,
                    headers=headers,
                    timeout=SECONDS,
                    retries=False,
                    redirect=False,
                )
        except urllib3.exceptions.HTTPError as error:
            raise GatewayError(type(error).__name__) from error
        if not 200 <= answer.status < 300:
            raise GatewayError(f"HTTP {answer.status}", is_final=answer.status in (400, 422))


def is_sms_possible() -> bool:
    """Return whether there is a gateway."""
    return bool(settings.SMS_GATEWAY)


def gateway() -> Gateway:
    """Return the gateway that the operator has named."""
    found: Gateway = import_string(settings.SMS_GATEWAY)()
    return found
