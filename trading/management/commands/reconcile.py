"""Check every invariant of the books; exit status 1 where one does not hold."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, no_translations

from trading.execution.reconciliation import reconcile


class Command(BaseCommand):
    help = __doc__ or ""

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        results = reconcile()
        for result in results:
            mark = "holds " if result.holds else "BROKEN"
            self.stdout.write(f"{mark}  {result.number}  {result.name}")
            if result.detail:
                self.stdout.write(f"           {result.detail}")
        if not all(result.holds for result in results):
            sys.exit(1)
