"""Fill a scratch database with a large registry."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from ledger.projects.models import Project
from ledger.registry.large import Size, seed_large


class Command(BaseCommand):
    help = "Fill a scratch database with many projects, parcels and retirements, the same ones for the same seed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how many of each."""
        parser.add_argument("--projects", type=int, default=100_000)
        parser.add_argument("--parcels", type=int, default=1_000_000)
        parser.add_argument("--retirements", type=int, default=1_000_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--force", action="store_true", help="even where there are projects already")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill it, and say how long that took."""
        if options["projects"] < 1 or options["parcels"] < 0 or options["retirements"] < 0:
            raise CommandError("At least one project, please, and no negative numbers.")
        if Project.objects.exists() and not options["force"]:
            name = connection.settings_dict["NAME"]
            raise CommandError(f"The database {name} has projects: this is for scratch databases alone (or --force).")
        started = perf_counter()
        seed_large(Size(options["projects"], options["parcels"], options["retirements"], options["seed"]))
        self.stdout.write(
            f"{options['projects']:,} projects, {options['parcels']:,} parcels, {options['retirements']:,} retirements "
            f"in {perf_counter() - started:.0f} s."
        )
