"""What tests of the exchange's pages have in common."""

import pytest
from django.test import Client

from tests.scenes import issue_to_cooperative, market_for, pay_in


@pytest.fixture
def market(who):
    """Return a market in which the cooperative has 1,000 t and both buyers 1,000,000 yuan."""
    pay_in(who, who.buyer, 100_000_000)
    pay_in(who, who.other_buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=10)


@pytest.fixture
def browse():
    """Return a client that reads English, logged in as a person (a membership or a user) where one is given."""

    def as_person(person=None):
        client = Client(headers={"accept-language": "en"})
        if person is not None:
            client.force_login(getattr(person, "user", person))
        return client

    return as_person
