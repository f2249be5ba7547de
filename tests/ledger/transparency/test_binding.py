"""The key remembers what it has signed: an older database, another one, or a key without its memory signs nothing."""

import json
import os
import uuid

import pytest
from django.db import connection, transaction

from ledger.models import Checkpoint, LogBinding
from ledger.transparency.binding import (
    LogStateMismatch,
    RestoredCopy,
    SignedState,
    keep_signed,
    read_state,
    state_file,
)
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record
from ledger.transparency.taking_over import TakeOverError, standing
from tests.database import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_state(settings, tmp_path):
    settings.LOG_STATE_FILE = str(tmp_path / "state")


def write(count):
    with transaction.atomic():
        for _ in range(count):
            append_record(kind="test", body={}, actor="system")
    return sequence_log()


def waiting_write():
    with transaction.atomic():
        append_record(kind="test", body={}, actor="system")


def test_what_was_signed_is_remembered_beside_the_key():
    write(3)
    newest = Checkpoint.objects.latest("tree_size")
    state = read_state()
    assert (state.size, state.root) == (3, bytes(newest.root_hash))
    assert state.token == str(LogBinding.objects.get().token)
    assert state_file().stat().st_mode & 0o777 == 0o600
    write(2)
    assert read_state().size == 5
    assert LogBinding.objects.get().kind == "begun"


def test_a_transaction_that_fails_leaves_nothing_signed():
    with transaction.atomic():
        append_record(kind="test", body={}, actor="system")
        sequence_log()
        transaction.set_rollback(True)
    assert read_state().size == 0
    assert write(1) == 1
    assert read_state().token == str(LogBinding.objects.get().token)


def test_a_process_that_dies_before_it_remembers_goes_on():
    """What it has signed is in the database: the next one signs more than the state knows."""
    write(1)
    before = state_file().read_bytes()
    write(1)
    state_file().write_bytes(before)
    assert write(1) == 1
    assert read_state().size == 3


def test_a_database_that_is_older_than_what_was_signed_is_not_signed_for():
    write(2)
    state = read_state()
    keep_signed(SignedState(state.token, 7, b"\1" * 32))
    waiting_write()
    with pytest.raises(LogStateMismatch, match="has signed 7 records, and this database has 2 in its log"):
        sequence_log()
    assert Checkpoint.objects.count() == 1


def test_a_database_with_other_records_is_not_signed_for():
    write(2)
    state = read_state()
    state_file().write_text(json.dumps({"token": state.token, "size": 2, "root": "AQ" * 21 + "AQ=="[:2]}))
    waiting_write()
    with pytest.raises((LogStateMismatch, ValueError), match=r"See docs/backup\.md"):
        sequence_log()


def test_a_key_without_its_state_signs_nothing():
    write(2)
    state_file().unlink()
    waiting_write()
    with pytest.raises(LogStateMismatch, match="is missing, which says what this key has signed"):
        sequence_log()
    assert not state_file().exists()


def test_a_state_of_another_database_signs_nothing():
    write(2)
    state_file().write_text(json.dumps({"token": str(uuid.uuid4()), "size": 0, "root": ""}))
    waiting_write()
    with pytest.raises(LogStateMismatch, match="of another database"):
        sequence_log()


def test_a_key_that_has_signed_does_not_begin_another_log():
    keep_signed(SignedState(str(uuid.uuid4()), 4, b"\1" * 32))
    waiting_write()
    with pytest.raises(LogStateMismatch, match="of a log that this database knows nothing of"):
        sequence_log()


def test_a_log_from_before_keys_remembered_is_adopted():
    write(2)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM ledger_logbinding")
        cursor.execute("SET LOCAL session_replication_role = origin")
    state_file().unlink()
    write(1)
    assert LogBinding.objects.get().kind == "adopted"
    assert read_state().size == 3


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"token": "x", "size": 1, "root": ""}', '{"token": null}'])
def test_a_state_that_cannot_be_read_signs_nothing(content):
    write(1)
    state_file().write_text(content)
    waiting_write()
    with pytest.raises(ValueError, match="does not say what the key has signed"):
        sequence_log()


def test_what_cannot_be_remembered_is_not_signed(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.LOG_STATE_FILE = str(tmp_path / "file" / "state")
    waiting_write()
    with pytest.raises(OSError, match="directory"):
        sequence_log()
    assert not Checkpoint.objects.exists()


def test_a_slower_process_does_not_take_back_what_a_faster_one_has_remembered():
    write(1)
    token = read_state().token
    keep_signed(SignedState(token, 9, b"\2" * 32))
    keep_signed(SignedState(token, 8, b"\1" * 32))
    assert read_state().size == 9


def test_a_restored_copy_is_not_signed_for_whatever_the_state_says():
    write(1)
    waiting_write()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL tianhui.restored = 'by a test'")
        with pytest.raises(RestoredCopy, match=r"restored copy \(by a test\)"):
            sequence_log()


def test_a_database_that_is_no_copy_is_not_taken_over():
    write(1)
    with pytest.raises(TakeOverError, match="no restored copy"):
        standing(known_note=None)


def test_a_copy_is_not_taken_over_where_nothing_says_how_far_the_log_had_got():
    write(1)
    os.unlink(state_file())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL tianhui.restored = 'by a test'")
        with pytest.raises(TakeOverError, match="--witnessed FILE"):
            standing(known_note=None)
