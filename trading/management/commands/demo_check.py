"""Drive one season through the running demo over HTTP, then check its books and its log; exit status 1 at a failure."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from trading.demo.client import Client, Refused
from trading.demo.logins import password_file
from trading.demo.season import Season, StepFailed, steps


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        port = os.environ.get("WEB_PORT", "8000")
        parser.add_argument("--url", default=f"http://127.0.0.1:{port}", help="where the product is (%(default)s)")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        if not password_file().exists():
            raise CommandError(f"The demo's password is not in {password_file()}: run `manage.py seed_demo` first.")
        season = Season(Client(options["url"]), password_file().read_text(encoding="utf-8").strip())
        self.stdout.write(f"One season at {options['url']}")
        for title, take in steps(season):
            # Before the step: whatever ends it, its name is there.
            self.stdout.write(f"  {title}")
            try:
                figures = take()
            except (StepFailed, Refused, OSError) as error:
                self.stdout.write(f"    ✗ {error}")
                sys.exit(1)
            self.stdout.write(f"    ✓ {figures}")
        self.stdout.write("All of it holds.")
