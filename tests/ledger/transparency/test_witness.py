"""A witness: what it signs, what it refuses, and that it forgets nothing. Over real sockets and real processes."""

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.transparency.cosignatures import CosignatureSigner, CosignatureVerifier
from ledger.transparency.fetching import FetchError, ask
from ledger.transparency.merkle import consistency_proof, empty_root, leaf_hash, root
from ledger.transparency.notes import Signer, Verifier, checkpoint_text
from ledger.transparency.tiles import TILE_WIDTH, tile_address, tiles_of
from ledger.transparency.witness import (
    Refusal,
    StateError,
    StateFolder,
    Submission,
    Witness,
    decode_submission,
    encode_submission,
)
from ledger.transparency.witness.follower import Follower
from ledger.transparency.witness.server import MAX_BODY_BYTES, WitnessServer
from tests.waiting import wait_until

ORIGIN = "tianhui.test/log"
LOG = Signer(ORIGIN, bytes(range(32)))
NEW_KEY = Signer(ORIGIN, bytes(range(9, 41)))
WITNESS = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))
CHECKER = CosignatureVerifier(WITNESS.vkey)
LEAVES = [leaf_hash(b"entry %d" % at) for at in range(1_000)]
FORKED = [*LEAVES[:4], leaf_hash(b"another"), *LEAVES[5:]]
NOW = 1_700_000_000


def checkpoint(size, leaves=LEAVES, log=LOG, origin=ORIGIN):
    return log.sign(checkpoint_text(origin, size, root(leaves[:size]))).encode()


def proof(old, new, leaves=LEAVES):
    if not 0 < old < new:
        return ()
    return tuple(consistency_proof(old, new, lambda start, end: root(leaves[start:end])))


def submission(old, new, leaves=LEAVES):
    return Submission(old, proof(old, new, leaves), checkpoint(new, leaves))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@contextmanager
def witness_in(folder, *keys):
    with closing(StateFolder(folder)) as state:
        yield Witness(WITNESS, [Verifier(key.vkey) for key in keys or (LOG,)], state, lambda: NOW)


@pytest.fixture
def witness(folder):
    with witness_in(folder) as found:
        yield found


def refused(witness, *arguments, **named):
    with pytest.raises(Refusal) as raised:
        witness.add_checkpoint(Submission(*arguments, **named))
    return raised.value.status, raised.value.size


def test_the_first_checkpoint_is_pinned_and_the_next_must_extend_it(witness):
    for old, new in ((0, 4), (4, 4), (4, 5), (5, 300), (300, 1_000)):
        line = witness.add_checkpoint(submission(old, new))
        found = CHECKER.find(checkpoint(new).decode() + line)
        assert found.seconds == NOW
        assert witness.last_seen(ORIGIN).size == new


def test_two_roots_of_one_size_are_never_signed_and_the_fork_is_kept(witness, folder):
    witness.add_checkpoint(submission(0, 7))
    forged = checkpoint(7, FORKED)
    assert refused(witness, 7, (), forged) == (409, 7)
    assert witness.last_seen(ORIGIN).root == root(LEAVES[:7])
    [evidence] = folder.glob("*.fork")
    assert evidence.read_bytes() == forged


def test_a_tree_that_does_not_extend_what_was_seen_is_not_signed(witness):
    witness.add_checkpoint(submission(0, 7))
    for wrong in (proof(7, 9, FORKED), (), proof(7, 9)[:-1], (*proof(7, 9), bytes(32)), proof(7, 10)):
        assert refused(witness, 7, wrong, checkpoint(9, FORKED)) == (422, None)
    assert refused(witness, 7, proof(7, 9, FORKED), checkpoint(9)) == (422, None)
    assert witness.last_seen(ORIGIN).size == 7


def test_it_does_not_go_back(witness):
    witness.add_checkpoint(submission(0, 7))
    for old, new in ((0, 5), (5, 6), (0, 7), (6, 7), (8, 9), (0, 0)):
        assert refused(witness, old, proof(old, new), checkpoint(new)) == (409, 7)
    assert refused(witness, 7, (), checkpoint(5)) == (400, None)


def test_the_empty_tree_has_one_root(witness):
    assert refused(witness, 0, (), LOG.sign(checkpoint_text(ORIGIN, 0, bytes(32))).encode()) == (409, 0)
    assert witness.add_checkpoint(Submission(0, (), LOG.sign(checkpoint_text(ORIGIN, 0, empty_root())).encode()))
    assert refused(witness, 0, (bytes(32),), checkpoint(3)) == (422, None)
    assert witness.add_checkpoint(submission(0, 3))


