"""Backups of a small server: killed in the middle, cut short, changed, forged, with WAL missing. Real processes throughout."""

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest

from config.operations.backup import sealing, signing
from config.operations.backup.archive import DOCUMENTS, next_segment, run_from
from config.operations.backup.bases import take_base
from config.operations.backup.documents import copy_documents, names_in, names_in_archive, restore_documents
from config.operations.backup.errors import BackupError, Damaged
from config.operations.backup.restoring import choose_base, note_verified, restore, running, verify_base
from config.operations.backup.retention import Documents, plan_pruning, prune
from config.operations.backup.source import Source
from config.run import BASE_DIR
from tests.operations.backup.conftest import Grounds, kill
from tests.waiting import wait_until


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


NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def copies(grounds, *ages, verified):
    """Make backups of days ago out of the one that there is: their notes are signed by the same key."""
    [base] = grounds.archive.bases(grounds.opener.verifier)
    for days in ages:
        make_copy(grounds, base, days, verified=verified)
    shutil.rmtree(base.folder)


def make_copy(grounds, base, days, *, verified, listed=None):
    """Make a backup of days ago out of another one, with a list of documents or without one."""
    at = NOW - dt.timedelta(days=days)
    name = at.strftime("%Y%m%dT%H%M%S.%fZ")
    folder = grounds.archive.bases_folder / name
    shutil.copytree(base.folder, folder)
    said = {key: value for key, value in base.said.items() if not key.startswith("documents")}
    if listed is not None:
        (folder / DOCUMENTS).write_text(listed)
        said["documents_sha256"] = hashlib.sha256(listed.encode()).hexdigest()
    said |= {"name": name, "started_at": at.isoformat(), "finished_at": at.isoformat()}
    signing.write_note(folder / "base.note", said, grounds.signer)
    if verified:
        note_verified(grounds.archive.base(name, grounds.opener.verifier))


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


@pytest.fixture
def kept(copy_of, tmp_path):
    """Return the product's folder of documents, what stores one in it, and what makes a backup; both as of so many days ago."""
    folder = tmp_path / "kept"
    folder.mkdir()
    [base] = copy_of.archive.bases(copy_of.opener.verifier)
    template = replace(base, folder=tmp_path / "template")
    shutil.move(base.folder, template.folder)
    shutil.rmtree(copy_of.archive.documents, ignore_errors=True)
    copy_of.archive.make()

    def store(word, days_ago=10):
        name = hashlib.sha256(word.encode()).hexdigest()
        path = folder / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(word)
        date(path, days_ago)
        return path

    def copy(days_ago):
        before = names_in_archive(copy_of.archive)
        copy_documents(copy_of.archive, folder, copy_of.recipients)
        for name in names_in_archive(copy_of.archive) - before:
            date(copy_of.archive.documents / name[:2] / f"{name}{sealing.SUFFIX}", days_ago)

    def back_up(days_ago, *, has_list=True):
        copy(days_ago)
        listed = "".join(f"{name}\n" for name in sorted(names_in(folder))) if has_list else None
        make_copy(copy_of, template, days_ago, verified=True, listed=listed)

    return folder, store, copy, back_up


def date(path, days_ago):
    at = (NOW - dt.timedelta(days=days_ago)).timestamp()
    os.utime(path, (at, at))


def documents_that_go(grounds, folder, named=frozenset(), **more):
    plan = plan_pruning(
        grounds.archive, grounds.opener.verifier, daily=2, weekly=0, documents=Documents(folder, named), **more
    )
    prune(plan, grounds.archive)
    return set(plan.documents), plan.why_no_documents


def test_a_document_goes_with_the_last_backup_that_has_it(copy_of, kept):
    folder, store, copy, back_up = kept
    gone, stays = store("gone"), store("stays")
    back_up(9)
    # It came and went between two backups: in no list, and there is a moment that has it as long as the older one is kept.
    between = store("between", 8.5)
    copy(8.5)
    between.unlink()
    back_up(8)
    gone.unlink()
    assert documents_that_go(copy_of, folder) == (set(), ""), "both backups are kept, and one of them has it"
    back_up(1)
    # Of the two that are kept the older one was begun when this had gone, and before the other had.
    assert documents_that_go(copy_of, folder) == ({between.name}, "")
    back_up(0)
    assert documents_that_go(copy_of, folder) == ({gone.name}, "")
    assert names_in_archive(copy_of.archive) == {stays.name}


def test_a_document_that_a_row_names_stays_though_its_file_is_lost(copy_of, kept):
    """The archive has the only copy then."""
    folder, store, _copy, back_up = kept
    lost = store("lost")
    back_up(9)
    lost.unlink()
    for days_ago in (2, 1, 0):
        back_up(days_ago)
    assert documents_that_go(copy_of, folder, named={lost.name}) == (set(), "")
    assert documents_that_go(copy_of, folder) == ({lost.name}, "")


def test_a_document_that_is_there_anew_counts_from_then_on(copy_of, kept):
    folder, store, copy, back_up = kept
    again = store("again")
    back_up(9)
    again.unlink()
    for days_ago in (2, 1):
        back_up(days_ago)
    # Handed in once more, copied, and taken back: the moment between can be restored.
    store("again", 0.5)
    copy(0.5)
    again.unlink()
    assert documents_that_go(copy_of, folder) == (set(), "")


