"""One key of the log gives way to another, wherever that is stopped; and no wrong key ever signs."""

import os
import stat
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger.models import Checkpoint, LogKey, Record
from ledger.transparency import history, rotation
from ledger.transparency.history import KeyPeriod, current_vkey, key_periods, signing_vkey
from ledger.transparency.keys import LogKeyMismatch, key_file, log_signer, next_key_file, signer_in
from ledger.transparency.notes import NoteError, Verifier, parse_checkpoint, parse_note
from ledger.transparency.rotation import RotationError, rotate_log_key
from ledger.transparency.seeds import make_seed
from ledger.transparency.selectors import latest_checkpoint, record_index, waiting_records
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.verification import verify_log
from tests.database import as_owner
from tests.racing import race


@pytest.fixture(autouse=True)
def key(tmp_path, settings):
    """Give each test a key file of its own, and return what is in it."""
    settings.LOG_SIGNING_KEY_FILE = tmp_path / "keys" / "key"
    log_signer.cache_clear()
    yield log_signer().vkey
    log_signer.cache_clear()


def write(count):
    with transaction.atomic():
        append_records([NewRecord("fact", {"n": at}, "system", timezone.now()) for at in range(count)])
    sequence_log()


def signed_with(vkey):
    return parse_checkpoint(Verifier(vkey).verify(latest_checkpoint().note)).size


def files():
    """Return the names of what lies beside the key, but for what it has signed (test_binding.py)."""
    return sorted(path.name for path in key_file().parent.iterdir() if ".state" not in path.name)


@pytest.fixture
def log(db, key):
    write(3)
    return key


def test_the_first_key_is_written_down_when_it_signs(log):
    assert key_periods() == [KeyPeriod(log, 0, "", None)]
    assert current_vkey() == log
    write(1)
    assert LogKey.objects.count() == 1


def test_from_the_record_on_the_new_key_signs(log):
    done = rotate_log_key()
    assert done.vkey != log
    assert done.from_size == 4
    assert signed_with(done.vkey) == 4
    with pytest.raises(NoteError):
        Verifier(log).verify(latest_checkpoint().note)
    write(2)
    assert signed_with(done.vkey) == 6
    assert [(period.vkey, period.from_size) for period in key_periods()] == [(log, 0), (done.vkey, 4)]
    assert [signing_vkey(size) for size in (1, 3, 4, 100)] == [log, log, done.vkey, done.vkey]
    assert current_vkey() == done.vkey


def test_the_record_is_signed_by_both_keys(log):
    done = rotate_log_key()
    entry = orjson.loads(bytes(Record.objects.get(kind="log_key_rotated").entry))
    note = entry["body"].pop("note")
    assert entry["body"] == {"old_vkey": log, "new_vkey": done.vkey}
    assert Verifier(log).verify(note) == Verifier(done.vkey).verify(note)
    assert Verifier(log).verify(note) == f"log key rotation\n{log}\n{done.vkey}\n"
    assert len(parse_note(note).signatures) == 2
    assert key_periods()[1].note == note


def test_the_old_key_is_kept_aside_and_the_new_one_takes_its_file(log):
    done = rotate_log_key()
    old_id = log.split("+")[1]
    assert files() == ["key", f"key.retired-{old_id}"]
    assert signer_in(key_file()).vkey == done.vkey
    assert signer_in(done.retired_file).vkey == log
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in key_file().parent.iterdir())


def test_no_private_key_is_in_the_database(log):
    old = key_file().read_text().strip()
    rotate_log_key()
    new = key_file().read_text().strip()
    stored = b"".join(bytes(entry) for entry in Record.objects.values_list("entry", flat=True))
    stored += "".join(row.vkey + row.note for row in LogKey.objects.all()).encode()
    assert old.encode() not in stored
    assert new.encode() not in stored


def test_a_key_that_somebody_made_can_be_named(log, tmp_path):
    make_seed(tmp_path / "mine")
    vkey = signer_in(tmp_path / "mine").vkey
    assert rotate_log_key(new_key_file=tmp_path / "mine").vkey == vkey
    again = rotate_log_key(new_key_file=tmp_path / "mine")
    assert (again.vkey, again.from_size, again.retired_file) == (vkey, 4, None)
    assert Record.objects.filter(kind="log_key_rotated").count() == 1


