"""Backups of a small server: killed in the middle, cut short, changed, forged, with WAL missing. Real processes throughout."""

import datetime as dt
import hashlib
import io
import json
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest

from config.operations.backup import sealing, signing
from config.operations.backup.archive import next_segment, run_from
from config.operations.backup.bases import take_base
from config.operations.backup.documents import copy_documents, restore_documents
from config.operations.backup.errors import BackupError, Damaged
from config.operations.backup.restoring import choose_base, note_verified, restore, running, verify_base
from config.operations.backup.retention import plan_pruning, prune
from config.operations.backup.source import Source
from config.run import BASE_DIR
from tests.operations.backup.conftest import Grounds, kill
from tests.running import wait_until


@pytest.fixture(scope="module")
def backed_up(small_server, tmp_path_factory):
    """Return grounds with a backup, and facts 1 to 3 in its WAL, of three segments; and the moment between 2 and 3."""
    grounds = Grounds(tmp_path_factory.mktemp("backed-up"), Source(small_server), pyrage.x25519.Identity.generate())
    grounds.execute("TRUNCATE fact")
    with grounds.receiving():
        status, said, errors = grounds.run("base")
        assert (status, errors) == (0, ""), errors
        assert "bytes sealed" in said
        grounds.execute("INSERT INTO fact VALUES (1)")
        grounds.execute("SELECT pg_switch_wal()")
        grounds.execute("INSERT INTO fact VALUES (2)")
        grounds.execute("SELECT pg_switch_wal()")
        moment = grounds.execute("SELECT clock_timestamp()")
        grounds.execute("INSERT INTO fact VALUES (3)")
    return grounds, moment


@pytest.fixture
def copy_of(backed_up, tmp_path):
    """Return the grounds with a copy of the archive, for a test to spoil."""
    grounds, _moment = backed_up
    shutil.copytree(grounds.folder, tmp_path / "grounds", ignore=shutil.ignore_patterns("verified.json"))
    return replace(grounds, folder=tmp_path / "grounds")


@contextmanager
def connected(target, recovery):
    """Run a copy, and connect to it when it answers."""
    with running(target) as copy:
        found = []

        def answers():
            with suppress(psycopg.OperationalError):
                found.append(psycopg.connect(copy.url(recovery.owner, recovery.database)))
            return bool(found)

        wait_until(answers, seconds=60)
        with found[0] as connection:
            yield connection


def facts_in(target, recovery):
    with connected(target, recovery) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM fact ORDER BY id")]


def test_everything_up_to_the_loss_is_restored_and_read_only(backed_up, open_folder):
    grounds, _moment = backed_up
    recovery = restore(grounds.archive, grounds.opener, open_folder / "data", until=None)
    assert recovery.timeline == 2
    assert recovery.segments_applied >= 2
    with connected(open_folder / "data", recovery) as connection:
        assert connection.execute("SELECT array_agg(id ORDER BY id) FROM fact").fetchone()[0] == [1, 2, 3]
        assert connection.execute("SHOW tianhui.restored").fetchone()[0] == recovery.label
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("INSERT INTO fact VALUES (4)")


def test_a_moment_is_restored_to_the_transaction(backed_up, open_folder):
    grounds, moment = backed_up
    recovery = restore(grounds.archive, grounds.opener, open_folder / "data", until=moment)
    assert facts_in(open_folder / "data", recovery) == [1, 2]
    assert recovery.stopped_before > recovery.last_commit_at


def test_a_moment_after_the_end_names_the_segment_that_is_not_there(backed_up, open_folder):
    grounds, moment = backed_up
    with pytest.raises(BackupError, match=r"does not reach that moment.*[0-9A-F]{24}, is not in"):
        restore(grounds.archive, grounds.opener, open_folder / "data", until=moment + dt.timedelta(days=1))


def test_a_moment_before_the_first_backup_is_refused(backed_up):
    grounds, moment = backed_up
    with pytest.raises(BackupError, match="the oldest one can be restored from 20"):
        choose_base(grounds.archive, grounds.opener.verifier, moment - dt.timedelta(days=1))


def test_nothing_is_restored_over_what_is_there(backed_up, open_folder):
    grounds, _moment = backed_up
    (open_folder / "kept").touch()
    with pytest.raises(BackupError, match="not empty"):
        restore(grounds.archive, grounds.opener, open_folder, until=None)
    assert (open_folder / "kept").exists()


