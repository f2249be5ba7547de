"""Rebuild the log from its records and compare all that is stored and signed; exit status 1 at the first difference."""

import base64
import sys
from typing import Any

from django.core.management.base import BaseCommand

from ledger.transparency.selectors import waiting_records
from ledger.transparency.verification import verify_log


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_log()
        self.stdout.write(f"size     {found.size}")
        self.stdout.write(f"root     {base64.b64encode(found.root).decode()}")
        self.stdout.write(f"waiting  {waiting_records()}")
        if found.difference:
            self.stdout.write(f"BROKEN   {found.difference}")
            sys.exit(1)
        self.stdout.write("holds    every leaf, tile and signed checkpoint is what the records give")
