"""What must not be so where the product serves real people: `manage.py check --deploy --database default`.

Errors are what puts money, credits or the log at risk, and end a release; warnings are what somebody has to decide.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from config.database_roles import RolesError, differences, owns_schema
from config.settings import BASE_DIR

SHOWN = 5
EXAMPLE_DOMAIN = "tianhui.example"
OTHERS, GROUP = 0o007, 0o070
Check = Callable[..., Iterator[CheckMessage]]


def _deploy(check: Check) -> Check:
    """Have a check run with `check --deploy`, and with nothing else: neither the demo nor a test is told."""

    def run(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
        return list(check())

    run.__name__ = check.__name__
    register(run, Tags.security, deploy=True)
    return check


@_deploy
def demo_is_off() -> Iterator[CheckMessage]:
    """What makes the demo easy makes it open."""
    if settings.IS_DEMO:
        yield Error("IS_DEMO is on.", hint="The demo's people share a password. Take it out.", id="operations.E001")
    if not settings.SECOND_FACTOR_REQUIRED:
        yield Error(
            "SECOND_FACTOR_REQUIRED is 0: a password alone lets people of the operator in, and money out.",
            hint="Take it out.",
            id="operations.E002",
        )
    if settings.WEBHOOKS_TO_LOOPBACK:
        yield Error(
            "WEBHOOKS_TO_LOOPBACK is on: anybody with a webhook reaches this machine's own services.",
            hint="Take it out.",
            id="operations.E003",
        )


@_deploy
def log_has_a_name() -> Iterator[CheckMessage]:
    """A log that is called like every other log cannot be told from them, and cannot be renamed later."""
    if settings.LOG_ORIGIN.partition("/")[0] == EXAMPLE_DOMAIN:
        yield Error(
            f"LOG_ORIGIN is {settings.LOG_ORIGIN}, the name of no log.",
            hint="Name it before the first start, such as registry.example.cn/log: every proof holds the name for ever.",
            id="operations.E004",
        )


@_deploy
def secrets_are_secret() -> Iterator[CheckMessage]:
    """What only we should read, only we can read."""
    for name, path in secret_files(os.environ):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            continue
        # The service manager lets its service read by an access list, which shows as the group's right.
        given = mode & (OTHERS if _is_handed_in(path) else OTHERS | GROUP)
        if given:
            yield Error(
                f"{path} ({name}) can be read or changed by others: mode {mode & 0o777:04o}.",
                hint=f"chmod 600 {path}, and change the secret: somebody may have it.",
                id="operations.E005",
            )


def secret_files(environment: os._Environ[str] | dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the files that hold secrets, each with the setting that names it."""
    yield "LOG_SIGNING_KEY_FILE", Path(settings.LOG_SIGNING_KEY_FILE)
    for name in SECRETS:
        if path := environment.get(f"{name}_FILE"):
            yield f"{name}_FILE", Path(path)


SECRETS = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DATABASE_URL",
    "MIGRATIONS_DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "EMAIL_HOST_PASSWORD",
    "SMS_GATEWAY_SECRET",
)
"""The settings that are to be given as a file: NAME_FILE names it."""


def _is_handed_in(path: Path) -> bool:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.parent == Path(folder)


@_deploy
def secrets_are_files() -> Iterator[CheckMessage]:
    """An environment is inherited, printed and kept in dumps; a file is read once."""
    found = [name for name in SECRETS if os.environ.get(name)]
    if found:
        yield Warning(
            f"{', '.join(found)} stand in the environment.",
            hint="Put each into a file of mode 0600, and name it: " + ", ".join(f"{name}_FILE" for name in found) + ".",
            id="operations.W001",
        )