def segments(grounds):
    return sorted(name for name in grounds.archive.sealed_names() if len(name) == 24)


def test_a_missing_segment_is_named(copy_of, open_folder):
    # The one before it is in the backup itself, too.
    lost = segments(copy_of)[2]
    copy_of.archive.wal_file(lost).unlink()
    with pytest.raises(Damaged, match=f"The WAL segment {lost} is missing"):
        restore(copy_of.archive, copy_of.opener, open_folder / "data", until=None)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def change(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"), [(cut, "is cut short: it has"), (change, "was changed"), (Path.unlink, "is missing")]
)
def test_a_backup_that_is_not_whole_is_refused(copy_of, tmp_path, spoil, words):
    base = copy_of.archive.bases(copy_of.opener.verifier)[0]
    spoil(base.file)
    with pytest.raises(Damaged, match=words):
        verify_base(base, copy_of.opener, tmp_path)
    assert not base.is_verified


@pytest.mark.parametrize(("spoil", "words"), [(cut, "is cut short: it has"), (change, "was changed")])
def test_wal_that_is_not_whole_is_refused(copy_of, open_folder, spoil, words):
    spoil(copy_of.archive.wal_file(segments(copy_of)[1]))
    with pytest.raises(Damaged, match=words):
        restore(copy_of.archive, copy_of.opener, open_folder / "data", until=None)


def test_wal_that_somebody_else_has_sealed_to_the_same_key_is_not_believed(copy_of, tmp_path, open_folder):
    """Public keys are no secret: what says that a file is ours is the signature beside it."""
    name = segments(copy_of)[1]
    sealed = sealing.seal(io.BytesIO(b"\0" * 1024), copy_of.archive.wal_file(name), copy_of.recipients)
    forger = signing.signer_in(tmp_path / "forger", make=True)
    said = {"kind": "wal", "name": name} | {each: getattr(sealed, each) for each in sealing.Sealed.__slots__}
    signing.write_note(copy_of.archive.wal_note(name), said, forger)
    with pytest.raises(Damaged, match="not what this host's backup has signed"):
        restore(copy_of.archive, copy_of.opener, open_folder / "data", until=None)


def test_two_segments_do_not_change_places(copy_of, open_folder):
    first, second = segments(copy_of)[1:3]
    for place in (copy_of.archive.wal_file, copy_of.archive.wal_note):
        shutil.copy(place(second), place(first))
    with pytest.raises(Damaged, match=f"was signed as {second}"):
        restore(copy_of.archive, copy_of.opener, open_folder / "data", until=None)


def test_another_key_opens_nothing(backed_up, tmp_path):
    grounds, _moment = backed_up
    (tmp_path / "other").touch(mode=0o600)
    (tmp_path / "other").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    status, _said, errors = grounds.run("verify", BACKUP_IDENTITY_FILE=str(tmp_path / "other"))
    assert (status, errors.count("\n")) == (1, 1)
    assert "it was sealed to another one" in errors


def test_a_key_that_others_can_read_is_refused(tmp_path):
    (tmp_path / "open").touch(mode=0o644)
    with pytest.raises(BackupError, match="chmod 600"):
        sealing.read_identities(tmp_path / "open")


def test_nothing_in_the_archive_can_be_read_without_the_key(backed_up):
    grounds, _moment = backed_up
    for path in grounds.archive.folder.rglob("*"):
        if path.is_file() and path.name.endswith(sealing.SUFFIX):
            assert path.read_bytes().startswith(b"age-encryption.org/v1\n")
            assert path.stat().st_mode & 0o077 == 0
    assert not list(grounds.archive.folder.rglob("*.new"))


def test_a_backup_killed_in_the_middle_is_none_and_the_next_one_is(grounds):
    grounds.execute(
        "CREATE TABLE IF NOT EXISTS large AS SELECT id, repeat(md5(id::text), 30) AS filling FROM generate_series(1, 100000) id"
    )
    process = subprocess.Popen(grounds.command("base"), cwd=BASE_DIR, env=grounds.environment(), start_new_session=True)
    drafts = grounds.archive.bases_folder

    def is_under_way():
        assert process.poll() is None, "it was over before it could be killed"
        return any(path.stat().st_size > 1_000_000 for path in drafts.glob(".*/.*"))

    wait_until(is_under_way, seconds=60)
    kill(process)
    assert grounds.archive.base_names() == []
    assert grounds.run("base")[0] == 0
    assert len(grounds.archive.base_names()) == 1
    grounds.execute("DROP TABLE large")


