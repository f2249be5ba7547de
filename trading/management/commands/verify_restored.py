"""Check a restored copy through and through, changing nothing: books, log, the log from its bytes alone, documents.

Prints what was found as JSON; exit status 1 where something does not hold. Part of the drill (config/operations/backup).
"""

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from ledger.credits.reconciliation import check_files
from ledger.models import Document, Record
from ledger.transparency.binding import restored_label
from ledger.transparency.cosignatures import CosignatureVerifier
from ledger.transparency.export import export_log
from ledger.transparency.notes import NoteError, Verifier, parse_checkpoint
from ledger.transparency.offline.progress import Progress
from ledger.transparency.offline.sources import FolderSource
from ledger.transparency.offline.state import Seen
from ledger.transparency.offline.verify import verify_log as verify_offline
from ledger.transparency.selectors import latest_checkpoint, waiting_records, witnessed_checkpoint
from ledger.transparency.verification import verify_log
from trading.execution.reconciliation import reconcile
from trading.models import Instruction, Order, Trade


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--log-key", metavar="VKEY", help="the log's verifier key, as it was handed out; else the copy's own"
        )
        parser.add_argument(
            "--witness", action="append", default=[], metavar="VKEY", help="a witness that must have cosigned"
        )
        parser.add_argument(
            "--witnessed",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a checkpoint that is kept elsewhere",
        )
        parser.add_argument("--documents", action="store_true", help="compare every document with its hash")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        problems: list[str] = []
        found = {
            "restored": restored_label(),
            "books": _books(problems),
            "log": _log(problems),
            "offline": _offline(problems, options),
            "orders": Order.objects.count(),
            "trades": _trades(),
        }
        if options["documents"]:
            found["documents"] = _documents(problems)
        self.stdout.write(json.dumps(found | {"holds": not problems, "problems": problems}, indent=1))
        if problems:
            sys.exit(1)


def _books(problems: list[str]) -> list[dict[str, Any]]:
    results = reconcile()
    problems += [
        f"invariant {result.number} ({result.name}): {result.detail}" for result in results if not result.holds
    ]
    return [{"number": result.number, "name": str(result.name), "holds": result.holds} for result in results]


def _log(problems: list[str]) -> dict[str, Any]:
    found = verify_log()
    if found.difference:
        problems.append(f"log: {found.difference}")
    return {
        "size": found.size,
        "root": base64.b64encode(found.root).decode(),
        "records": Record.objects.count(),
        "waiting": waiting_records(),
    }


def _offline(problems: list[str], options: dict[str, Any]) -> dict[str, Any]:
    """Verify the log as an auditor would, from its bytes, against what was signed and witnessed before."""
    newest = latest_checkpoint()
    if newest is None:
        return {"size": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "log"
        export_log(folder)
        vkey = options["log_key"] or (folder / "vkey").read_text(encoding="ascii").strip()
        kept = [_kept(path, vkey) for path in options["witnessed"]]
        seen = Seen(roots={size: root for size, root in kept if size <= newest.tree_size})
        result = verify_offline(FolderSource(folder), vkey, seen=seen, progress=Progress(None))
    problems += [f"offline: {finding}" for finding in result.findings.in_order()]
    missing = sorted(size for size, _root in kept if size > newest.tree_size)
    return {
        "size": result.checkpoint.size,
        "signed_by": result.signed_by,
        "key_from": "given" if options["log_key"] else "the copy itself",
        "consistent_with": result.consistent_with,
        "witnessed_elsewhere_and_lost": missing,
        "witnessed": _witnessed(problems, options["witness"]),
    }


def _kept(path: Path, vkey: str) -> tuple[int, bytes]:
    try:
        body = parse_checkpoint(Verifier(vkey).verify(path.read_text(encoding="utf-8")))
    except (OSError, NoteError) as error:
        raise CommandError(f"{path} is no checkpoint of this log: {error}.") from error
    return body.size, body.root


def _witnessed(problems: list[str], witnesses: list[str]) -> dict[str, Any]:
    """Return the newest checkpoint in the copy that has cosignatures, checked with the witnesses' keys."""
    checkpoint = witnessed_checkpoint()
    if checkpoint is None:
        if witnesses:
            problems.append("no checkpoint of the copy has a cosignature")
        return {"size": 0, "by": []}
    note = checkpoint.note + "".join(checkpoint.cosignatures.order_by("pk").values_list("line", flat=True))
    by = []
    for vkey in witnesses:
        verifier = CosignatureVerifier(vkey)
        if verifier.find(note) is None:
            problems.append(f"{verifier.name} has not cosigned the checkpoint of size {checkpoint.tree_size}")
        else:
            by.append(verifier.name)
    return {"size": checkpoint.tree_size, "by": by}


def _trades() -> dict[str, Any]:
    newest = Trade.objects.order_by("-pk").first()
    return {
        "count": Trade.objects.count(),
        "newest_at": newest.executed_at.isoformat() if newest else "",
        "instructions_waiting": Instruction.objects.count(),
    }


def _documents(problems: list[str]) -> dict[str, Any]:
    result = check_files()
    if not result.holds:
        problems.append(f"documents: {result.detail}")
    return {"named": Document.objects.count(), "holds": result.holds}
