"""Read settings from the environment, and fail loudly at start when one is wrong."""

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from ledger.transparency.cosignatures import CosignatureVerifier
from ledger.transparency.notes import NoteError


class SettingError(RuntimeError):
    """A setting in the environment is missing or malformed."""


def text(name: str, default: str | None = None) -> str:
    """Return the setting `name`, or what the file `NAME_FILE` holds.

    Raises: SettingError where neither is set and there is no default, or where the file cannot be read.
    """
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{name}_FILE names {path}, which cannot be read: {error}.") from None
    value = os.environ.get(name, default)
    if value is None:
        raise SettingError(f"Set {name} (or {name}_FILE, a file that holds it).")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """Return the setting `name` as a truth value: 1, true, yes or 0, false, no."""
    value = os.environ.get(name, str(default)).strip().lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no", ""}:
        return False
    raise SettingError(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int) -> int:
    """Return the setting `name` as a whole number."""
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {value!r}.") from None


def rate(name: str, default: str) -> tuple[int, int]:
    """Return the setting `name`, such as 600/60, as how much there is in how many seconds.

    Raises: SettingError.
    """
    value = os.environ.get(name, default)
    quota, _slash, window = value.partition("/")
    if not (quota.isdigit() and window.isdigit() and int(quota) > 0 and 0 < int(window) <= 86_400):
        raise SettingError(f"{name} must be a number of requests and of seconds, such as 600/60, not {value!r}.")
    return int(quota), int(window)


def mail_backend(name: str, default: str) -> str:
    """Return Django's backend for the word in the setting `name`: console, file or smtp."""
    word = os.environ.get(name, default).strip().lower()
    backends = {"console": "console", "file": "filebased", "smtp": "smtp"}
    if word not in backends:
        raise SettingError(f"{name} must be console, file or smtp, not {word!r}.")
    return f"django.core.mail.backends.{backends[word]}.EmailBackend"


def log_format(name: str, default: str) -> str:
    """Return how log lines are written by the word in the setting `name`: json or text."""
    word = os.environ.get(name, default).strip().lower()
    if word not in {"json", "text"}:
        raise SettingError(f"{name} must be json or text, not {word!r}.")
    return word


def networks(name: str, default: str) -> list[str]:
    """Return the comma-separated setting `name` as networks, such as 10.0.0.0/8 or one address.

    Raises: SettingError.
    """
    found = words(name, default)
    for word in found:
        try:
            ipaddress.ip_network(word)
        except ValueError as error:
            raise SettingError(f"{name} holds {word!r}, which is no network: {error}.") from None
    return found


def words(name: str, default: str = "") -> list[str]:
    """Return the comma-separated setting `name`, or that in the file `NAME_FILE`, as a list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def witnesses(name: str) -> list[tuple[str, str]]:
    """Return the witnesses in the comma-separated setting `name`: the verifier key of each, and its URL or nothing.

    Raises: SettingError for what is no witness's key, no URL, or there twice.
    """
    found = [_witness(name, word) for word in words(name)]
    keys = {CosignatureVerifier(vkey).public_key for vkey, _url in found}
    if len(keys) < len(found):
        raise SettingError(f"{name} names one witness twice.")
    return found


def _witness(name: str, word: str) -> tuple[str, str]:
    vkey, _space, url = word.partition(" ")
    try:
        CosignatureVerifier(vkey)
    except NoteError as error:
        raise SettingError(f"{name} holds {vkey!r}: {error}.") from None
    if url and urlsplit(url.strip()).scheme not in {"http", "https"}:
        raise SettingError(f"{name}: a witness's URL begins with https://, unlike {url.strip()!r}.")
    return vkey, url.strip().rstrip("/")


def postgres(name: str) -> dict[str, Any]:
    """Return Django's database settings for the URL in `name` (postgresql://user:password@host:port/db).

    Several hosts stand with commas between, as libpq has them: postgresql://…@a:5432,b:5432/db?target_session_attrs=read-write.
    They are tried in their order, each time that a connection is made.

    Raises: SettingError where the URL is missing or names another database.
    """
    try:
        url = urlsplit(text(name))
    except ValueError as error:
        raise SettingError(f"{name} is no URL: {error}.") from None
    if url.scheme not in {"postgres", "postgresql"}:
        raise SettingError(f"{name} must start with postgresql://: PostgreSQL is the only database.")
    login, _at, servers = url.netloc.rpartition("@")
    user, _colon, password = login.partition(":")
    found = [_host_and_port(name, server) for server in servers.split(",")]
    ports = [port for _host, port in found]
    return {
        "ENGINE": "config.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "HOST": ",".join(host for host, _port in found),
        # libpq wants one for each host, or one for all.
        "PORT": ",".join(port or "5432" for port in ports) if any(ports) else "",
        "OPTIONS": dict(parse_qsl(url.query)),
    }


def _host_and_port(name: str, server: str) -> tuple[str, str]:
    """Return one of the hosts that a URL names, and its port, which may be empty."""
    try:
        one = urlsplit(f"//{server}")
        return unquote(one.hostname or ""), str(one.port or "")
    except ValueError as error:
        raise SettingError(f"{name} names a server that is none, {server!r}: {error}.") from None


def next_redis_database(url: str) -> str:
    """Return the URL of the Redis database after the one that a URL names, 1 after none.

    Raises: SettingError where the URL names none by number.
    """
    parts = urlsplit(url)
    number = parts.path.strip("/") or "0"
    if not number.isdigit():
        raise SettingError(f"A Redis URL ends with the number of a database, not with {parts.path!r}.")
    return urlunsplit(parts._replace(path=f"/{int(number) + 1}"))
