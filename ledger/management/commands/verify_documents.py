"""Hash the file of every document again: each is there, and is what was handed in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.credits.reconciliation import check_files


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        result = check_files()
        if not result.holds:
            raise CommandError(result.detail)
        self.stdout.write(result.name)
