"""Records, and how they come into the log."""

import datetime as dt
import stat

import orjson
import pytest
from django.db import transaction
from django.utils import timezone
from pymerkle import InmemoryTree

from ledger.transparency import keys, sequencer
from ledger.transparency.keys import log_signer
from ledger.transparency.merkle import root, verify_consistency, verify_inclusion
from ledger.transparency.models import Checkpoint, LogLeaf, LogTile, Record, UnsequencedRecord
from ledger.transparency.notes import Verifier, parse_checkpoint
from ledger.transparency.selectors import entries, latest_checkpoint, record_index, tile_hashes, waiting_records
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_record, append_records
from ledger.transparency.tiles import TileTree
from ledger.transparency.verification import verify_log
from tests.racing import race


def append(count):
    return append_records([NewRecord("test", {"at": at}, "system", timezone.now()) for at in range(count)])


def tree_of(checkpoint):
    return TileTree(checkpoint.tree_size, lambda level, number, width: tile_hashes(level, number, width))


def test_an_entry_is_canonical_json(db):
    at = dt.datetime(2026, 1, 2, 3, 4, 5, 67, tzinfo=dt.UTC)
    record_id = append_record(kind="test", body={"β": '田汇 "\\\n', "a": [1, None, True]}, actor="user:x", at=at)
    entry = bytes(Record.objects.get(pk=record_id).entry)
    nonce = orjson.loads(entry)["nonce"]
    assert len(nonce) == 22
    assert entry.decode() == (
        '{"actor":"user:x","at":"2026-01-02T03:04:05.000067Z","body":{"a":[1,null,true],"β":"田汇 \\"\\\\\\n"},'
        f'"id":"{record_id}","kind":"test","nonce":"{nonce}","v":1}}'
    )


def test_no_two_entries_have_one_nonce(db):
    append(100)
    nonces = {orjson.loads(entry)["nonce"] for entry in Record.objects.values_list("entry", flat=True)}
    assert len(nonces) == 100


@pytest.mark.parametrize(
    "value", [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2026, 1, 1), {1, 2}, 2**53, object(), "\ud800"]
)
def test_what_has_no_canonical_form_is_refused(db, value):
    with pytest.raises(TypeError):
        append_record(kind="test", body={"value": value}, actor="system")
    assert not Record.objects.exists()


def test_an_entry_that_is_too_large_is_refused(db):
    with pytest.raises(ValueError, match="log its hash"):
        append_record(kind="test", body={"text": "x" * 65_500}, actor="system")
    append_record(kind="test", body={"text": "x" * 65_000}, actor="system")


def test_a_record_goes_with_the_transaction_of_its_fact(db):
    def fail():
        with transaction.atomic():
            append_record(kind="test", body={}, actor="system")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Record.objects.exists()
    assert waiting_records() == 0


@pytest.mark.django_db(transaction=True)
def test_a_record_outside_a_transaction_is_a_programmers_error():
    with pytest.raises(AssertionError):
        append_record(kind="test", body={}, actor="system")


def test_records_come_into_the_log_in_order_and_are_signed(db):
    ids = append(5)
    assert (latest_checkpoint(), record_index(ids[0]), waiting_records()) == (None, None, 5)
    assert sequence_log() == 5
    assert [record_index(record_id) for record_id in ids] == [0, 1, 2, 3, 4]
    assert waiting_records() == 0
    checkpoint = latest_checkpoint()
    body = parse_checkpoint(Verifier(log_signer().vkey).verify(checkpoint.note))
    assert (body.origin, body.size, body.root) == ("tianhui.test/log", 5, bytes(checkpoint.root_hash))


def test_nothing_new_is_nothing_signed(db):
    append(1)
    sequence_log()
    assert sequence_log() == 0
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("count", [6, 7])
def test_many_records_are_read_in_several_helpings_and_signed_once(db, monkeypatch, count):
    """A checkpoint in between could part a transaction from the record that explains it."""
    monkeypatch.setattr(sequencer, "CHUNK", 3)
    append(count)
    assert sequence_log() == count
    assert list(Checkpoint.objects.values_list("tree_size", flat=True)) == [count]
    assert not verify_log().difference


def test_the_log_is_the_tree_that_another_implementation_builds(db):
    """Over edges of tiles, with every checkpoint consistent with the one before, and the tiles with all of them."""
    theirs = InmemoryTree(algorithm="sha256")
    checkpoints = []
    for count in (1, 3, 251, 1, 1, 255, 300, 7):
        append(count)
        sequence_log()
        checkpoint = latest_checkpoint()
        for entry in entries(checkpoint.tree_size - count, count):
            theirs.append_entry(entry)
        assert bytes(checkpoint.root_hash) == theirs.get_root() == tree_of(checkpoint).root()
        checkpoints.append(checkpoint)
    assert LogTile.objects.count() == 3
    newest = checkpoints[-1]
    tree = tree_of(newest)
    leaves = [bytes(leaf) for leaf in LogLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)]
    assert root(leaves) == bytes(newest.root_hash)
    for old in checkpoints:
        proof = tree.consistency_proof(old.tree_size)
        verify_consistency(old.tree_size, newest.tree_size, proof, bytes(old.root_hash), bytes(newest.root_hash))
    for index in (0, 255, 256, 511, 512, newest.tree_size - 1):
        verify_inclusion(index, newest.tree_size, leaves[index], tree.inclusion_proof(index), bytes(newest.root_hash))


def test_a_tile_of_full_tiles_is_written_when_it_is_full(db, monkeypatch):
    monkeypatch.setattr(sequencer, "TILE_WIDTH", 4)
    append(70)
    sequence_log()
    full = LogTile.objects.order_by("level", "number").values_list("level", "number")
    assert list(full) == [(0, at) for at in range(17)] + [(1, at) for at in range(4)] + [(2, 0)]
    leaves = [bytes(leaf) for leaf in LogLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)]
    assert bytes(latest_checkpoint().root_hash) == root(leaves)


def test_a_record_that_is_missing_stops_the_sequencer(db):
    append(2)
    UnsequencedRecord.objects.create(record_id=2**62)
    with pytest.raises(AssertionError, match="missing"):
        sequence_log()
    assert waiting_records() == 3


# The key


@pytest.fixture
def key_file(tmp_path, settings):
    settings.LOG_SIGNING_KEY_FILE = tmp_path / "new" / "key"
    log_signer.cache_clear()
    yield settings.LOG_SIGNING_KEY_FILE
    log_signer.cache_clear()


def test_the_key_is_made_once_for_its_owner_alone(key_file):
    vkey = log_signer().vkey
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    log_signer.cache_clear()
    assert log_signer().vkey == vkey
    assert [path.name for path in key_file.parent.iterdir()] == ["key"]


def test_of_those_who_make_a_key_at_once_all_use_the_first(key_file):
    outcomes = race(*[lambda: keys.log_signer.__wrapped__().vkey for _ in range(8)])
    assert len(set(outcomes)) == 1
    assert [path.name for path in key_file.parent.iterdir()] == ["key"]


def test_a_key_that_others_can_read_is_not_used(key_file):
    log_signer()
    log_signer.cache_clear()
    key_file.chmod(0o640)
    with pytest.raises(PermissionError):
        log_signer()


@pytest.mark.parametrize("content", ["", "AAAA", "not base64!"])
def test_a_file_that_holds_no_key_is_not_used(key_file, content):
    key_file.parent.mkdir()
    key_file.touch(0o600)
    key_file.write_text(content)
    with pytest.raises(ValueError):  # noqa: PT011 (what base64 says of itself is its own)
        log_signer()
    assert key_file.read_text() == content
