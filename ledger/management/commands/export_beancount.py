"""Write the whole journal as a beancount file, which bean-check and other programs of plain-text accounting read."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.journal.beancount import write_beancount


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, for example tianhui.beancount")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            count = _write(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} transactions written to {path}")


def _write(path: Path) -> int:
    """Write the file, all or nothing."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            count = write_beancount(out)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
    return count
