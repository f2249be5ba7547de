"""Each danger is found by `check --deploy`, under its own id; settings as they should be have none."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from config.database_roles import ROLE, owns_schema
from tests.database import as_owner

SAFE = {
    "IS_DEMO": False,
    "SECOND_FACTOR_REQUIRED": True,
    "WEBHOOKS_TO_LOOPBACK": False,
    "LOG_ORIGIN": "registry.example.cn/log",
    "PUBLIC_URL": "https://registry.example.cn",
    "ALLOWED_HOSTS": ["registry.example.cn"],
    "CSRF_TRUSTED_ORIGINS": [],
    "BEHIND_TLS": True,
    "NUM_PROXIES": 1,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "smtp.example.cn",
    "EMAIL_HOST_PASSWORD": "word",
    "EMAIL_USE_TLS": True,
    "DEFAULT_FROM_EMAIL": "noreply@registry.example.cn",
    "REDIS_URL": "redis://:word@127.0.0.1:6379/0",
    "CELERY_BROKER_URL": "redis://:word@127.0.0.1:6379/1",
}


@pytest.fixture
def found(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what finds the ids of our checks that speak, under safe settings with some changed."""
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)

    def ids(**changed: Any) -> list[str]:
        kept = {
            "STATIC_ROOT": str(tmp_path / "static"),
            "DOCUMENTS_DIR": tmp_path / "kept/documents",
            "REGISTRY_FILES": tmp_path / "kept/registry",
            "LOG_SIGNING_KEY_FILE": tmp_path / "kept/key",
        }
        for name, value in (SAFE | kept | changed).items():
            setattr(settings, name, value)
        messages = run_checks(tags=[Tags.security], include_deployment_checks=True)
        return [message.id for message in messages if str(message.id).startswith("operations")]

    return ids


def test_safe_settings_have_nothing_to_be_said_of(found: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"IS_DEMO": True}, "operations.E001"),
        ({"SECOND_FACTOR_REQUIRED": False}, "operations.E002"),
        ({"WEBHOOKS_TO_LOOPBACK": True}, "operations.E003"),
        ({"LOG_ORIGIN": "tianhui.example/log"}, "operations.E004"),
        ({"PUBLIC_URL": ""}, "operations.E006"),
        ({"PUBLIC_URL": "http://registry.example.cn"}, "operations.E006"),
        ({"PUBLIC_URL": "https://elsewhere.example.cn"}, "operations.E007"),
        ({"ALLOWED_HOSTS": ["registry.example.cn", "*"]}, "operations.E008"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.cn"]}, "operations.E009"),
        ({"CSRF_TRUSTED_ORIGINS": ["http://registry.example.cn"]}, "operations.E009"),
        ({"NUM_PROXIES": 0}, "operations.E010"),
        ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, "operations.E011"),
        ({"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}, "operations.E011"),
        ({"CELERY_BROKER_URL": "redis://:other@127.0.0.1/0"}, "operations.E012"),
        ({"DEFAULT_FROM_EMAIL": "Tianhui <noreply@tianhui.example>"}, "operations.W002"),
        ({"EMAIL_USE_TLS": False}, "operations.W003"),
        ({"REDIS_URL": "redis://127.0.0.1:6379/0"}, "operations.W004"),
        ({"STATIC_ROOT": None}, "operations.W006"),
    ],
)
def test_each_danger_is_found(found: Any, changed: dict[str, Any], said: str) -> None:
    assert found(**changed) == [said]


@pytest.mark.parametrize("host", ["registry.example.cn", ".example.cn", ".registry.example.cn"])
def test_a_host_is_allowed_as_django_allows_it(found: Any, host: str) -> None:
    assert found(ALLOWED_HOSTS=[host]) == []


def test_documents_are_not_where_everybody_may_fetch_them(found: Any, tmp_path: Path) -> None:
    assert found(DOCUMENTS_DIR=tmp_path / "static/documents") == ["operations.E013"]


@pytest.mark.parametrize(("mode", "said"), [(0o600, []), (0o640, ["operations.E005"]), (0o604, ["operations.E005"])])
def test_a_key_that_others_can_read_is_found(found: Any, tmp_path: Path, mode: int, said: list[str]) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/key").touch(mode=mode)
    (tmp_path / "kept/key").chmod(mode)
    assert found() == said


@pytest.mark.parametrize(("mode", "said"), [(0o440, []), (0o444, ["operations.E005"])])
def test_what_the_service_manager_hands_in_may_have_a_list_of_readers(
    found: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, said: list[str]
) -> None:
    (tmp_path / "secret-key").touch()
    (tmp_path / "secret-key").chmod(mode)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret-key"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert found() == said


def test_a_secret_in_the_environment_is_found(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@127.0.0.1/x")
    assert found() == ["operations.W001"]


def of_the_database() -> list[str]:
    messages = run_checks(tags=[Tags.database], include_deployment_checks=True, databases=["default"])
    return [str(message.id) for message in messages if str(message.id).startswith("operations")]


@pytest.mark.django_db
def test_a_role_that_owns_the_tables_is_found() -> None:
    # The suite logs in as the owner, and takes the application's role on.
    assert owns_schema(connection.settings_dict["USER"])
    assert not owns_schema(ROLE)
    assert of_the_database() == ["operations.E014"]


@pytest.mark.django_db
def test_a_role_with_a_right_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "USER", ROLE)
    assert of_the_database() == []
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"GRANT DELETE ON ledger_record TO {ROLE}")
    assert of_the_database() == ["operations.E016"]
