"""Public pages from a real standby: what the reader has written is there at once, whatever the standby has of it."""

import os
import re
import signal

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.db.utils import DatabaseError, DataError, OperationalError
from django.test import Client

from config.operations.replica import positions
from config.operations.replica.marking import mark_time
from config.operations.replica.reading import from_primary, reading_from
from config.operations.replica.standby import the_standby
from config.operations.replica.status import followers, lag_of_replica, timeline
from ledger.models import ApiToken, Organisation, Retirement
from tests.callers import Caller
from tests.database import as_owner
from tests.operations.failover.conftest import catch_up
from tests.scenes import issue_to_cooperative, market_for

pytestmark = pytest.mark.django_db(transaction=True)

USE = {"beneficiary_name": "甲公司", "purpose": "event", "confirmed": "1"}


@pytest.fixture
def batch(who, replica):
    found = issue_to_cooperative(who, 100)
    mark_time()
    catch_up(replica)
    return found


@pytest.fixture
def paused(batch, replica):
    """Let the standby stay where it is."""
    replica.ask("SELECT pg_wal_replay_pause()")
    return replica


class Asked:
    """Counts what is asked of the primary while it is entered."""

    def __init__(self):
        self.primary = connections["default"]
        self.statements = []

    def __enter__(self):
        self._wrapper = self.primary.execute_wrapper(self._note)
        self._wrapper.__enter__()
        return self

    def _note(self, execute, sql, params, many, context):
        self.statements.append(sql)
        return execute(sql, params, many, context)

    def __exit__(self, *error):
        self._wrapper.__exit__(*error)


def key(number):
    return f"01234567-89ab-cdef-0123-{number:012d}"


def retire(client, batch, quantity_t=1, number=1):
    answer = client.post(
        f"/credits/{batch.asset.code}/retire", USE | {"quantity_t": str(quantity_t), "key": key(number)}
    )
    assert answer.status_code == 302
    return Retirement.objects.latest("id").public_id


def listed(client, path="/retirements"):
    return set(re.findall(r"/retirements/([0-9a-f-]{36})", client.get(path).content.decode()))


# Where from


def test_public_pages_of_visitors_ask_the_primary_nothing(client, who, batch, replica):
    market = market_for(who, batch)
    catch_up(replica)
    paths = [
        "/",
        "/projects",
        f"/projects/{batch.project.code}",
        "/projects/map",
        "/credits",
        "/retirements",
        "/markets",
    ]
    paths += [f"/credits/{batch.asset.code}", f"/credits/{batch.asset.code}.json", "/dual-carbon", "/references"]
    paths += [f"/markets/{market.symbol}", f"/markets/{market.symbol}/live", f"/markets/{market.symbol}/history"]
    paths += [f"/trace/{batch.serials.lower}", "/downloads", "/sitemap.xml", "/auctions", "/methodologies"]
    paths += ["/log/tile/0/000.p/1", "/downloads/tianhui/projects.csv"]
    paths += [f"/api/v1/{path}" for path in ("projects", "batches", "retirements", "markets", "methodologies")]
    paths += [f"/api/v1/markets/{market.symbol}{path}" for path in ("", "/book", "/trades", "/candles", "/ticker")]
    for path in paths:
        with Asked() as asked:
            answer = client.get(path)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if answer.status_code == 404:
            # Nothing of the kind is in this scene: the primary was asked whether it has it.
            continue
        assert answer.status_code == 200, (path, content[:500])
        assert asked.statements == [], path
    assert not the_standby.is_left_out


def test_who_is_logged_in_is_looked_up_at_the_primary_and_the_page_is_read_from_the_standby(client, who, batch):
    client.force_login(who.buyer.user)
    with Asked() as asked:
        assert client.get("/retirements").status_code == 200
    tables = set(re.findall(r'FROM "?(\w+)"?', " ".join(asked.statements)))
    assert tables <= {"django_session", "ledger_user", "ledger_membership", "ledger_notice", "account_emailaddress"}


def test_pages_of_ones_own_are_read_from_the_primary(client, who, paused):
    client.force_login(who.buyer.user)
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(name="改名公司")
    assert "改名公司" in client.get("/").content.decode()


# What the reader has written


