"""Let a restored copy go on in the place of the database that is dead. Until then it is read-only, and signs and sends nothing.

Stop every program of the old one first, and keep it from starting again: two that go on are two logs. What is known to have
been signed is compared with what the copy has; where the copy lacks some of it, that must be accepted by number.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.db import transaction

from ledger.notices.keeping import hold_back_messages
from ledger.transparency.keys import LogKeyMismatch
from ledger.transparency.taking_over import (
    TakeOverError,
    allow_writes,
    finish_taking_over,
    record_taking_over,
    standing,
)


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--old-is-dead",
            required=True,
            metavar="STATEMENT",
            help="who made sure, when and how, that the old database and its programs do not run and will not start",
        )
        parser.add_argument(
            "--witnessed",
            type=Path,
            metavar="FILE",
            help="the newest checkpoint of the log that anybody has, best a witness's",
        )
        parser.add_argument(
            "--accept-lost",
            type=int,
            metavar="SIZE",
            help="how many records were signed, where not all of them are here",
        )
        parser.add_argument(
            "--resend-messages",
            action="store_true",
            help="send e-mails and text messages that wait in the copy; not given: they are given up, since they may have gone out",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        if len(options["old_is_dead"].split()) < 3:
            raise CommandError("--old-is-dead: say in a sentence who made sure of it, when and how.")
        try:
            self._take_over(options)
        except (TakeOverError, LogKeyMismatch, OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _take_over(self, options: dict[str, Any]) -> None:
        note = options["witnessed"].read_text(encoding="utf-8") if options["witnessed"] else None
        found = standing(known_note=note)
        allow_writes()
        with transaction.atomic():
            token = record_taking_over(found, accept_lost=options["accept_lost"], statement=options["old_is_dead"])
            held = 0 if options["resend_messages"] else hold_back_messages()
        finish_taking_over(found, token)
        self.stdout.write(f"copy         {found.label}")
        self.stdout.write(f"its log      {found.size} records")
        self.stdout.write(
            f"signed       {found.known_size} records, {'all' if found.is_whole else 'NOT ALL'} of them in the copy"
        )
        self.stdout.write(f"held back    {held} messages")
        self.stdout.write("in service   start the programs now; have all of them connect anew")
