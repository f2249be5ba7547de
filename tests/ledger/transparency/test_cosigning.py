"""The log's side of witnessing: pushing checkpoints to real witnesses, and keeping what they sign."""

import datetime as dt
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from ledger.models import Cosignature
from ledger.tasks import push_checkpoint
from ledger.transparency.cosignatures import CosignatureSigner, CosignatureVerifier, verify_checkpoint
from ledger.transparency.cosigning import keep_cosignatures
from ledger.transparency.fetching import FetchError, ask
from ledger.transparency.history import current_vkey
from ledger.transparency.keys import log_signer
from ledger.transparency.notes import Signer, Verifier, checkpoint_text, parse_note
from ledger.transparency.selectors import (
    cosigned_note,
    latest_checkpoint,
    tree_of,
    witness_states,
    witnessed_checkpoint,
)
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.witness import Refusal, StateFolder, Submission, Witness, encode_submission
from ledger.transparency.witness.follower import Follower
from ledger.transparency.witness.server import WitnessServer
from tests.running import running
from tests.waiting import wait_until

FIRST = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))
SECOND = CosignatureSigner("witness.test/w2", bytes(range(2, 34)))
STRANGER = CosignatureSigner("witness.test/w3", bytes(range(3, 35)))

pytestmark = pytest.mark.django_db


def write(count):
    with transaction.atomic():
        append_records([NewRecord("fact", {"n": at}, "system", timezone.now()) for at in range(count)])
    sequence_log()
    return latest_checkpoint()


def now():
    return int(timezone.now().timestamp())


@contextmanager
def witness_at_work(folder, signer):
    with closing(StateFolder(folder)) as state:
        witness = Witness(signer, [Verifier(log_signer().vkey)], state, lambda: timezone.now().timestamp())
        with WitnessServer(("127.0.0.1", 0), witness) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()


@pytest.fixture
def witnesses(tmp_path, settings):
    with witness_at_work(tmp_path / "1", FIRST) as first, witness_at_work(tmp_path / "2", SECOND) as second:
        settings.LOG_WITNESSES = [(FIRST.vkey, first), (SECOND.vkey, second)]
        yield


def names(checkpoint):
    return list(checkpoint.cosignatures.order_by("pk").values_list("name", flat=True))


# Pushing


def test_a_checkpoint_is_pushed_to_every_witness_and_served_with_their_lines(witnesses):
    checkpoint = write(300)
    push_checkpoint()
    assert names(checkpoint) == ["witness.test/w1", "witness.test/w2"]
    note = Client().get("/log/checkpoint").content
    keys = [CosignatureVerifier(FIRST.vkey), CosignatureVerifier(SECOND.vkey)]
    found = verify_checkpoint(note, Verifier(current_vkey()), keys)
    assert (found.body.size, len(found.cosignatures)) == (300, 2)


def test_a_log_that_grows_is_proven_to_each_witness(witnesses):
    for count in (1, 1, 254, 1, 300):
        checkpoint = write(count)
        push_checkpoint()
        assert len(names(checkpoint)) == 2
    push_checkpoint()
    assert Cosignature.objects.count() == 10


def test_an_empty_log_has_nothing_to_push(witnesses):
    push_checkpoint()
    assert not Cosignature.objects.exists()


def test_a_witness_that_has_seen_more_than_we_know_of_is_asked_again_with_its_size(witnesses, settings):
    write(5)
    push_checkpoint()
    later = write(4)
    for _vkey, url in settings.LOG_WITNESSES:
        # Its answer is lost, as where the worker is killed in between.
        submission = Submission(5, tuple(tree_of(9).consistency_proof(5)), later.note.encode())
        assert ask(f"{url}/add-checkpoint", encode_submission(submission)).status == 200
    newest = write(3)
    push_checkpoint()
    assert names(newest) == ["witness.test/w1", "witness.test/w2"]