def test_the_writer_sees_their_write_at_once_and_a_stranger_the_state_before(client, who, batch, paused):
    client.force_login(who.cooperative.user)
    stranger = Client()
    for number in (1, 2):
        public_id = str(retire(client, batch, number=number))
        assert public_id in listed(client)
        assert public_id not in listed(stranger)
        # What is asked for by name and is not there is looked for at the primary, whoever asks.
        assert stranger.get(f"/retirements/{public_id}").status_code == 200
    paused.ask("SELECT pg_wal_replay_resume()")
    catch_up(paused)
    assert public_id in listed(stranger)
    with Asked() as asked:
        assert public_id in listed(client)
    assert not any("ledger_retirement" in statement for statement in asked.statements)


def test_who_has_written_and_logged_out_still_sees_it_and_no_page_that_was_kept_before(
    client, who, batch, paused, settings
):
    settings.PUBLIC_PAGES_SECONDS = 30
    cache.clear()
    stranger = Client()
    assert listed(stranger) == set()
    client.force_login(who.cooperative.user)
    public_id = str(retire(client, batch))
    client.post("/logout")
    assert "sessionid" not in {name for name, cookie in client.cookies.items() if cookie.value}
    assert public_id in listed(client)
    # Nor does what they see take the place of what visitors get.
    assert listed(stranger) == set()


def test_a_log_in_and_a_form_of_a_visitor_are_writes_too(who, paused):
    visitor = Client()
    visitor.post("/language", {"language": "en"})
    before = visitor.cookies.get("written")
    who.buyer.user.set_password("rice-terraces-9")
    who.buyer.user.save()
    visitor.post("/login", {"login": who.buyer.user.username, "password": "rice-terraces-9"})
    after = visitor.cookies["written"]
    assert after["httponly"]
    assert after["max-age"] >= 10
    assert before is None or before.value != after.value


def test_the_cookie_is_signed_and_what_is_not_ours_leads_to_the_primary(client, who, batch, paused):
    writer = Client()
    writer.force_login(who.cooperative.user)
    public_id = str(retire(writer, batch))
    for forged in ("0", "0:forged", "x"):
        client.cookies["written"] = forged
        assert public_id in listed(client)
    client.cookies["written"] = writer.cookies["written"].value
    assert public_id in listed(client)


def test_where_the_position_is_not_known_after_a_write_the_primary_is_read(client, who, batch, paused, monkeypatch):
    monkeypatch.setattr("config.operations.replica.middleware.position_now", lambda: positions.UNKNOWN)
    client.force_login(who.cooperative.user)
    assert str(retire(client, batch)) in listed(client)


def test_what_a_cache_keeps_is_kept_for_who_has_written_no_more(client, who, batch, replica):
    answer = client.get("/api/v1/markets")
    assert answer.status_code == 200
    assert "public" in answer["Cache-Control"]
    assert {"Cookie", "Tianhui-Written"} <= {each.strip() for each in answer["Vary"].split(",")}
    # What never changes is the same for everybody.
    assert "Tianhui-Written" not in client.get("/log/tile/0/000.p/1").get("Vary", "")


# Programs


def ids(answer):
    return {each["id"] for each in answer.json()["results"]}


def test_a_token_reads_from_the_primary_unless_it_says_what_it_has_written(who, batch, paused):
    caller = Caller(who.cooperative)
    body = {"batch": batch.asset.code, "quantity_t": 1, "beneficiary_name": "甲", "purpose": "event"}
    first = caller.send("/retirements", body)
    assert first.status_code == 201, first.content
    assert "written" not in first.cookies
    found = {first.json()["id"]}
    assert ids(caller.ask("/retirements")) == found
    assert ids(Caller().ask("/retirements")) == set()
    written = first["Tianhui-Written"]
    assert ids(caller.get("/api/v1/retirements", headers={"Tianhui-Written": written})) == found
    paused.ask("SELECT pg_wal_replay_resume()")
    catch_up(paused)
    with Asked() as asked:
        assert ids(caller.get("/api/v1/retirements", headers={"Tianhui-Written": written})) == found
    assert len(asked.statements) == 1
    assert "ledger_apitoken" in asked.statements[0]


