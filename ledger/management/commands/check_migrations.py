"""Read the SQL of each migration since the last release; exit status 1 where one would hold up trading or break the old code."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations

from config.operations.upgrades import lint


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--write-baseline", action="store_true", help="take all migrations for released; done once a release"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        loader = lint.loader()
        if options["write_baseline"]:
            lint.write_baseline(loader)
            return
        found = list(lint.problems(loader, lint.new_migrations(loader)))
        for problem in found:
            self.stdout.write(problem)
        if found:
            self.stdout.write("See docs/upgrades.md for how each is done without holding up trading.")
            sys.exit(1)
