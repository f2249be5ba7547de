"""What is gone without a word is given up within seconds, at both ends."""

import os

import psycopg
import pytest
import redis
from django.conf import settings

from config import peers
from tests.database import application_url


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tcp_keepalives_idle", "5"),
        ("tcp_keepalives_interval", "2"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "11000"),
        ("client_connection_check_interval", "2s"),
    ],
)
@pytest.mark.django_db
def test_the_server_is_told_so_by_the_applications_own_session(setting, value):
    with psycopg.connect(application_url(), **peers.POSTGRESQL) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == (value,)
        assert connection.info.get_parameters()["connect_timeout"] == "5"


def test_every_connection_of_the_product_has_them():
    ours = {name: value for name, value in peers.POSTGRESQL.items() if name != "options"}
    # The tests' own role takes the place of the session's options.
    assert ours.items() <= settings.DATABASES["default"]["OPTIONS"].items()
    assert peers.REDIS.items() <= settings.CELERY_BROKER_TRANSPORT_OPTIONS.items()


def test_a_connection_to_redis_asks_when_it_is_silent():
    with redis.Redis.from_url(os.environ["REDIS_URL"], **peers.REDIS) as client:
        connection = client.connection_pool.get_connection()
        for option, value in peers.REDIS["socket_keepalive_options"].items():
            assert connection._sock.getsockopt(6, option) == value
        client.connection_pool.release(connection)
