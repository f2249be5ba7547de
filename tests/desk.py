"""Somebody at the operator's and the auditor's desk."""

from django.test import Client

from ledger.models import Membership


def client_of(person: Membership) -> Client:
    """Return a browser in which a person is logged in, and reads English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client
