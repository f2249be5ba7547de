"""One season, end to end: over HTTP, with the product's own processes, on the demo's database."""

import pytest

from tests.running import running
from tests.waiting import wait_until
from trading.demo.client import Client
from trading.demo.season import Season, steps
from trading.demo.story import tell

PASSWORD = "paddies-by-the-stream"


def answers(client):
    try:
        client.get("/log")
    except OSError:
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_a_season_from_the_field_to_the_proof(monkeypatch):
    # As the demo is: its people share a password, and have no second factor.
    monkeypatch.setenv("SECOND_FACTOR_REQUIRED", "0")
    tell(PASSWORD)
    with running("web", "worker", "match-0", "beat") as (_processes, environment):
        visitor = Client(f"http://127.0.0.1:{environment['WEB_PORT']}")
        wait_until(lambda: answers(visitor))
        for title, take in steps(Season(visitor, PASSWORD)):
            figures = take()
            assert figures, title
