"""What docs/threat-model.md and docs/personal-data.md name is there: tests, files, tables, settings."""

import re
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[3]
THREATS = (ROOT / "docs" / "threat-model.md").read_text()
PERSONAL = (ROOT / "docs" / "personal-data.md").read_text()
TESTS = sorted(set(re.findall(r"tests/[\w/]+(?:\.py)?(?:::\w+)?", THREATS)))


@pytest.mark.parametrize("named", TESTS)
def test_what_is_said_to_be_tested_is(named):
    path, _colons, name = named.partition("::")
    assert (ROOT / path).exists(), path
    if name:
        assert re.search(rf"^\s*(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), named


def test_each_threat_has_a_test_or_says_what_remains():
    rows = [line for line in THREATS.splitlines() if re.match(r"\| [STRIDE, ]+: ", line)]
    assert len(rows) > 25
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert cells[1], row
        assert cells[2] or cells[3], row


def test_each_table_that_holds_personal_data_is_there():
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    named = set(re.findall(r"`((?:ledger|account|mfa|usersessions|django)_\w+)`", PERSONAL))
    assert named
    assert named <= tables