def test_a_token_that_was_revoked_a_moment_ago_is_good_nowhere(who, batch, paused):
    caller = Caller(who.cooperative)
    written = caller.send("/streams/ticket")["Tianhui-Written"]
    with as_owner():
        ApiToken.objects.update(revoked_at=who.buyer.user.date_joined)
    assert caller.get("/api/v1/retirements", headers={"Tianhui-Written": written}).status_code == 401


# What goes wrong with it


def test_a_standby_that_is_killed_is_passed_over_and_found_again(client, who, batch, replica):
    assert client.get("/retirements").status_code == 200
    replica.die()
    public_id = Client()
    public_id.force_login(who.cooperative.user)
    public_id = str(retire(public_id, batch))
    with Asked() as asked:
        assert public_id in listed(client)
    assert asked.statements
    assert the_standby.is_left_out
    assert lag_of_replica() is None
    assert client.get("/projects").status_code == 200
    replica.start()
    mark_time()
    catch_up(replica)
    the_standby.come_back()
    with Asked() as asked:
        assert public_id in listed(client)
    assert asked.statements == []


def test_a_standby_that_hangs_is_passed_over(client, batch, replica):
    assert client.get("/retirements").status_code == 200
    # The process that serves us stops; whoever connects anew is taken in by none.
    process = _our_process(replica)
    os.kill(process, signal.SIGSTOP)
    try:
        with Asked() as asked:
            assert client.get("/retirements").status_code == 200
        assert asked.statements
        assert the_standby.is_left_out
    finally:
        os.kill(process, signal.SIGCONT)


def _our_process(replica):
    connections["replica"].ensure_connection()
    return connections["replica"].connection.info.backend_pid


def test_a_standby_that_lags_is_left_out_until_it_has_caught_up(client, batch, paused, settings):
    settings.REPLICA_LAG_SECONDS = 0
    with Asked() as asked:
        assert client.get("/retirements").status_code == 200
    assert asked.statements
    assert the_standby.is_left_out
    settings.REPLICA_LAG_SECONDS = 3_600
    the_standby.come_back()
    with Asked() as asked:
        assert client.get("/retirements").status_code == 200
    assert asked.statements == []


def test_one_that_takes_writes_is_no_standby(client, batch, replica):
    connections["replica"].close()
    connections["replica"].settings_dict |= {"PORT": connections["default"].settings_dict["PORT"]}
    connections["replica"].settings_dict["OPTIONS"]["target_session_attrs"] = "any"
    with Asked() as asked:
        assert client.get("/retirements").status_code == 200
    assert asked.statements
    assert the_standby.is_left_out


@pytest.mark.parametrize(("error", "is_left_out"), [(OperationalError, True), (DataError, False)])
def test_a_view_that_fails_at_the_standby_is_answered_by_the_primary(
    client, batch, replica, monkeypatch, error, is_left_out
):
    """It is left out where it is at fault, not where somebody has asked for what no database can answer."""
    tries = []

    def fails_once():
        tries.append(connection.settings_dict["PORT"])
        if len(tries) == 1:
            raise error("canceling statement due to conflict with recovery")
        return Retirement.objects.all()

    monkeypatch.setattr("ledger.web.registry.retirements", fails_once)
    assert client.get("/retirements").status_code == 200
    assert len(tries) == 2
    assert tries[0] != tries[1]
    assert the_standby.is_left_out == is_left_out


def test_nothing_can_be_written_by_way_of_the_standby(who, batch, replica):
    standby = the_standby.connection_for(None)
    with reading_from(standby):
        assert Organisation.objects.exists()
        with pytest.raises(DatabaseError, match="read-only"):
            Organisation.objects.filter(pk=who.buyer.organisation_id).update(name="x")
        assert from_primary(lambda: connection.settings_dict["PORT"])() != connection.settings_dict["PORT"]
    with connections["replica"].cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("on",)


# What is told of it


def test_its_lag_is_measured(batch, replica):
    lag = lag_of_replica()
    assert lag.seconds >= 0
    replica.ask("SELECT pg_wal_replay_pause()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 10000))")
    assert lag_of_replica().bytes >= 10_000
    assert timeline() == 1
    with as_owner():
        (follower,) = followers()
    assert (follower.name, follower.sync_state) == ("standby", "async")
