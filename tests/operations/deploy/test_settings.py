"""Every setting that the code reads stands in .env.example, with its default; and nothing else does."""

import ast
import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env
from config.operations.deploy.checks import SECRETS
from config.programs import BASE_DIR, STREAM_PORT, WEB_PORT, WEB_THREADS
from tests.operations.deploy.deployed import DOCUMENT, FOLDER, known_settings

READERS = {
    "text",
    "flag",
    "integer",
    "rate",
    "words",
    "witnesses",
    "mail_backend",
    "postgres",
    "networks",
    "log_format",
}
# Said by others to us, or by one of our programs to another.
NOT_SETTINGS = {
    "CREDENTIALS_DIRECTORY",
    "NOTIFY_SOCKET",
    "DJANGO_SETTINGS_MODULE",
    "CELERY_SKIP_CHECKS",
    "PYTHONUNBUFFERED",
}
# METRICS_DIR by the name that the metrics' library has for it.
NOT_SETTINGS |= {"PROMETHEUS_MULTIPROC_DIR"}
# Shown with an example, since their default is nothing, or no example of what they hold.
EXAMPLES = {
    *("PUBLIC_URL", "STREAM_URL", "EMAIL_HOST", "CELERY_BROKER_URL", "MAP_TILES_URL", "MAP_TILES_ATTRIBUTION"),
    *("REPLICA_URL", "LOG_STATE_FILE", "TIANHUI_VERSION", "LOG_WITNESSES", "SMS_GATEWAY", "SMS_GATEWAY_URL", *SECRETS),
}


@functools.cache
def trees() -> list[ast.Module]:
    paths = (path for package in ("config", "ledger", "trading") for path in (BASE_DIR / package).rglob("*.py"))
    texts = (path.read_text(encoding="utf-8") for path in paths if "migrations" not in path.parts)
    return [ast.parse(text) for text in texts if "env." in text or "environ" in text]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call by which a setting is read, with its name."""
    for tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            by_helper = node.func.attr in READERS and ast.unparse(node.func.value) == "env"
            by_hand = node.func.attr in ("get", "setdefault") and "environ" in ast.unparse(node.func.value)
            first = node.args[0] if node.args else None
            if (by_helper or by_hand) and isinstance(first, ast.Constant) and str(first.value).isupper():
                yield str(first.value), node


def subscripts() -> Iterator[str]:
    for tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)):
                continue
            if str(node.slice.value).isupper() and "environ" in ast.unparse(node.value):
                yield str(node.slice.value)


def names_read() -> set[str]:
    # By a name that is put together (config/programs.py), or that stands apart (config/operations).
    elsewhere = {"WEB_HOST", "STREAM_HOST", "STREAM_PORT", "BACKUP_ARCHIVE", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    elsewhere |= {"BACKUP_PG_BIN", "BACKUP_SIGNING_KEY_FILE", "BACKUP_VKEY", "BACKUP_IDENTITY_FILE"}
    return {name for name, _call in calls()} | set(subscripts()) | elsewhere


def test_every_setting_is_listed_and_nothing_else() -> None:
    read = {name for name in names_read() if name not in NOT_SETTINGS}
    known = known_settings().keys()
    # A secret's file is the secret's own line.
    missing = {name for name in read if name not in known and name.removesuffix("_FILE") not in known}
    assert missing == set()
    assert {name for name in known if name not in read} == set()


def test_the_defaults_are_those_of_the_code() -> None:
    known = known_settings()
    wrong = {}
    for name, call in calls():
        default = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "default")]
        if name in EXAMPLES | NOT_SETTINGS or not default or not isinstance(default[0], ast.Constant):
            continue
        value = default[0].value
        shown = str(int(value)) if isinstance(value, bool) else str(value)
        if known[name] != shown and ast.unparse(call.func).startswith("env."):
            wrong[name] = (known[name], shown)
    assert wrong == {}
    assert known["WEB_PORT"] == str(WEB_PORT)
    assert known["STREAM_PORT"] == str(STREAM_PORT)
    assert known["WEB_THREADS"] == str(WEB_THREADS)


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_can_be_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name, raising=False)
    (tmp_path / "secret").write_text("rice\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    reader = env.words if name == "SECRET_KEY_FALLBACKS" else env.text
    assert reader(name) in ("rice", ["rice"])
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "none"))
    with pytest.raises(env.SettingError, match=f"{name}_FILE names .*none, which cannot be read"):
        reader(name)


def test_secrets_are_made_once_each_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _time in range(2):
        subprocess.run([FOLDER / "make-secrets", folder, "db.example", "cache.example"], check=True, umask=0o022)
        made = {path.name: path.read_text() for path in folder.iterdir()}
        if _time == 0:
            before = made
    assert made == before
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert made["database-url"] == f"postgresql://tianhui_app:{made['application-password']}@db.example:5432/tianhui"
    assert made["redis-url"] == f"redis://:{made['redis-password']}@cache.example:6379/0"
    assert len(made["secret-key"]) >= 50
    assert len(set(made.values())) == len(made) - 2, "each but the three that are empty is another"


def test_a_secret_that_somebody_changed_stays(tmp_path: Path) -> None:
    subprocess.run([FOLDER / "make-secrets", tmp_path], check=True)
    (tmp_path / "email-password").write_text("theirs")
    (tmp_path / "redis-url").unlink()
    subprocess.run([FOLDER / "make-secrets", tmp_path], check=True)
    assert (tmp_path / "email-password").read_text() == "theirs"
    assert (tmp_path / "redis-url").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_in_containers_each_secret_belongs_to_who_reads_it(tmp_path: Path) -> None:
    subprocess.run([FOLDER / "make-secrets", tmp_path], check=True, env=dict(os.environ) | {"FOR_CONTAINERS": "1"})
    assert {path.name for path in tmp_path.iterdir() if path.stat().st_uid == 999} == {
        "owner-password",
        "postgres-password",
        "redis-password",
    }
    assert (tmp_path / "secret-key").stat().st_uid == 10001


def test_the_document_names_every_file_of_its_folder() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.name not in ("README.md", "secrets"):
            assert path.name in readme, path.name
    assert ".env.example" in DOCUMENT.read_text(encoding="utf-8")
