"""Create the operator with its first people, and print a password for each.

Done once, after `make up`: the registrar then approves the organisations that apply. Whoever gets a password changes it at
/admin/password_change/ after the first log-in. Money is entered by one treasurer and confirmed by another, hence two of them.
"""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ledger.errors import DomainError
from ledger.models import Membership, User
from ledger.parties.services import create_operator, register_user

Role = Membership.Role
TREASURERS = 2


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the operator's name, for example 田汇登记中心")
        parser.add_argument("--name-en", default="", help="its name in English")
        parser.add_argument("--owner", default="owner", help="user name of who adds more people (%(default)s)")
        parser.add_argument("--registrar", default="registrar", help="user name of the registrar (%(default)s)")
        parser.add_argument(
            "--treasurers",
            nargs=TREASURERS,
            default=["treasurer1", "treasurer2"],
            metavar="NAME",
            help="user names of the treasurers (treasurer1 treasurer2)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        roles = {options["owner"]: Role.OWNER, options["registrar"]: Role.REGISTRAR}
        roles |= dict.fromkeys(options["treasurers"], Role.TREASURER)
        if len(roles) < 2 + TREASURERS:
            raise CommandError("Four people are needed: give each a user name of their own.")
        try:
            passwords = _create(options["name"], options["name_en"], roles)
        except DomainError as error:
            raise CommandError(str(error)) from error
        for username, password in passwords.items():
            self.stdout.write(f"{username:<16} {roles[username]:<10} {password}")
        self.stdout.write("These passwords are shown this once. Change them at /admin/password_change/.")


@transaction.atomic
def _create(name: str, name_en: str, roles: dict[str, Role]) -> dict[str, str]:
    passwords = {username: secrets.token_urlsafe(12) for username in roles}
    members = [(_register(username, passwords[username]), role) for username, role in roles.items()]
    create_operator(name=name, name_en=name_en, members=members)
    return passwords


def _register(username: str, password: str) -> User:
    return register_user(username=username, password=password, display_name=username)
