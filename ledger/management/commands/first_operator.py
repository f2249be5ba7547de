"""Print a code, good once and for an hour, with which the operator's first person makes their account in the browser.

Done once, on the server, after the first start. Until somebody has come, a further call makes another code, and the one before
is worthless. The first person invites the second; from then on one proposes and another confirms.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from ledger.errors import DomainError
from ledger.parties.first_operator import as_typed, offer_first_operator


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the operator's name, for example 田汇登记中心")
        parser.add_argument("--name-en", default="", help="its name in English")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            invitation, code = offer_first_operator(name=options["name"], name_en=options["name_en"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        until = timezone.localtime(invitation.expires_at)
        site = settings.PUBLIC_URL
        self.stdout.write(f"code        {code}")
        self.stdout.write(f"address     {site}{reverse('first_operator_link', args=[as_typed(code)])}")
        self.stdout.write(f"good until  {until:%Y-%m-%d %H:%M}")
        self.stdout.write(
            "Shown this once. Who opens the address, or types the code there, is the operator's first person."
        )
