"""Django's migrate, but that it waits for no lock for longer than half a second, and comes again (docs/upgrades.md)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate

from config.operations.upgrades.patience import (
    LOCK_TIMEOUT_MS,
    RETRY_SECONDS,
    NeverFree,
    again_and_again,
    one_at_a_time,
    short_waits,
)


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout-ms", type=int, default=LOCK_TIMEOUT_MS, help="how long each statement waits for a lock"
        )
        parser.add_argument("--retry-seconds", type=float, default=RETRY_SECONDS, help="for how long it is tried again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, again and again until each lock was to be had. What a try has migrated stays."""
        seconds = options["retry_seconds"]
        try:
            with one_at_a_time(seconds=seconds, say=self.stderr.write), short_waits(options["lock_timeout_ms"]):
                again_and_again(
                    lambda: super(Command, self).handle(*args, **options), seconds=seconds, say=self.stderr.write
                )
        except NeverFree as error:
            raise CommandError(str(error)) from error