def test_a_receiver_killed_at_any_moment_goes_on_where_it_was(grounds, open_folder):
    """The backup was ended before the WAL was received: it has itself what it needs until then."""
    grounds.execute("TRUNCATE fact")
    base = take_base(grounds.archive, grounds.source, grounds.recipients, grounds.signer)
    with grounds.receiving() as processes:
        for number in range(2):
            grounds.execute(f"INSERT INTO fact VALUES ({number})")
            grounds.execute("SELECT pg_switch_wal()")
            kill(processes._running["receive"])
            grounds.execute(f"INSERT INTO fact VALUES ({number + 10})")
            # Its pg_receivewal is found dead by the server before the next one may use the slot.
            wait_until(
                lambda: (
                    not grounds.execute(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{grounds.slot}'")
                )
            )
            processes.start("receive", grounds.command("receive", "--partial-seconds", "0.2", "--slot", grounds.slot))
    recovery = restore(grounds.archive, grounds.opener, open_folder / "data", until=None, base=base)
    assert facts_in(open_folder / "data", recovery) == [0, 1, 10, 11]


# What is kept


def copies(grounds, *ages, verified):
    """Make backups of days ago out of the one that there is: their notes are signed by the same key."""
    [base] = grounds.archive.bases(grounds.opener.verifier)
    now = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    for days in ages:
        at = now - dt.timedelta(days=days)
        name = at.strftime("%Y%m%dT%H%M%S.%fZ")
        folder = grounds.archive.bases_folder / name
        shutil.copytree(base.folder, folder)
        said = base.said | {"name": name, "started_at": at.isoformat(), "finished_at": at.isoformat()}
        signing.write_note(folder / "base.note", said, grounds.signer)
        if verified:
            note_verified(grounds.archive.base(name, grounds.opener.verifier))
    shutil.rmtree(base.folder)
    return now


def test_days_and_weeks_are_kept_and_the_rest_goes(copy_of):
    copies(copy_of, *range(60), verified=True)
    plan = plan_pruning(copy_of.archive, copy_of.opener.verifier, daily=7, weekly=4)
    days = [(dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC) - base.started_at).days for base in plan.kept]
    # The last seven days; of this week and the three before it the newest: today and three Sundays.
    assert sorted(days) == [0, 1, 2, 3, 4, 5, 6, 8, 15]
    prune(plan, copy_of.archive)
    assert len(copy_of.archive.base_names()) == 9


def test_nothing_goes_before_a_newer_backup_has_been_verified(copy_of):
    copies(copy_of, *range(10), verified=False)
    plan = plan_pruning(copy_of.archive, copy_of.opener.verifier, daily=1, weekly=0)
    assert (plan.bases, plan.wal, plan.why_nothing) == ((), (), "no backup has been verified: nothing goes")
    oldest = copy_of.archive.bases(copy_of.opener.verifier)[0]
    note_verified(oldest)
    plan = plan_pruning(copy_of.archive, copy_of.opener.verifier, daily=1, weekly=0)
    assert oldest in plan.kept
    assert plan.bases == ()


def test_wal_goes_that_no_kept_backup_needs(copy_of):
    [base] = copy_of.archive.bases(copy_of.opener.verifier)
    older = f"{base.first_segment[:16]}00000000"
    for place in (copy_of.archive.wal_file, copy_of.archive.wal_note):
        shutil.copy(place(base.first_segment), place(older))
    note_verified(base)
    plan = plan_pruning(copy_of.archive, copy_of.opener.verifier, daily=1, weekly=0)
    assert older in plan.wal
    assert all(name < base.first_segment for name in plan.wal)
    prune(plan, copy_of.archive)
    assert segments(copy_of)[0] == base.first_segment


def test_keeping_nothing_is_refused(copy_of):
    status, _said, errors = copy_of.run("prune", "--daily", "0")
    assert (status, errors) == (1, "Keep at least one day's backup: --daily 1 or more, --weekly 0 or more.\n")