@_deploy
def site_has_an_address() -> Iterator[CheckMessage]:
    """Certificates, mail and invitations say where the site is; a forged Host header must not."""
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme != "https" or not url.hostname:
        yield Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL or 'not set'}: links in mail and on certificates lead where a caller says.",
            hint="Set it to the address at which the public finds the site, such as https://registry.example.cn.",
            id="operations.E006",
        )
    elif not _is_allowed(url.hostname):
        yield Error(
            f"ALLOWED_HOSTS has no {url.hostname}, which PUBLIC_URL names: every page would be refused.",
            hint="Add it.",
            id="operations.E007",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS has a *.", hint="Name the hosts.", id="operations.E008")
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if urlsplit(origin).scheme != "https" or "*" in origin:
            yield Error(
                f"CSRF_TRUSTED_ORIGINS has {origin}: whoever is there can send our forms.",
                hint="Name whole addresses that begin with https://, or none: the site's own needs no entry.",
                id="operations.E009",
            )


def _is_allowed(host: str) -> bool:
    return any(
        each == host or (each.startswith(".") and (host == each[1:] or host.endswith(each)))
        for each in settings.ALLOWED_HOSTS
    )


@_deploy
def callers_are_known() -> Iterator[CheckMessage]:
    """Behind a proxy all callers seem to be the proxy, unless its word for where they come from is taken."""
    if settings.BEHIND_TLS and settings.NUM_PROXIES < 1:
        yield Error(
            "NUM_PROXIES is 0 behind a proxy: one who guesses passwords locks everybody out.",
            hint="Set it to how many proxies stand before the product, each adding to X-Forwarded-For.",
            id="operations.E010",
        )


@_deploy
def mail_leaves() -> Iterator[CheckMessage]:
    """Without mail nobody sets a new password, and nobody is told that one was set."""
    if settings.EMAIL_BACKEND.rpartition(".EmailBackend")[0].rpartition(".")[2] in ("console", "filebased", "dummy"):
        yield Error(
            "Mail goes nowhere: its links to new passwords stand in the programs' output, or in files.",
            hint="Set EMAIL_HOST, and what it needs.",
            id="operations.E011",
        )
        return
    if EXAMPLE_DOMAIN in settings.DEFAULT_FROM_EMAIL:
        yield Warning(
            f"DEFAULT_FROM_EMAIL is {settings.DEFAULT_FROM_EMAIL}: others will take our mail for forged.",
            hint="Set it to an address of your own.",
            id="operations.W002",
        )
    is_here = settings.EMAIL_HOST in ("localhost", "127.0.0.1", "::1")
    if settings.EMAIL_HOST_PASSWORD and not is_here and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        yield Warning(
            f"The password of {settings.EMAIL_HOST_USER or 'our mail'} goes to {settings.EMAIL_HOST} unencrypted.",
            hint="Set EMAIL_USE_TLS=1, or EMAIL_USE_SSL=1.",
            id="operations.W003",
        )


@_deploy
def broker_is_apart() -> Iterator[CheckMessage]:
    """Whoever empties the cache must not lose what waits for a worker."""
    if _redis_place(settings.REDIS_URL) == _redis_place(settings.CELERY_BROKER_URL):
        yield Error(
            "The cache and the broker are one Redis database: emptying the cache loses what waits for a worker.",
            hint="Give CELERY_BROKER_URL a database of its own, or take it out.",
            id="operations.E012",
        )
    url = urlsplit(settings.REDIS_URL)
    if url.hostname and not url.password:
        yield Warning(
            "Redis has no password: whoever reaches it can tell the workers what to do.",
            hint="Set requirepass there, and put the password into REDIS_URL.",
            id="operations.W004",
        )


def _redis_place(address: str) -> tuple[str | None, int, str]:
    url = urlsplit(address)
    return url.hostname, url.port or 6379, url.path.strip("/") or "0"


@_deploy
def private_folders_are_not_served() -> Iterator[CheckMessage]:
    """What is kept from visitors does not lie where static files are served from."""
    served = [settings.STATIC_ROOT, *(_folder(each) for each in settings.STATICFILES_DIRS)]
    private = {
        "DOCUMENTS_DIR": settings.DOCUMENTS_DIR,
        "LOG_SIGNING_KEY_FILE": settings.LOG_SIGNING_KEY_FILE,
        "REGISTRY_FILES": settings.REGISTRY_FILES,
    }
    for name, path in private.items():
        for folder in filter(None, served):
            if Path(path).resolve().is_relative_to(Path(folder).resolve()):
                yield Error(
                    f"{name} ({path}) lies in {folder}, which everybody may fetch.",
                    hint="Put it elsewhere, such as below /var/lib/tianhui.",
                    id="operations.E013",
                )
        if Path(path).resolve().is_relative_to(BASE_DIR):
            yield Warning(
                f"{name} ({path}) lies in the code's own folder, which the next version takes the place of.",
                hint="Put it elsewhere, such as below /var/lib/tianhui.",
                id="operations.W005",
            )
    if settings.STATIC_ROOT is None:
        yield Warning(
            "STATIC_ROOT is not set: styles and scripts are served uncompressed, and read anew each time.",
            hint="Set it, and run `manage.py collectstatic`.",
            id="operations.W006",
        )


def _folder(entry: Any) -> Any:
    return entry[1] if isinstance(entry, tuple) else entry


@register(Tags.database, deploy=True)
def role_may_do_no_more_than_it_must(
    app_configs: object, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Whoever serves pages can neither change what is written once, nor take the guards away."""
    if "default" not in (databases or ()):
        return []
    name = settings.DATABASES["default"]["USER"]
    hint = "Run `manage.py database_roles`, and let DATABASE_URL name its role (docs/database.md)."
    try:
        if owns_schema(name):
            said = f"The application works as {name}, who owns the tables and can take their guards away."
            return [Error(said, hint=hint, id="operations.E014")]
        found = differences(name)
    except RolesError as error:
        return [Error(str(error), id="operations.E015")]
    more = f" … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [Error(f"{'; '.join(found[:SHOWN])}{more}.", hint=hint, id="operations.E016")] if found else []