def test_where_it_cannot_be_said_which_documents_are_needed_all_stay(copy_of, kept):
    folder, store, _copy, back_up = kept
    for number in range(30):
        store(f"document {number}")
    back_up(9)
    shutil.rmtree(folder)
    # A disk that is away is not the same as no documents.
    assert documents_that_go(copy_of, folder) == (set(), f"{folder} is not there")
    folder.mkdir()
    for days_ago in (2, 1, 0):
        back_up(days_ago)
    assert documents_that_go(copy_of, folder, named=None)[1].startswith("which documents the database names")
    found, why = documents_that_go(copy_of, folder)
    assert (found, why.partition(":")[0]) == (set(), "30 documents would go")
    assert len(documents_that_go(copy_of, folder, many_documents=True)[0]) == 30
    back_up(-0.1, has_list=False)
    assert documents_that_go(copy_of, folder)[1].endswith("has no list of its documents")


def test_a_list_of_documents_that_was_changed_is_not_believed(copy_of, kept):
    folder, _store, _copy, back_up = kept
    back_up(0)
    newest = copy_of.archive.bases(copy_of.opener.verifier)[-1]
    (newest.folder / DOCUMENTS).write_text("f" * 64)
    with pytest.raises(Damaged, match="was changed"):
        documents_that_go(copy_of, folder)


def test_keeping_nothing_is_refused(copy_of):
    status, _said, errors = copy_of.run("prune", "--daily", "0")
    assert (status, errors) == (1, "Keep at least one day's backup: --daily 1 or more, --weekly 0 or more.\n")


# What others are told


def test_a_whole_backup_touches_the_file_that_the_status_page_looks_at_and_has_the_list_of_documents(grounds, tmp_path):
    name = hashlib.sha256(b"a document").hexdigest()
    (tmp_path / "kept" / name[:2] / name[2:4]).mkdir(parents=True)
    (tmp_path / "kept" / name[:2] / name[2:4] / name).write_bytes(b"a document")
    said = {"BACKUP_STATUS_FILE": str(tmp_path / "newest"), "DOCUMENTS_DIR": str(tmp_path / "kept")}
    status, _said, errors = grounds.run("base", **said)
    assert (status, errors) == (0, "")
    [base] = grounds.archive.bases(grounds.opener.verifier)
    assert (tmp_path / "newest").read_text() == f"{base.name}\n"
    assert (tmp_path / "newest").stat().st_mode & 0o777 == 0o644
    assert base.documents() == {name}
    # One that fails touches nothing; one that cannot say so says that. Documents that are away hold no backup up.
    (tmp_path / "newest").unlink()
    assert grounds.run("base", **said, BACKUP_DATABASE_URL="postgresql://x@127.0.0.1:1/x")[0] == 1
    assert not (tmp_path / "newest").exists()
    said["DOCUMENTS_DIR"] = str(tmp_path / "none")
    status, _said, errors = grounds.run("base", **(said | {"BACKUP_STATUS_FILE": str(tmp_path / "none" / "newest")}))
    assert (status, "The backup is whole, but" in errors) == (1, True)
    assert grounds.archive.bases(grounds.opener.verifier)[-1].documents() is None


def test_a_primary_that_has_no_slot_is_given_one_and_receiving_goes_on(grounds):
    """As after a failover: slots do not come with a standby that is promoted."""
    grounds.execute("TRUNCATE fact")
    with grounds.receiving():
        assert grounds.run("base")[0] == 0
        # Whoever receives holds it: it is let go, and taken away before it is there again.
        grounds.execute(_DROPPED.format(grounds.slot))
        assert grounds.execute(
            f"SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{grounds.slot}')"
        )
        grounds.execute("INSERT INTO fact VALUES (1)")
        wait_until(
            lambda: grounds.execute(
                f"SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{grounds.slot}' AND active)"
            ),
            seconds=60,
        )
        grounds.execute("INSERT INTO fact VALUES (2)")


_DROPPED = """
DO $$ BEGIN
  PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{0}';
  FOR turn IN 1..200 LOOP
    BEGIN
      PERFORM pg_drop_replication_slot('{0}');
      RETURN;
    EXCEPTION WHEN object_in_use THEN PERFORM pg_sleep(0.01);
    END;
  END LOOP;
END $$
"""


def test_several_hosts_are_handed_on_as_postgresql_has_them():
    source = Source("postgresql://role:p%40ss@a.example:5432,b.example/tianhui?connect_timeout=5")
    environment = source.environment()
    assert (environment["PGHOST"], environment["PGPORT"]) == ("a.example,b.example", "5432,5432")
    assert environment["PGTARGETSESSIONATTRS"] == "read-write"
    assert (environment["PGCONNECT_TIMEOUT"], environment["PGPASSWORD"]) == ("5", "p@ss")
    assert (source.user, source.database) == ("role", "tianhui")
    alone = Source("postgresql://role@a.example:5433/tianhui")
    assert alone.address == alone.url
    assert "PGTARGETSESSIONATTRS" not in alone.environment()


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
