"""Say who can log in to the demo: person, organisation, role, user name, and where."""

import os
import unicodedata
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.models import Membership
from ledger.parties.services import STAFF_KINDS
from trading.demo.cast import is_gathered
from trading.demo.logins import password_file
from trading.demo.pilot import usernames


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        port = os.environ.get("WEB_PORT", "8000")
        parser.add_argument("--url", default=f"http://127.0.0.1:{port}", help="where the product is (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_gathered():
            raise CommandError("There is no demo in this database: run `manage.py seed_demo` first.")
        rows = [("user name", "person", "role", "organisation", "log in at")]
        rows += [_row(member, options["url"]) for member in _members()]
        widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())
        self.stdout.write(f"Password of all of them: {_password()}")


def _members() -> list[Membership]:
    members = Membership.objects.select_related("user", "organisation").filter(user__username__in=usernames())
    return list(members.order_by("id"))


def _row(member: Membership, url: str) -> tuple[str, str, str, str, str]:
    organisation = member.organisation
    door = "/admin/" if organisation.kind in STAFF_KINDS else "/login"
    name = f"{organisation.name} {organisation.name_en}"
    return member.user.username, member.user.display_name, f"{organisation.kind}: {member.role}", name, url + door


def _password() -> str:
    if not password_file().exists():
        return f"lost with {password_file()}; give new ones by `manage.py changepassword NAME`"
    return password_file().read_text(encoding="utf-8").strip()


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two each."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
