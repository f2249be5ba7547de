"""Delete files of documents that no row names: what a process left that was killed while it added one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ledger.projects.documents.store import ORPHAN_AFTER_SECONDS, sweep_orphans


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than-seconds", type=int, default=ORPHAN_AFTER_SECONDS)

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep_orphans(older_than_seconds=options["older_than_seconds"])
        self.stdout.write(f"swept    {swept}")
