"""Import a file in OffsetsDB's format as reference data."""

from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from ledger.errors import DomainError
from ledger.registry.imports.services import run_import, take_in
from ledger.registry.models import ReferenceImport

CHUNK_BYTES = 1 << 20


class Command(BaseCommand):
    help = "Import a CSV file of OffsetsDB (projects or credits; the first line tells which) as reference data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import it here and now, and say what became of it."""
        path: Path = options["file"]
        started = perf_counter()
        try:
            with path.open("rb") as file:
                source = take_in(chunks=iter(lambda: file.read(CHUNK_BYTES), b""), file_name=path.name)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except DomainError as error:
            raise CommandError(str(error)) from None
        if not run_import(import_id=source.pk):
            self.stdout.write(f"{path.name} was imported before, or is being imported: nothing new.")
            return
        source.refresh_from_db()
        if source.state == ReferenceImport.State.FAILED:
            message, params = source.failure["message"], source.failure["params"]
            raise CommandError(_(message) % params)
        self._report(source, perf_counter() - started)

    def _report(self, source: ReferenceImport, seconds: float) -> None:
        self.stdout.write(
            f"{source.file_name}: {source.rows_read:,} rows of {source.kind} read in {seconds:.1f} s "
            f"({source.rows_read / max(seconds, 0.001):,.0f} rows/s), {source.rows_accepted:,} accepted "
            f"({source.rows_new:,} new), {source.rows_refused:,} refused."
        )
        for refusal in source.refusals.all()[:20]:
            self.stdout.write(f"  line {refusal.line}: {refusal.field}: {_(refusal.reason)} {refusal.given!r}")
