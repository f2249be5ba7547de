"""The journal as beancount reads it: no errors, and every balance is ours."""

import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import realization
from beancount.core.data import Balance, Commodity, Open, Transaction
from django.core.management import CommandError, call_command

from ledger.journal.services import open_account, open_asset
from ledger.models import Account, LogLeaf, Transfer
from ledger.models import Transaction as Posted
from ledger.transparency.sequencer import sequence_log
from tests.log_story import tell
from trading.models import Trade

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(who, tmp_path):
    """Tell a whole story, and write it as beancount."""
    tell(who)
    sequence_log()
    path = tmp_path / "tianhui.beancount"
    out = StringIO()
    call_command("export_beancount", str(path), stdout=out)
    assert out.getvalue() == f"{Posted.objects.count()} transactions written to {path}\n"
    return path


@pytest.fixture
def loaded(path):
    entries, errors, _options = loader.load_file(str(path))
    assert [error.message for error in errors] == []
    return entries


def of(kind, entries):
    return [entry for entry in entries if isinstance(entry, kind)]


def test_bean_check_accepts_it(path):
    command = [str(Path(sys.executable).parent / "bean-check"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_balance_is_ours(loaded):
    accounts = {entry.account: int(entry.meta["account"]) for entry in of(Open, loaded)}
    assert sorted(accounts.values()) == sorted(Account.objects.values_list("pk", flat=True))
    root = realization.realize(loaded)
    for account in Account.objects.select_related("asset"):
        name = next(name for name, pk in accounts.items() if pk == account.pk)
        unit = 100 if account.asset.kind == "cash" else 1
        positions = realization.get(root, name).balance.get_positions()
        assert sum(position.units.number for position in positions) == Decimal(account.balance) / unit
        assert len(positions) == (1 if account.balance else 0)
        (balance,) = [entry for entry in of(Balance, loaded) if entry.account == name]
        assert (balance.amount.number * unit, balance.tolerance) == (account.balance, 0)


def test_every_transaction_is_there_with_where_it_comes_from(loaded):
    found = of(Transaction, loaded)
    assert len(found) == Posted.objects.count()
    places = dict(LogLeaf.objects.values_list("record_id", "index"))
    for entry in found:
        posted = Posted.objects.get(pk=entry.meta["transaction"])
        assert (entry.narration, entry.meta["record-index"]) == (posted.kind, places[posted.record_id])
        assert len(entry.postings) == 2 * posted.transfers.count()
        assert entry.meta.get("reverses") == (str(posted.reverses_id) if posted.reverses_id else None)
    trades = [entry.meta["trade"] for entry in found if "trade" in entry.meta]
    assert len(trades) == len(set(trades)) == Trade.objects.count() > 6


def test_serial_numbers_stand_beside_what_they_are_of(loaded):
    postings = [posting for entry in of(Transaction, loaded) for posting in entry.postings]
    for posting in postings:
        transfer = Transfer.objects.get(pk=posting.meta["transfer"])
        runs = posting.meta.get("serials")
        assert (runs is None) is (transfer.serials is None)
        if runs:
            spans = [tuple(map(int, run.split("-"))) for run in runs.split(", ")]
            assert sum(last - first + 1 for first, last in spans) == abs(posting.units.number)


def test_a_batch_is_a_commodity(loaded):
    codes = {entry.currency for entry in of(Commodity, loaded)}
    assert codes == set(Account.objects.values_list("asset__code", flat=True))


def test_codes_that_beancount_would_not_read_get_names_that_it_does(tmp_path):
    for code in ("稻田-2020", "8", "a b", "A-B", ""):
        open_account(organisation=None, asset=open_asset(code=code, kind="credit"), purpose=Account.Purpose.ISSUANCE)
    path = tmp_path / "strange.beancount"
    call_command("export_beancount", str(path), stdout=StringIO())
    entries, errors, _options = loader.load_file(str(path))
    assert errors == []
    assert len({entry.currency for entry in of(Commodity, entries)}) == 5
    assert {entry.meta["asset"] for entry in of(Open, entries)} == {"稻田-2020", "8", "a b", "A-B", ""}


def test_an_empty_journal_is_an_empty_file(tmp_path):
    path = tmp_path / "empty.beancount"
    call_command("export_beancount", str(path), stdout=StringIO())
    assert loader.load_file(str(path))[:2] == ([], [])


def test_a_file_that_cannot_be_written_is_said_so(tmp_path):
    path = tmp_path / "none" / "x.beancount"
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("export_beancount", str(path))
