"""The log is rebuilt from its records, and whatever somebody with a superuser's power changed is found."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger.journal.reconciliation import check_log
from ledger.transparency import merkle, verification
from ledger.transparency.models import Checkpoint, LogLeaf, LogTile, Record
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.verification import RebuiltTree, verify_log
from tests.database import as_owner

pytestmark = pytest.mark.django_db

SIZES = (3, 300, 700)


@pytest.fixture
def log():
    """Return a log of 700 records, signed at three sizes, with two full tiles."""
    size = 0
    for to in SIZES:
        with transaction.atomic():
            append_records([NewRecord("fact", {"number": n}, "system", timezone.now()) for n in range(size, to)])
        sequence_log()
        size = to


def tamper(statement, params=None):
    """Do what only a superuser can: change what is append-only."""
    tables = ("ledger_record", "ledger_logleaf", "ledger_logtile", "ledger_checkpoint")
    with as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
        cursor.execute(statement, params)
        assert cursor.rowcount == 1
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only_rows")


def record_at(index):
    return LogLeaf.objects.get(index=index).record_id


def forged(record_id):
    """Return an entry like the record's, with another body."""
    content = json.loads(bytes(Record.objects.get(pk=record_id).entry))
    return json.dumps(content | {"body": {"number": 1_000_000}}).encode()


def test_a_log_that_nobody_touched_agrees(log):
    found = verify_log()
    assert (found.size, found.difference) == (700, "")
    assert found.root == bytes(Checkpoint.objects.get(tree_size=700).root_hash)


def test_an_empty_log_agrees():
    found = verify_log()
    assert (found.size, found.root, found.difference) == (0, merkle.empty_root(), "")


def test_records_that_wait_for_their_place_do_not_matter(log):
    append_records([NewRecord("fact", {}, "system", timezone.now())])
    assert verify_log().difference == ""


def test_chunks_smaller_than_the_log_give_the_same(log, monkeypatch):
    monkeypatch.setattr(verification, "CHUNK", 100)
    assert verify_log() == verification.LogVerification(700, verify_log().root, "")


def test_a_changed_entry_is_named(log):
    record_id = record_at(150)
    tamper("UPDATE ledger_record SET entry = %s WHERE id = %s", [forged(record_id), record_id])
    assert verify_log().difference.startswith(f"record {record_id} at leaf 150 has another hash")


def test_a_changed_entry_with_its_leaf_is_caught_by_its_tile(log):
    record_id = record_at(150)
    entry = forged(record_id)
    tamper("UPDATE ledger_record SET entry = %s WHERE id = %s", [entry, record_id])
    tamper("UPDATE ledger_logleaf SET leaf_hash = %s WHERE index = 150", [merkle.leaf_hash(entry)])
    # Its tile is full before anything is signed over it.
    assert verify_log().difference == "tile 0/0 is not what its entries give"


def test_a_change_in_a_tile_that_is_not_full_is_caught_by_the_checkpoint(log):
    record_id = record_at(650)
    entry = forged(record_id)
    tamper("UPDATE ledger_record SET entry = %s WHERE id = %s", [entry, record_id])
    tamper("UPDATE ledger_logleaf SET leaf_hash = %s WHERE index = 650", [merkle.leaf_hash(entry)])
    assert "size 700 was signed over another root: an entry of leaves 300 to 699" in verify_log().difference


def test_a_deleted_record_is_named(log):
    record_id = record_at(5)
    tamper("DELETE FROM ledger_record WHERE id = %s", [record_id])
    assert verify_log().difference == f"record {record_id} at leaf 5 is missing"


@pytest.mark.parametrize("index", [0, 5, 699])
def test_a_deleted_leaf_is_named(log, index):
    tamper("DELETE FROM ledger_logleaf WHERE index = %s", [index])
    assert verify_log().difference == f"leaf {index} is missing"