def test_only_known_logs_and_keys_are_signed(witness):
    assert refused(witness, 0, (), checkpoint(3, origin="elsewhere.test/log")) == (404, None)
    assert refused(witness, 0, (), checkpoint(3, log=NEW_KEY)) == (403, None)
    swapped = checkpoint(3).replace(b"\n3\n", b"\n4\n")
    assert refused(witness, 0, (), swapped) == (403, None)
    assert witness.last_seen(ORIGIN) is None


def test_lines_of_others_do_not_matter(witness):
    crowded = checkpoint(3) + NEW_KEY.signature_line("x\n").encode() + b"\xe2\x80\x94 somebody AAAAAAA=\n"
    assert witness.add_checkpoint(Submission(0, (), crowded))


def test_a_log_may_have_an_old_key_and_a_new_one(folder):
    with witness_in(folder, LOG, NEW_KEY) as witness:
        witness.add_checkpoint(submission(0, 3))
        witness.add_checkpoint(Submission(3, proof(3, 5), checkpoint(5, log=NEW_KEY)))
        assert witness.last_seen(ORIGIN).size == 5


# What it remembers


def test_it_remembers_over_a_restart(folder):
    with witness_in(folder) as witness:
        witness.add_checkpoint(submission(0, 7))
    with witness_in(folder) as witness:
        assert refused(witness, 0, (), checkpoint(7, FORKED)) == (409, 7)
        assert refused(witness, 7, (), checkpoint(7, FORKED)) == (409, 7)
        assert witness.add_checkpoint(submission(7, 8))


def test_two_processes_do_not_have_one_folder(folder):
    with witness_in(folder), pytest.raises(StateError, match="another witness"):
        StateFolder(folder)
    StateFolder(folder).close()


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"tianhui.test/log\n7\n", checkpoint(7, origin="elsewhere.test/log")]
)
def test_a_damaged_memory_is_no_reason_to_begin_anew(witness, folder, content):
    witness.add_checkpoint(submission(0, 7))
    [path] = folder.glob("*.checkpoint")
    path.write_bytes(content)
    with pytest.raises(StateError):
        witness.add_checkpoint(submission(0, 8))


def test_what_cannot_be_remembered_is_not_signed(witness, monkeypatch):
    witness.add_checkpoint(submission(0, 7))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            witness.add_checkpoint(submission(7, 8))
    assert witness.last_seen(ORIGIN).size == 7


def test_threads_at_once_never_bring_it_back(witness):
    witness.add_checkpoint(submission(0, 1))
    signed = []

    def push(new):
        for _attempt in range(40):
            try:
                signed.append((new, witness.add_checkpoint(submission(witness.last_seen(ORIGIN).size, new))))
                return
            except Refusal as refusal:
                if refusal.status == 400:
                    return

    threads = [threading.Thread(target=push, args=(new,)) for new in range(2, 22)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sizes = [size for size, _line in signed]
    assert len(sizes) == len(set(sizes))
    assert witness.last_seen(ORIGIN).size == max(sizes) == 21


# Requests

BODY = encode_submission(submission(300, 1_000))


def test_a_request_has_the_published_form():
    lines = BODY.decode().split("\n")
    assert lines[0] == "old 300"
    assert lines[1 + len(proof(300, 1_000))] == ""
    assert BODY.endswith(checkpoint(1_000))
    assert decode_submission(BODY) == submission(300, 1_000)


MALFORMED = [
    b"",
    b"\n\n",
    b"old 3\n",
    b"old 3",
    b"old  3\n\n" + checkpoint(3),
    b"old -3\n\n" + checkpoint(3),
    b"old 03\n\n" + checkpoint(3),
    b"old 3\r\n\n" + checkpoint(3),
    b"size 3\n\n" + checkpoint(3),
    b"old " + b"9" * 30 + b"\n\n" + checkpoint(3),
    b"old 3\nAAAA\n\n" + checkpoint(3),
    b"old 3\n!!!!\n\n" + checkpoint(3),
    b"old 3\n\xc3\xa9\n\n" + checkpoint(3),
    b"old 3\n" + b"A" * 43 + b"=\n",
    b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + checkpoint(3),
    b"old 0\n\n",
    b"old 0\n\nnot a note",
    b"old 0\n\n\xff\xfe\n\n\xff",
    b"old 0\n\n" + LOG.sign("tianhui.test/log\nmany\nAAAA\n").encode(),
    b"old 0\n\n" + checkpoint(3).replace(b"\n", b"\r\n"),
    b"old 4\n\n" + checkpoint(3),
]


@pytest.fixture
def server(witness):
    with WitnessServer(("127.0.0.1", 0), witness) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def post(server, body):
    return ask(f"{server}/add-checkpoint", body)


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_request_is_answered_with_400(server, body):
    answer = post(server, body)
    assert (answer.status, answer.content_type) == (400, "text/plain")
    assert len(answer.body) > 5


def test_the_protocol_from_the_first_checkpoint_on(server):
    answer = post(server, encode_submission(submission(0, 7)))
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert CHECKER.find(checkpoint(7).decode() + answer.body.decode()).seconds == NOW
    answer = post(server, encode_submission(submission(0, 9)))
    assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"7\n")
    assert post(server, encode_submission(submission(7, 9))).status == 200
    assert post(server, encode_submission(Submission(9, (), checkpoint(12)))).status == 422
    assert post(server, encode_submission(Submission(9, (), checkpoint(9, log=NEW_KEY)))).status == 403
    assert post(server, encode_submission(Submission(0, (), checkpoint(9, origin="x.test")))).status == 404


