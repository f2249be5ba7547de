"""Make the role as which the application works in the database, or mend it; --check only says where it is not right.

Run it as the owner of the schema after every `migrate`. See docs/database.md.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env
from config.database_roles import ROLE, RolesError, differences, set_up_role


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--name", help=f"the role: that of DATABASE_URL where MIGRATIONS_DATABASE_URL is set, else {ROLE}"
        )
        parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where it is not right")

    def handle(self, *args: Any, **options: Any) -> None:
        login = _login()
        name = options["name"] or login.get("USER") or ROLE
        if not options["check"]:
            try:
                set_up_role(name, password=login.get("PASSWORD") or None if name == login.get("USER") else None)
            except RolesError as error:
                raise CommandError(str(error)) from error
        found = differences(name)
        for difference in found:
            self.stdout.write(f"BROKEN  {difference}")
        if found:
            sys.exit(1)
        if options["verbosity"]:
            self.stdout.write(f"{name} has what the application needs, and no more.")


def _login() -> dict[str, Any]:
    """Return how the application logs in; nothing where it works as the owner."""
    return env.postgres("DATABASE_URL") if env.text("MIGRATIONS_DATABASE_URL", "") else {}
