"""Settings come from the environment, or from files that it names, and a wrong one stops the start."""

import pytest

from config import env
from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.notes import Signer


def test_a_text_is_read_from_the_environment_or_from_a_file_that_it_names(monkeypatch, tmp_path):
    monkeypatch.setenv("WORD", "paddy")
    assert env.text("WORD") == "paddy"
    (tmp_path / "word").write_text("terrace\n")
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "word"))
    assert env.text("WORD") == "terrace"


def test_a_missing_text_is_named_unless_there_is_a_default(monkeypatch):
    monkeypatch.delenv("WORD", raising=False)
    with pytest.raises(env.SettingError, match="WORD_FILE"):
        env.text("WORD")
    assert env.text("WORD", "field") == "field"


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("", False)])
def test_a_flag_is_a_truth_value(monkeypatch, value, expected):
    monkeypatch.setenv("FLAG", value)
    assert env.flag("FLAG") is expected


def test_a_flag_of_another_spelling_is_refused(monkeypatch):
    monkeypatch.setenv("FLAG", "maybe")
    with pytest.raises(env.SettingError, match="FLAG must be 1 or 0"):
        env.flag("FLAG")


def test_an_integer_is_whole(monkeypatch):
    monkeypatch.setenv("COUNT", "12")
    assert env.integer("COUNT", 1) == 12
    monkeypatch.setenv("COUNT", "1.5")
    with pytest.raises(env.SettingError, match="whole number"):
        env.integer("COUNT", 1)


def test_words_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("HOSTS", "one, two,,")
    assert env.words("HOSTS") == ["one", "two"]


def test_a_postgresql_url_becomes_django_settings(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://us%40er:p%2Fw@db.example:5433/tian%20hui?sslmode=require")
    assert env.postgres("DATABASE_URL") == {
        "ENGINE": "config.postgresql",
        "NAME": "tian hui",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_postgresql_url_may_name_several_hosts(monkeypatch):
    url = "postgresql://us%40er:p%2Fw@a.example:5433,b.example,[::1]:5434/tianhui?target_session_attrs=read-write"
    monkeypatch.setenv("DATABASE_URL", url)
    found = env.postgres("DATABASE_URL")
    assert (found["HOST"], found["PORT"]) == ("a.example,b.example,::1", "5433,5432,5434")
    assert (found["USER"], found["PASSWORD"]) == ("us@er", "p/w")
    assert found["OPTIONS"] == {"target_session_attrs": "read-write"}


@pytest.mark.parametrize("servers", ["a:port", "a:5432,b:99999", "[::1"])
def test_a_server_that_is_none_is_named(monkeypatch, servers):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:secret@{servers}/tianhui")
    with pytest.raises(env.SettingError, match="DATABASE_URL") as refused:
        env.postgres("DATABASE_URL")
    assert "secret" not in str(refused.value)


def test_another_database_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://root@localhost/tianhui")
    with pytest.raises(env.SettingError, match="PostgreSQL is the only database"):
        env.postgres("DATABASE_URL")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:secret@cache.example:6379", "redis://:secret@cache.example:6379/1"),
        ("redis://cache.example/0", "redis://cache.example/1"),
        ("rediss://cache.example/5?ssl_cert_reqs=required", "rediss://cache.example/6?ssl_cert_reqs=required"),
    ],
)
def test_the_broker_has_the_redis_database_after_the_cache_s(url, expected):
    assert env.next_redis_database(url) == expected


def test_a_redis_url_without_a_number_is_refused():
    with pytest.raises(env.SettingError, match="number of a database"):
        env.next_redis_database("redis://cache.example/cache")


W1 = CosignatureSigner("witness.test/w1", bytes(range(32)))
W2 = CosignatureSigner("witness.test/w2", bytes(range(1, 33)))


def test_witnesses_are_keys_with_or_without_an_address(monkeypatch):
    monkeypatch.setenv("LOG_WITNESSES", f"{W1.vkey} https://w1.test/, {W2.vkey}")
    assert env.witnesses("LOG_WITNESSES") == [(W1.vkey, "https://w1.test"), (W2.vkey, "")]
    monkeypatch.delenv("LOG_WITNESSES")
    assert env.witnesses("LOG_WITNESSES") == []


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        Signer("log.test", bytes(32)).vkey,
        f"{W1.vkey} ftp://w1.test",
        f"{W1.vkey} w1.test",
        f"{W1.vkey}, {W1.vkey} https://w1.test",
        f"{W1.vkey}, {CosignatureSigner('again.test', bytes(range(32))).vkey}",
    ],
)
def test_what_is_no_witness_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("LOG_WITNESSES", value)
    with pytest.raises(env.SettingError, match="LOG_WITNESSES"):
        env.witnesses("LOG_WITNESSES")