def test_there_is_nothing_else(server):
    assert ask(f"{server}/add-checkpoint").status == 405
    assert ask(f"{server}/elsewhere", b"x").status == 404


def exchange(server, request):
    """Send raw bytes, and return the status line of the answer."""
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", b"411"),
        (b"Transfer-Encoding: chunked\r\n", b"411"),
        (b"Content-Length: -1\r\n", b"411"),
        (b"Content-Length: ten\r\n", b"411"),
        (b"Content-Length: %d\r\n" % (MAX_BODY_BYTES + 1), b"413"),
        (b"Content-Length: " + b"9" * 50 + b"\r\n", b"413"),
    ],
)
def test_a_body_is_bounded(server, headers, status):
    assert status in exchange(server, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n" + headers + b"\r\n")


def test_a_connection_takes_several_requests(server):
    host, port = server.removeprefix("http://").split(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=5)) as connection:
        for old, new in ((0, 4), (4, 9), (1, 9)):
            connection.request("POST", "/add-checkpoint", encode_submission(submission(old, new)))
            response = connection.getresponse()
            response.read()
            assert response.status == (409 if old == 1 else 200)


# Following


class Log:
    """A log that serves its checkpoint and tiles, and takes cosignatures: bytes over a real socket."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.taken: list[bytes] = []
        self.asked: list[str] = []

    def show(self, size, leaves=LEAVES):
        self.files = {"checkpoint": checkpoint(size, leaves)}
        for level, number, width in tiles_of(size):
            span = TILE_WIDTH**level
            start = number * TILE_WIDTH * span
            hashes = [root(leaves[at : at + span]) for at in range(start, start + width * span, span)]
            self.files[f"tile/{level}/{tile_address(number, width)}"] = b"".join(hashes)


@pytest.fixture
def log():
    log = Log()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            log.asked.append(self.path)
            content = log.files.get(self.path.removeprefix("/log/"))
            self.answer(404 if content is None else 200, content or b"")

        def do_POST(self):
            log.taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(200, b"")

        def answer(self, status, content):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log.url = f"http://127.0.0.1:{server.server_address[1]}/log"
        yield log
        server.shutdown()


def test_it_follows_a_log_that_grows(witness, log):
    follower = Follower(witness, log.url)
    assert follower.follow() == "the log is empty"
    for at, size in enumerate((3, 256, 300, 1_000)):
        log.show(size)
        assert follower.follow() == f"cosigned size {size}"
        assert follower.follow() == f"nothing new after size {size}"
        assert len(log.taken) == at + 1
        assert CHECKER.find(log.taken[-1]).seconds == NOW
        assert log.taken[-1].startswith(checkpoint_text(ORIGIN, size, root(LEAVES[:size])).encode())


def test_a_partial_tile_may_have_given_way_to_the_full_one(witness, log):
    log.show(100)
    Follower(witness, log.url).follow()
    log.show(600)
    partial = log.files.pop(f"tile/0/{tile_address(2, 88)}")
    log.files["tile/0/002"] = partial + bytes(168 * 32)
    assert Follower(witness, log.url).follow() == "cosigned size 600"


@pytest.mark.parametrize(("shown", "status"), [((9, FORKED), 422), ((7, FORKED), 409), ((5, LEAVES), 409)])
def test_it_does_not_follow_a_log_that_tells_another_story(witness, log, shown, status):
    log.show(7)
    follower = Follower(witness, log.url)
    follower.follow()
    log.show(*shown)
    with pytest.raises(Refusal) as raised:
        follower.follow()
    assert raised.value.status == status
    assert len(log.taken) == 1
    assert witness.last_seen(ORIGIN).root == root(LEAVES[:7])


def test_tiles_that_do_not_fit_are_no_proof(witness, log):
    log.show(7)
    Follower(witness, log.url).follow()
    log.show(9)
    for content in (b"", bytes(32), bytes(9 * 32)):
        log.files[f"tile/0/{tile_address(0, 9)}"] = content
        with pytest.raises(Refusal) as raised:
            Follower(witness, log.url).follow()
        assert raised.value.status == 422


@pytest.mark.parametrize("content", [b"", b"\xff\n\n\xff", b"hello", b"a\n1\nAAAA\n\n\xe2\x80\x94 a AAAAAAA=\n"])
def test_what_is_no_checkpoint_is_refused_in_words(witness, log, content):
    log.files["checkpoint"] = content
    with pytest.raises(Refusal):
        Follower(witness, log.url).follow()


def test_a_log_that_does_not_answer_is_said_so(witness):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/log", "file:///etc", "ftp://a/b", "http://", "nonsense"):
        with pytest.raises(FetchError):
            Follower(witness, url).follow()


def test_an_answer_that_is_too_long_is_dropped(log):
    log.files["checkpoint"] = b"x" * 1_001
    with pytest.raises(FetchError, match="longer than"):
        ask(f"{log.url}/checkpoint", limit=1_000)


# From the command line

BASE_DIR = Path(__file__).resolve().parents[3]


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, *words],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def options(tmp_path, *more):
    folder = ["--key-file", str(tmp_path / "key"), "--state", str(tmp_path / "state")]
    return ["--name", "witness.test/w9", *folder, "--log-key", LOG.vkey, *more]


def test_the_program_needs_no_settings_and_makes_its_key_once(tmp_path, log):
    log.show(300)
    words = ["-m", "ledger.transparency.witness", *options(tmp_path, "--follow", log.url, "--once")]
    first, second = run(*words), run(*words)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "cosigned size 300" in first.stdout
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    vkey = first.stdout.splitlines()[0].removeprefix("This witness's key is ")
    assert vkey == second.stdout.splitlines()[0].removeprefix("This witness's key is ")
    assert all(CosignatureVerifier(vkey).find(note) for note in log.taken)


def test_the_management_command_needs_no_database(tmp_path, log):
    log.show(300)
    found = run(
        "manage.py",
        "witness",
        *options(tmp_path, "--follow", log.url, "--once"),
        SECRET_KEY="x",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert found.returncode == 0, found.stderr
    assert "cosigned size 300" in found.stdout


def test_a_log_that_forks_ends_a_single_look_with_status_1(tmp_path, log):
    words = ["-m", "ledger.transparency.witness", *options(tmp_path, "--follow", log.url, "--once")]
    log.show(7)
    run(*words)
    log.show(9, FORKED)
    found = run(*words)
    assert found.returncode == 1
    assert found.stderr.startswith("NOT SIGNED: ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--log-key": "nonsense"}, "a verifier key is"),
        ({"--log-key": WITNESS.vkey}, "not of an Ed25519 key of type 1"),
        ({"--name": "two words"}, "name has no space"),
        ({"--key-file": "/proc/nothing/key"}, "/proc/nothing"),
        ({"--state": "/proc/nothing/state"}, "/proc/nothing"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said_in_a_sentence(tmp_path, changed, said):
    words = options(tmp_path, "--follow", "http://127.0.0.1:1/log", "--once")
    for name, value in changed.items():
        words[words.index(name) + 1] = value
    found = run("-m", "ledger.transparency.witness", *words)
    assert found.returncode == 1
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_key_that_others_can_read_is_not_used(tmp_path):
    (tmp_path / "key").write_text("AAAA")
    (tmp_path / "key").chmod(0o644)
    found = run("-m", "ledger.transparency.witness", *options(tmp_path, "--follow", "http://127.0.0.1:1", "--once"))
    assert (found.returncode, "chmod 600" in found.stderr) == (1, True)


def test_a_server_that_is_killed_has_forgotten_nothing(tmp_path):
    words = [sys.executable, "-m", "ledger.transparency.witness", *options(tmp_path, "--listen", "127.0.0.1:0")]
    size = 0
    for new in (5, 9, 40):
        process = subprocess.Popen(words, cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        with process:
            process.stdout.readline()
            url = process.stdout.readline().strip().removeprefix("It listens at ")
            assert ask(url, encode_submission(submission(size, new))).status == 200
            process.send_signal(signal.SIGKILL)
        size = new
    with closing(StateFolder(tmp_path / "state")) as state:
        assert state.read(ORIGIN).size == 40


def test_a_second_server_on_one_folder_ends_at_once(tmp_path):
    words = ["-m", "ledger.transparency.witness", *options(tmp_path, "--listen", "127.0.0.1:0")]
    with subprocess.Popen([sys.executable, *words], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        wait_until(lambda: (tmp_path / "state" / "lock").exists())
        found = run(*words)
        process.terminate()
    assert (found.returncode, found.stderr) == (1, f"another witness works in {tmp_path / 'state'}\n")
    assert process.returncode == 0
