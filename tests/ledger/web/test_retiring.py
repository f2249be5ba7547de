"""Retiring in three steps: what would go is shown before it goes."""

import pytest

from ledger.models import Retirement
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative

ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}
USE = {"beneficiary_name": "Secret Company", "purpose": "event", "key": "01234567-89ab-cdef-0123-456789abcdef"}


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100)


def test_the_first_step_offers_what_is_available(client, who, batch):
    client.force_login(who.cooperative.user)
    text = client.get("/retire", **ENGLISH).content.decode()
    assert f"/credits/{batch.asset.code}/retire" in text
    assert "100 t available" in text
    client.force_login(who.buyer.user)
    assert "You hold no credits that could be retired" in client.get("/retire", **ENGLISH).content.decode()
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    client.force_login(viewer.user)
    assert f"/credits/{batch.asset.code}/retire" not in client.get("/retire", **ENGLISH).content.decode()


def test_the_last_step_shows_the_numbers_and_the_certificate_as_it_would_be(client, who, batch):
    client.force_login(who.cooperative.user)
    first = batch.serials.lower
    page = client.post(f"/credits/{batch.asset.code}/retire", USE | {"quantity_t": "7"}, **ENGLISH)
    text = page.content.decode()
    assert (page.status_code, page.context["more_t"]) == (200, 0)
    assert page.context["serials"] == [f"{batch.asset.code}-{first:012d}-{first + 6:012d}"]
    # The form says that it is not public: the certificate would not name it.
    assert "Preview: not a certificate yet" in text
    assert text.index("a beneficiary that is not public") > text.index("Preview")
    assert not Retirement.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"period_starts_on": "2026-01-01", "period_ends_on": "2025-01-01"}, "period_ends_on"),
        ({"period_starts_on": "2025-01-01"}, "period_ends_on"),
        ({"beneficiary_code": "123"}, "beneficiary_code"),
        ({"purpose": "judicial_restitution"}, "court_name"),
        ({"purpose": "on_behalf_of"}, "beneficiary_code"),
    ],
)
def test_what_cannot_stand_is_refused_before_it_is_shown_as_a_certificate(client, who, batch, said, field):
    client.force_login(who.cooperative.user)
    page = client.post(f"/credits/{batch.asset.code}/retire", USE | {"quantity_t": "7"} | said)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert page.context["form"]["beneficiary_name"].value() == "Secret Company"


def test_what_was_shown_is_what_goes(client, who, batch):
    client.force_login(who.cooperative.user)
    address = f"/credits/{batch.asset.code}/retire"
    shown = client.post(address, USE | {"quantity_t": "7"}).context["serials"]
    assert client.post(address, USE | {"quantity_t": "7", "confirmed": "1"}).status_code == 302
    (run,) = Retirement.objects.get().serials
    assert shown == [f"{batch.asset.code}-{run.lower:012d}-{run.upper - 1:012d}"]