def test_one_that_fails_stops_no_other_and_is_left_alone_for_a_while(witnesses, settings, caplog):
    settings.LOG_WITNESSES = [(STRANGER.vkey, "http://127.0.0.1:1"), *settings.LOG_WITNESSES]
    checkpoint = write(5)
    push_checkpoint()
    assert names(checkpoint) == ["witness.test/w1", "witness.test/w2"]
    assert "Witness witness.test/w3 has not cosigned size 5" in caplog.text
    caplog.clear()
    push_checkpoint()
    assert caplog.text == ""
    cache.clear()
    push_checkpoint()
    assert "witness.test/w3" in caplog.text


@contextmanager
def answering(status, content_type, *bodies):
    """Run a server that answers every request in the same way."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            for body in bodies:
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


HOSTILE = [
    (200, "text/plain", b""),
    (200, "text/plain", b"\xff\xfe"),
    (200, "text/plain", b"x" * 100_000),
    (200, "text/plain", "— witness.test/w3 AAAA\n".encode()),
    (200, "text/plain", FIRST.signature_line(checkpoint_text("tianhui.test/log", 5, bytes(32)), 1).encode()),
    (200, "text/plain", STRANGER.signature_line(checkpoint_text("tianhui.test/log", 5, bytes(32)), 1).encode()),
    (409, "text/x.tlog.size", b"6\n"),
    (409, "text/x.tlog.size", b"-1\n"),
    (409, "text/x.tlog.size", b"\xff\n"),
    (409, "text/x.tlog.size", b"3\n"),
    (409, "text/plain", b"3\n"),
    (302, "text/plain", b""),
    (422, "text/plain", b"no"),
    (500, "text/html", b"<h1>"),
]


@pytest.mark.parametrize(("status", "content_type", "body"), HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_witness_answers_nothing_but_its_cosignature_is_kept(settings, caplog, status, content_type, body):
    write(5)
    with answering(status, content_type, body) as url:
        settings.LOG_WITNESSES = [(STRANGER.vkey, url)]
        push_checkpoint()
    assert not Cosignature.objects.exists()
    assert "Witness witness.test/w3 has not cosigned size 5" in caplog.text


def test_a_witness_without_an_address_is_not_gone_to(settings):
    settings.LOG_WITNESSES = [(FIRST.vkey, "")]
    write(5)
    push_checkpoint()
    assert witness_states()[0].size == 0


# Taking


def cosigned(checkpoint, *signers, seconds=None):
    text = parse_note(checkpoint.note).text
    lines = "".join(signer.signature_line(text, seconds or now()) for signer in signers)
    return f"{text}\n{lines}"


@pytest.fixture
def known(settings):
    settings.LOG_WITNESSES = [(FIRST.vkey, ""), (SECOND.vkey, "")]


def hand_in(content, **headers):
    return Client(enforce_csrf_checks=True).post("/log/add-cosignature", content, content_type="text/plain", **headers)


def test_a_cosignature_that_is_handed_in_is_kept_once(known):
    checkpoint = write(5)
    first = cosigned(checkpoint, FIRST)
    for attempt in (
        first,
        first,
        cosigned(checkpoint, FIRST, seconds=now() - 60),
        checkpoint.note + first.split("\n\n")[1],
    ):
        assert hand_in(attempt).status_code == 200
    assert cosigned_note(checkpoint) == checkpoint.note + first.split("\n\n")[1]
    assert hand_in(cosigned(checkpoint, FIRST, SECOND, STRANGER)).content == b"2\n"
    assert names(checkpoint) == ["witness.test/w1", "witness.test/w2"]


def test_an_earlier_checkpoint_can_be_cosigned_too(known):
    earlier, newest = write(5), write(5)
    assert hand_in(cosigned(earlier, FIRST)).status_code == 200
    assert (names(earlier), names(newest)) == (["witness.test/w1"], [])
    assert Client().get("/log/checkpoint").content.decode() == newest.note
    assert Client().get("/log/checkpoint/witnessed").content.decode().startswith(earlier.note)
    assert witnessed_checkpoint() == earlier


def test_without_a_cosignature_there_is_no_witnessed_checkpoint(known):
    write(5)
    assert Client().get("/log/checkpoint/witnessed").status_code == 404


def test_what_is_not_to_be_kept_is_refused_and_changes_nothing(known):
    checkpoint = write(5)
    text = parse_note(checkpoint.note).text
    forked = checkpoint_text("tianhui.test/log", 5, bytes(32))
    foreign = checkpoint_text("elsewhere.test/log", 5, bytes(checkpoint.root_hash))
    unknown = checkpoint_text("tianhui.test/log", 6, bytes(32))
    broken = cosigned(checkpoint, FIRST)[:-5] + "AAA=\n"
    attempts = {
        b"": 400,
        b"\xff\n\n\xff": 400,
        b"hello": 400,
        text.encode(): 400,
        cosigned(checkpoint, FIRST).replace("\n", "\r\n").encode(): 400,
        f"{forked}\n{FIRST.signature_line(forked, now())}".encode(): 404,
        f"{foreign}\n{FIRST.signature_line(foreign, now())}".encode(): 404,
        f"{unknown}\n{FIRST.signature_line(unknown, now())}".encode(): 404,
        checkpoint.note.encode(): 403,
        cosigned(checkpoint, STRANGER).encode(): 403,
        f"{text}\n{Signer('witness.test/w1', bytes(range(1, 33))).signature_line(text)}".encode(): 403,
        broken.encode(): 403,
        cosigned(checkpoint, FIRST, seconds=now() + 3_600).encode(): 403,
        cosigned(checkpoint, FIRST, seconds=2**63 - 1).encode(): 403,
        b"x" * 65_537: 413,
    }
    for content, status in attempts.items():
        answer = hand_in(content)
        assert (answer.status_code, answer["Content-Type"]) == (status, "text/plain; charset=utf-8"), content[:200]
    assert not Cosignature.objects.exists()
    assert Client().get("/log/add-cosignature").status_code == 405


def test_a_witness_that_is_no_longer_configured_is_not_taken(known, settings):
    checkpoint = write(5)
    settings.LOG_WITNESSES = []
    with pytest.raises(Refusal) as raised:
        keep_cosignatures(cosigned(checkpoint, FIRST).encode())
    assert raised.value.status == 403


# How far witnesses are


def test_the_state_of_each_witness_in_one_query(known, django_assert_num_queries):
    assert [(state.name, state.size, state.cosigned_at, state.behind) for state in witness_states()] == [
        ("witness.test/w1", 0, None, 0),
        ("witness.test/w2", 0, None, 0),
    ]
    at = now() - 10
    keep_cosignatures(cosigned(write(5), FIRST, seconds=at).encode())
    keep_cosignatures(cosigned(write(2), FIRST, seconds=at).encode())
    write(4)
    with django_assert_num_queries(1):
        first, second = witness_states()
    assert (first.size, first.cosigned_at, first.behind) == (7, dt.datetime.fromtimestamp(at, dt.UTC), 4)
    assert (second.size, second.cosigned_at, second.behind) == (0, None, 11)


def test_without_witnesses_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert witness_states() == []


# All of it, for real


@pytest.mark.django_db(transaction=True)
def test_a_witness_follows_the_product_as_it_is_served(tmp_path, monkeypatch):
    monkeypatch.setenv("LOG_WITNESSES", FIRST.vkey)
    write(300)
    with closing(StateFolder(tmp_path)) as state, running("web") as (_processes, environment):
        url = f"http://127.0.0.1:{environment['WEB_PORT']}/log"
        witness = Witness(FIRST, [Verifier(current_vkey())], state, lambda: timezone.now().timestamp())
        follower = Follower(witness, url)
        wait_until(lambda: _answers(url))
        assert follower.follow() == "cosigned size 300"
        write(400)
        assert follower.follow() == "cosigned size 700"
        note = ask(f"{url}/checkpoint").body
    assert CosignatureVerifier(FIRST.vkey).find(note) is not None
    assert names(latest_checkpoint()) == ["witness.test/w1"]


def _answers(url):
    try:
        return ask(f"{url}/checkpoint").status == 200
    except FetchError:
        return False
