"""Write the log into a folder that an auditor verifies without the operator, or bring an earlier export up to date.

The folder is in the layout of C2SP tlog-tiles, with the log's verifier key beside it (vkey). Hand the key over by another way,
too: `python -m ledger.transparency verify DIR --key VKEY` trusts the one that is given to it alone.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.transparency.export import ExportError, export_log


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where to write; made where it does not exist")
        parser.add_argument(
            "--upto", type=int, metavar="SIZE", help="the newest signed state of at most so many records"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["upto"] is not None and options["upto"] < 1:
            raise CommandError("--upto is a number of records, from 1.")
        try:
            export = export_log(options["folder"], up_to=options["upto"])
        except ExportError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"size     {export.size}")
        self.stdout.write(f"new      {export.size - export.size_before}")
        self.stdout.write(f"folder   {options['folder']}")
