"""Freeze trading, withdrawals or everything from the server's command line, for when pages cannot be reached; or show what stands.

One command, at once, recorded as `system`. Nothing is lifted here: that takes two people, and who they are only pages know.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.errors import DomainError
from ledger.freezes import Scope
from ledger.incidents.models import Incident
from trading.incidents.services import freeze


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        begin = steps.add_parser("freeze", help="freeze something, now")
        begin.add_argument("scope", choices=Scope.values)
        begin.add_argument("--reason", required=True, help="shown to everyone, on every page")
        steps.add_parser("status", help="show what is frozen")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["step"] == "freeze":
            try:
                incident = freeze(actor=None, scope=options["scope"], reason=options["reason"])
            except DomainError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(
                f"Incident {incident.pk}: {incident.scope} is frozen. Two people of the operator lift it at the desk."
            )
            return
        standing = list(Incident.objects.filter(lifted_at=None).order_by("id"))
        for each in standing:
            self.stdout.write(
                f"Incident {each.pk}: {each.scope} since {each.begun_at:%Y-%m-%d %H:%M:%S %Z}: {each.reason}"
            )
        if not standing:
            self.stdout.write("Nothing is frozen.")
