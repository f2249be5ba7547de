"""A log that was written by the product verifies, and what the verifier says of it is what the database says."""

import os
import subprocess
import sys

import pytest

from config.settings import BASE_DIR

pytestmark = pytest.mark.django_db


def test_the_log_of_a_whole_story_holds(told, verify):
    report = verify(told.folder, told.vkey)
    assert report["findings"] == []
    assert (report["size"], report["signed_by"]) == (len(told.entries), told.vkey)
    assert report["signed_root"] == report["rebuilt_root"]
    assert report["unknown_kinds"] == {}


def test_balances_and_serial_numbers_are_those_of_the_database(told, verify):
    report = verify(told.folder, told.vkey)
    assert {account["account"]: account["balance"] for account in report["accounts"]} == told.balances
    owned = {account["account"]: account["serials"] for account in report["accounts"] if account["serials"]}
    assert owned == told.serials


def test_the_summary_is_in_plain_sentences(told, run):
    status, out, errors = run("verify", told.folder, "--key", told.vkey)
    assert (status, errors) == (0, "")
    assert f"has {len(told.entries)} records" in out
    assert f"Its signature is that of {told.vkey}." in out
    assert "11 trades settled: 212 t for CNY 8,690.00, with CNY 42.34 in fees." in out
    assert "1,000 t issued = 875 held + 0 in the buffer pool + 16 retired + 109 cancelled." in out
    assert "1 transfer outside the market, of 5 t." in out
    assert "5 cancellations, of 109 t." in out
    assert "What a log cannot show" in out


def test_python_alone_is_enough(told):
    command = [sys.executable, "-S", "-m", "ledger.transparency", "verify", str(told.folder), "--key", told.vkey]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED.")
