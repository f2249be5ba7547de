"""Cosign a log's checkpoints for another organisation. `python -m ledger.transparency.witness` is the same without settings."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.transparency.witness import command


class Command(BaseCommand):
    help = command.DESCRIPTION
    # Nothing of the registry is looked at, its database least of all.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if status := command.run(argparse.Namespace(**options)):
            sys.exit(status)