def test_keys_change_again_and_again_and_the_log_still_verifies(log):
    vkeys = [log]
    for _time in range(3):
        vkeys.append(rotate_log_key().vkey)
        write(2)
    assert [period.vkey for period in key_periods()] == vkeys
    found = verify_log()
    assert (found.size, found.difference) == (12, "")


def test_a_log_that_has_not_signed_yet_can_change_its_key(db, key):
    done = rotate_log_key()
    assert (done.from_size, signed_with(done.vkey)) == (1, 1)
    assert verify_log().difference == ""


def test_records_that_wait_are_signed_by_the_new_key_with_it(log):
    with transaction.atomic():
        append_records([NewRecord("fact", {}, "system", timezone.now())])
    done = rotate_log_key()
    assert (done.from_size, signed_with(done.vkey)) == (5, 5)


def test_the_command_says_what_came_of_it(log):
    out = StringIO()
    call_command("rotate_log_key", stdout=out)
    assert out.getvalue().splitlines()[0] == f"signs now  {current_vkey()}"
    assert out.getvalue().splitlines()[1] == "from size  4"


# Stopped on the way


class Killed(BaseException):
    """What kill -9 is to the lines after it."""


def stop_at(monkeypatch, module, name, *, after):
    """Let a step be the last one, or not even be done."""
    real = getattr(module, name)

    def step(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(module, name, step)


STEPS = [
    (rotation, "make_seed"),
    (rotation, "append_record"),
    (rotation, "_hand_over"),
    (rotation, "sequence_log"),
    (os, "link"),
    (os, "replace"),
    (rotation, "sync_folder"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _module, name in STEPS])
def test_stopped_anywhere_the_log_goes_on_and_the_next_run_ends_it(log, monkeypatch, module, name, after):
    if name == "link":
        make_seed(next_key_file())  # which links too
    with monkeypatch.context() as patch:
        stop_at(patch, module, name, after=after)
        with pytest.raises(Killed):
            rotate_log_key()
    write(1)
    assert latest_checkpoint().tree_size >= 4
    assert verify_log().difference == ""
    done = rotate_log_key()
    write(1)
    assert signed_with(done.vkey) == latest_checkpoint().tree_size
    assert verify_log().difference == ""
    ended_by_itself = name == "sync_folder" or (name == "replace" and after)
    assert LogKey.objects.count() == (3 if ended_by_itself else 2)
    assert not next_key_file().exists()


def test_a_rotation_that_was_begun_is_ended_before_another_begins(log, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_at(patch, rotation, "_hand_over", after=True)
        with pytest.raises(Killed):
            rotate_log_key()
    make_seed(tmp_path / "mine")
    with pytest.raises(RotationError, match="was begun"):
        rotate_log_key(new_key_file=tmp_path / "mine")
    assert rotate_log_key().from_size == 4
    assert rotate_log_key(new_key_file=tmp_path / "mine").from_size == 5


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_rotates(key):
    write(3)
    outcomes = race(rotate_log_key, rotate_log_key)
    refused = [each for each in outcomes if isinstance(each, RotationError)]
    assert LogKey.objects.count() == 1 + 2 - len(refused)
    assert verify_log().difference == ""
    assert not next_key_file().exists()


# A wrong key


def replace_key():
    os.unlink(key_file())
    log_signer.cache_clear()
    return log_signer().vkey


def refuses_to_sign():
    with transaction.atomic():
        append_records([NewRecord("fact", {}, "system", timezone.now())])
    signed = latest_checkpoint().tree_size
    waiting = waiting_records()
    with pytest.raises(LogKeyMismatch, match="Nothing is signed"):
        sequence_log()
    return latest_checkpoint().tree_size == signed and waiting_records() == waiting


def test_a_key_that_is_not_the_historys_does_not_sign(log):
    replace_key()
    assert refuses_to_sign()


def test_a_key_that_did_not_sign_the_checkpoints_of_an_older_product_does_not_sign(log):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_logkey DISABLE TRIGGER append_only_rows")
        cursor.execute("DELETE FROM ledger_logkey")
        cursor.execute("ALTER TABLE ledger_logkey ENABLE TRIGGER append_only_rows")
    old = key_file().read_bytes()
    replace_key()
    assert refuses_to_sign()
    key_file().write_bytes(old)
    log_signer.cache_clear()
    assert sequence_log() == 1
    assert key_periods() == [KeyPeriod(log, 0, "", None)]


def test_the_old_key_does_not_sign_after_it_was_replaced(log):
    done = rotate_log_key()
    os.replace(done.retired_file, key_file())
    assert refuses_to_sign()
    with pytest.raises(LogKeyMismatch):
        rotate_log_key()


def test_a_key_does_not_come_back(log):
    done = rotate_log_key()
    with pytest.raises(RotationError, match="before"):
        rotate_log_key(new_key_file=done.retired_file)
    assert LogKey.objects.count() == 2
    write(1)
    assert signed_with(done.vkey) == 5


@pytest.mark.parametrize("content", ["", "AAAA", "nonsense!"])
def test_a_new_key_file_without_a_key_changes_nothing(log, tmp_path, content):
    (tmp_path / "mine").write_text(content)
    (tmp_path / "mine").chmod(0o600)
    with pytest.raises(CommandError, match="must hold 32 bytes"):
        call_command("rotate_log_key", new_key_file=tmp_path / "mine")
    with pytest.raises(CommandError, match="No such file"):
        call_command("rotate_log_key", new_key_file=tmp_path / "nothing")
    (tmp_path / "mine").chmod(0o644)
    with pytest.raises(CommandError, match="chmod 600"):
        call_command("rotate_log_key", new_key_file=tmp_path / "mine")
    assert files() == ["key"]
    assert LogKey.objects.count() == 1


# Verification


def tamper(statement, params=None, tables=("ledger_logkey", "ledger_checkpoint", "ledger_record", "ledger_logleaf")):
    with as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
        cursor.execute(statement, params)
        assert cursor.rowcount >= 1
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only_rows")


def test_a_key_that_is_written_down_without_a_record_is_found(log):
    rotate_log_key()
    other = Record.objects.filter(kind="fact").first()
    LogKey.objects.create(vkey="another", record=other, note="", created_at=timezone.now())
    assert verify_log().difference.startswith("the keys that are written down")


def test_a_key_that_was_taken_out_of_the_history_is_found(log):
    rotate_log_key()
    tamper("DELETE FROM ledger_logkey WHERE record_id IS NOT NULL")
    assert verify_log().difference.startswith("the keys that are written down")


def test_a_checkpoint_that_the_old_key_signed_after_it_was_replaced_is_found(log):
    old = log_signer()
    rotate_log_key()
    write(1)
    newest = latest_checkpoint()
    tamper(
        "UPDATE ledger_checkpoint SET note = %s WHERE tree_size = %s",
        [old.sign(parse_note(newest.note).text), newest.tree_size],
    )
    assert (
        verify_log().difference
        == f"the checkpoint of size {newest.tree_size}: no signature of {old.name} with this key"
    )


def test_a_log_that_was_signed_anew_by_another_key_is_found_by_the_key_file(log, tmp_path):
    make_seed(tmp_path / "forger")
    forger = signer_in(tmp_path / "forger")
    for checkpoint in Checkpoint.objects.all():
        tamper(
            "UPDATE ledger_checkpoint SET note = %s WHERE tree_size = %s",
            [forger.sign(parse_note(checkpoint.note).text), checkpoint.tree_size],
        )
    assert verify_log().difference.startswith("the checkpoint of size 3: no signature")
    tamper("UPDATE ledger_logkey SET vkey = %s", [forger.vkey])
    assert verify_log().difference == "the key in the key file has signed nothing of this log"


@pytest.mark.parametrize("damage", ["note", "new_vkey", "old_vkey", "everything"])
def test_a_rotation_that_both_keys_did_not_sign_is_found(log, damage):
    with transaction.atomic():
        body = {"old_vkey": log, "new_vkey": log, "note": "nothing"}
        if damage != "note":
            text = f"log key rotation\n{log}\n{log}\n"
            body["note"] = log_signer().sign(text)
            body[damage] = "nonsense" if damage != "everything" else 7
        [record_id] = append_records([NewRecord("log_key_rotated", body, "system", timezone.now())])
    sequence_log()
    difference = verify_log().difference
    if damage in ("old_vkey", "everything"):
        # The texts agree: what is wrong is that nobody wrote down a new key.
        assert difference.startswith("the keys that are written down")
    else:
        assert difference.startswith(f"record {record_id} does not hand the log over")
    assert record_index(record_id) == 3


def test_the_history_costs_one_query(log, django_assert_num_queries):
    rotate_log_key()
    with django_assert_num_queries(1):
        assert history.signing_vkey(4) == current_key_of_file()


def current_key_of_file():
    return signer_in(key_file()).vkey