# Names of WAL


def test_segments_are_counted_over_the_end_of_a_log():
    assert next_segment("0000000100000000000000FF", 16 << 20) == "000000010000000100000000"


def test_a_run_goes_on_over_a_change_of_the_timeline():
    names = {
        "000000010000000000000001",
        "000000010000000000000002",
        "000000020000000000000002",
        "000000020000000000000003",
    }
    assert list(run_from("000000010000000000000001", names, 16 << 20)) == [
        "000000010000000000000001",
        "000000010000000000000002",
        "000000020000000000000003",
    ]


def test_a_moment_without_a_time_zone_is_refused(backed_up):
    grounds, _moment = backed_up
    status, _said, errors = grounds.run("drill", "--until", "2026-11-30T14:05:00")
    assert status == 1
    assert "says no time zone" in errors


def test_a_note_says_what_it_is_of(backed_up):
    grounds, _moment = backed_up
    [base] = grounds.archive.bases(grounds.opener.verifier)
    text = (base.folder / "base.note").read_text()
    said = json.loads(text.split("\n")[1])
    assert said["kind"] == "base"
    assert said["sealed_bytes"] == base.file.stat().st_size


# Documents


def kept_document(folder, content):
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256[:2] / sha256[2:4] / sha256
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_documents_are_sealed_once_and_come_back_by_their_hashes(grounds, tmp_path):
    one = kept_document(tmp_path / "documents", "土地承包合同".encode())
    (tmp_path / "documents" / "unfinished").mkdir()
    (tmp_path / "documents" / "unfinished" / "half").write_bytes(b"half a file")
    grounds.archive.make()
    assert copy_documents(grounds.archive, tmp_path / "documents", grounds.recipients) == 1
    two = kept_document(tmp_path / "documents", b"a photograph")
    assert copy_documents(grounds.archive, tmp_path / "documents", grounds.recipients) == 1
    assert restore_documents(grounds.archive, tmp_path / "restored", grounds.opener.identities) == 2
    for path in (one, two):
        assert (tmp_path / "restored" / path.relative_to(tmp_path / "documents")).read_bytes() == path.read_bytes()
    assert not list((tmp_path / "restored").rglob("half"))


def test_a_document_that_is_not_what_its_name_says_is_not_backed_up(grounds, tmp_path):
    path = kept_document(tmp_path / "documents", b"a contract")
    path.write_bytes(b"another contract")
    grounds.archive.make()
    with pytest.raises(BackupError, match="is not what its name says"):
        copy_documents(grounds.archive, tmp_path / "documents", grounds.recipients)
    assert not list(grounds.archive.documents.rglob("*.age"))


def test_a_sealed_document_that_is_another_is_refused(grounds, tmp_path):
    for content in (b"one", b"two"):
        kept_document(tmp_path / "documents", content)
    grounds.archive.make()
    copy_documents(grounds.archive, tmp_path / "documents", grounds.recipients)
    first, second = sorted(grounds.archive.documents.rglob("*.age"))
    shutil.copy(first, second)
    with pytest.raises(Damaged, match="another document than its name says"):
        restore_documents(grounds.archive, tmp_path / "restored", grounds.opener.identities)


# The log's key, sealed by itself


def test_the_signing_key_is_sealed_by_itself_and_opens_with_the_private_key(grounds, tmp_path):
    (tmp_path / "key").write_bytes(b"seed in base64")
    status, said, _errors = grounds.run("seal-key", tmp_path / "key", tmp_path / "key.gz.age")
    assert (status, "age -d -i IDENTITY" in said) == (0, True)
    out = io.BytesIO()
    sealing.unseal(tmp_path / "key.gz.age", out, grounds.opener.identities)
    assert out.getvalue() == b"seed in base64"


def test_keys_are_made_once_and_printed_without_what_is_private(grounds, tmp_path):
    words = ("keys", "--identity", tmp_path / "new-identity", "--signing-key", tmp_path / "new-key")
    status, said, _errors = grounds.run(*words)
    assert status == 0
    assert "AGE-SECRET" not in said
    assert (tmp_path / "new-identity").stat().st_mode & 0o777 == 0o600
    assert sealing.read_identities(tmp_path / "new-identity")
    status, _said, errors = grounds.run(*words)
    assert (status, "is there already" in errors) == (1, True)
