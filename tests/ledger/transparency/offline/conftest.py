"""A log of everything that the journal knows, told by the services that people use, exported, and what the database says of it."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from ledger.models import Account, SerialBlock
from ledger.transparency.__main__ import main
from ledger.transparency.keys import log_signer
from ledger.transparency.offline.bundles import split_bundle
from ledger.transparency.sequencer import sequence_log
from tests.log_story import tell
from tests.scenes import people


@dataclass(frozen=True, slots=True)
class Told:
    """A folder with a log, its entries, and what the database holds at the end of it."""

    folder: Path
    vkey: str
    entries: list[bytes]
    balances: dict[str, int]
    serials: dict[str, list[list[str]]]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Tell the story once for all tests of a file; the folder is not to be changed."""
    folder = tmp_path_factory.mktemp("told") / "log"
    with django_db_blocker.unblock(), transaction.atomic():
        tell(people())
        sequence_log()
        call_command("export_log", str(folder), stdout=io.StringIO())
        found = Told(folder, log_signer().vkey, entries_in(folder), _balances(), _serials())
        transaction.set_rollback(True)
    return found


def entries_in(folder: Path) -> list[bytes]:
    """Return all entries of an exported log."""
    entries: list[bytes] = []
    for path in sorted((folder / "tile" / "entries").rglob("*"), key=lambda path: path.name.startswith("000.p")):
        if path.is_file():
            entries += split_bundle(path.read_bytes())[0]
    return entries


def _balances() -> dict[str, int]:
    return {str(pk): balance for pk, balance in Account.objects.values_list("pk", "balance")}


def _serials() -> dict[str, list[list[str]]]:
    owned: dict[str, list[list[str]]] = {}
    for block in SerialBlock.objects.order_by("serials"):
        runs = owned.setdefault(str(block.account_id), [])
        first, last = block.serials.lower, block.serials.upper - 1
        if runs and int(runs[-1][1]) + 1 == first:
            runs[-1][1] = str(last)
        else:
            runs.append([str(first), str(last)])
    return owned


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the verifier's command in this process: exit status, what it says, what it complains of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # of argparse
            status = int(exit.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def verify(run: Callable[..., tuple[int, str, str]]) -> Callable[..., dict[str, Any]]:
    """Verify a folder, and return the report for programs; its exit status must agree with it."""

    def verify(folder: Path, vkey: str, *arguments: object) -> dict[str, Any]:
        status, out, errors = run("verify", folder, "--key", vkey, "--json", *arguments)
        assert not errors, errors
        report: dict[str, Any] = json.loads(out)
        assert status == (0 if report["verified"] else 1)
        return report

    return verify