def test_a_record_of_another_kind_than_its_entry_is_named(log):
    record_id = record_at(7)
    tamper("UPDATE ledger_record SET kind = 'fiction' WHERE id = %s", [record_id])
    assert verify_log().difference == f"record {record_id} at leaf 7 has another id or kind than its entry"


def test_a_changed_tile_is_named(log):
    tamper("UPDATE ledger_logtile SET root = sha256('') WHERE level = 0 AND number = 1")
    assert verify_log().difference == "tile 0/1 is not what its entries give"


def test_a_missing_tile_is_named(log):
    tamper("DELETE FROM ledger_logtile WHERE level = 0 AND number = 1")
    assert verify_log().difference == "tile 0/1 is missing"


def test_a_tile_too_many_is_named(log):
    LogTile.objects.create(level=0, number=2, hashes=b"", root=b"")
    assert verify_log().difference == "tile 0/2 is outside the tree that is signed"


def test_a_leaf_too_many_is_named(log):
    LogLeaf.objects.create(index=700, record_id=record_at(0) + 1_000_000, leaf_hash=bytes(32))
    assert verify_log().difference == "leaf 700 is outside the tree that is signed"


def test_a_changed_signature_is_named(log):
    tamper("UPDATE ledger_checkpoint SET note = replace(note, '\n300\n', '\n299\n') WHERE tree_size = 300")
    assert verify_log().difference == ("the checkpoint of size 300: the signature of tianhui.test/log does not hold")


def test_a_checkpoint_of_another_size_is_named(log):
    tamper("UPDATE ledger_checkpoint SET tree_size = 299 WHERE tree_size = 300")
    assert verify_log().difference.startswith("the checkpoint of size 299 was signed over another root")


def test_a_changed_root_column_is_named(log):
    tamper("UPDATE ledger_checkpoint SET root_hash = sha256('') WHERE tree_size = 300")
    assert verify_log().difference == "the checkpoint of size 300 says something else than its signed note"


def test_a_last_checkpoint_taken_away_leaves_leaves_unsigned(log):
    tamper("DELETE FROM ledger_checkpoint WHERE tree_size = 700")
    assert verify_log().difference == "leaf 300 is outside the tree that is signed"


def test_a_rebuilt_tree_has_the_root_of_the_plain_definition_at_every_size():
    leaves = [merkle.leaf_hash(bytes([n % 256, n // 256])) for n in range(600)]
    tree, tiles = RebuiltTree(), []
    for size, leaf in enumerate(leaves, 1):
        tiles += tree.append(leaf)
        assert tree.root() == merkle.root(leaves[:size])
    assert [(tile.level, tile.number, tile.hashes, tile.root) for tile in tiles] == [
        (0, number, b"".join(leaves[number * 256 : number * 256 + 256]), merkle.root(leaves[number * 256 :][:256]))
        for number in (0, 1)
    ]


def test_the_second_level_of_tiles_holds_the_roots_of_the_first():
    tree, tiles = RebuiltTree(), []
    for n in range(256 * 256):
        tiles += tree.append(n.to_bytes(32, "big"))
    *first, second = tiles
    assert (second.level, second.number) == (1, 0)
    assert second.hashes == b"".join(tile.root for tile in first)
    assert second.root == tree.root()


def test_reconciliation_has_the_rebuilt_log_among_its_invariants(log):
    assert check_log().holds
    tamper("UPDATE ledger_logtile SET root = sha256('') WHERE level = 0 AND number = 1")
    result = check_log()
    assert (result.number, result.holds, result.detail) == (7, False, "tile 0/1 is not what its entries give")


def test_the_command_says_size_root_and_result(log):
    out = StringIO()
    call_command("verify_log", stdout=out)
    assert "size     700" in out.getvalue()
    assert "holds" in out.getvalue()


def test_the_command_fails_at_a_difference(log):
    tamper("DELETE FROM ledger_logtile WHERE level = 0 AND number = 1")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_log", stdout=out)
    assert ended.value.code == 1
    assert "BROKEN   tile 0/1 is missing" in out.getvalue()
