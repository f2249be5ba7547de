"""Let another key sign the log from now on; run it again where it was stopped. The old key's file is kept aside."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.transparency.keys import LogKeyMismatch
from ledger.transparency.rotation import RotationError, rotate_log_key


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key-file", type=Path, help="the new seed (base64, 32 bytes, mode 0600); not given: one is made"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate_log_key(new_key_file=options["new_key_file"])
        except (RotationError, LogKeyMismatch, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"signs now  {done.vkey}")
        self.stdout.write(f"from size  {done.from_size}")
        if done.retired_file is not None:
            self.stdout.write(f"put aside  {done.retired_file}")
