"""A product of its own to measure: fresh servers with their ordinary settings, a market, and traders with means."""

import contextlib
import http.client
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config import embedded
from config.processes import Processes
from config.run import BASE_DIR, environment_for, programs

if TYPE_CHECKING:
    from ledger.models import Membership
    from trading.models import Market

VAR = BASE_DIR / "var" / "bench"
TRADERS = 200
CASH_FEN = 10**12
TONNES = 10**7
WEB_PORT = 18_100
WEB_SECONDS = 60.0


@dataclass(frozen=True)
class Stage:
    """Where the measurements take place."""

    database_url: str
    environment: Mapping[str, str]
    pgbench: Path

    @contextlib.contextmanager
    def running(self, *names: str) -> Iterator[Processes]:
        """Run some of the product's programs as long as the context lasts."""
        processes = Processes(BASE_DIR, self.environment)
        try:
            for name, command in programs(self.environment).items():
                if name in names:
                    processes.start(name, command)
            yield processes
        finally:
            processes.stop()

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Run the pages and the API as long as the context lasts, which begins when they answer."""
        address = ("127.0.0.1", int(self.environment["WEB_PORT"]))
        with self.running("web"):
            deadline = monotonic() + WEB_SECONDS
            while not _answers(address):
                assert monotonic() < deadline, "the pages do not answer"
                sleep(0.1)
            yield

    def copy_database(self, name: str) -> None:
        """Make a database that holds what this one holds now."""
        from django.db import connection

        connection.close()
        new_database(self.database_url, name, like=urlsplit(self.database_url).path.lstrip("/"))

    @contextlib.contextmanager
    def on(self, name: str) -> Iterator["Stage"]:
        """Work on another database of the same server as long as the context lasts."""
        from django.conf import settings
        from django.db import connection

        url, usual = database_url_of(self.database_url, name), connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = name
        # Each database has a log of its own, which one key signs.
        settings.LOG_STATE_FILE = str(VAR / f"log-state-{name}")
        own = {"DATABASE_URL": url, "LOG_STATE_FILE": settings.LOG_STATE_FILE}
        try:
            yield replace(self, database_url=url, environment={**self.environment, **own})
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            settings.LOG_STATE_FILE = ""


def _answers(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", "/empty")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Start servers on an empty folder, and set Django up on them; the folder is gone when all went well."""
    embedded.remove(VAR)
    with embedded.services(VAR, say=lambda _message: None) as services:
        web = embedded.free_port(WEB_PORT)
        environment = environment_for(VAR, services) | {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            # Counted as in earnest, and never too many.
            **{f"RATE_{what}": "100000000/60" for what in ("READS", "ORDERS", "VISITORS", "SEARCHES")},
            "WEB_PORT": str(web),
            "STREAM_PORT": str(embedded.free_port(web + 1)),
        }
        os.environ.update(environment)
        _set_up_django()
        try:
            yield Stage(services.database_url, environment, services.pgbench)
        finally:
            from django.db import connections

            connections.close_all()
    # Gigabytes by now; after a failure they are left to be looked at, until the next start.
    embedded.remove(VAR)


def new_database(database_url: str, name: str, *, like: str | None = None) -> str:
    """Make a database on the same server, empty or with all that another one holds, and return its URL."""
    template = sql.SQL("TEMPLATE {}").format(sql.Identifier(like)) if like else sql.SQL("")
    with psycopg.connect(database_url_of(database_url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), template))
    return database_url_of(database_url, name)


def database_url_of(database_url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


def _set_up_django() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@dataclass(frozen=True)
class Floor:
    """A market with its traders, each of whom has money and credits for as long as a run takes."""

    market: "Market"
    traders: "list[Membership]"


def open_floor(traders: int = TRADERS) -> Floor:
    """Issue credits, open a market, and give every one of so many traders cash and credits, by the services that do so in earnest."""
    from ledger.credits.transfers.services import accept_transfer
    from tests.factories import MembershipFactory
    from tests.scenes import issue_to_cooperative, market_for, offer_credits, pay_in, people

    who = people()
    batch = issue_to_cooperative(who, traders * TONNES)
    market = market_for(who, batch, taker_fee_bps=30)
    members = [MembershipFactory() for _ in range(traders)]
    for member in members:
        pay_in(who, member, CASH_FEN)
        offered = offer_credits(who.cooperative, member, batch, TONNES)
        accept_transfer(actor=member, public_id=offered.public_id)
    return Floor(market, members)
