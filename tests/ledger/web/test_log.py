"""The log as it is served: C2SP tlog-tiles, entries for auditors alone."""

import pytest
from django.utils import timezone

from ledger.models import LogLeaf, Organisation, Record
from ledger.parties.services import issue_token
from ledger.transparency.keys import log_signer
from ledger.transparency.merkle import leaf_hash, verify_inclusion
from ledger.transparency.notes import Verifier, parse_checkpoint
from ledger.transparency.proofs import decode_inclusion
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.tiles import TileTree, decode_entry_bundle, tile_address
from tests.factories import MembershipFactory

# The folder that collectstatic fills is not there in a checkout.
pytestmark = pytest.mark.filterwarnings("ignore:No directory at")


@pytest.fixture
def log(db):
    append_records([NewRecord("test", {}, "system", timezone.now()) for _ in range(600)])
    sequence_log()


def test_a_client_rebuilds_the_root_from_what_is_served(log, client):
    response = client.get("/log/checkpoint")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    body = parse_checkpoint(Verifier(log_signer().vkey).verify(response.content.decode()))
    assert body.size == 600

    def read_tile(level, number, width):
        return client.get(f"/log/tile/{level}/{tile_address(number, width)}").content

    assert TileTree(body.size, read_tile).root() == body.root


def test_tiles_may_be_kept_for_ever(log, client):
    for address in ("0/000", "0/002.p/88", "1/000.p/2", "0/001.p/5"):
        response = client.get(f"/log/tile/{address}")
        assert response.status_code == 200
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "address",
    [
        "00/000", "+0/000", "-1/000", "0/002", "0/002.p/89", "0/003.p/1", "1/000", "1/000.p/3", "2/000.p/1", "8/000", "63/000", "0/0", "0/x000/001", "0/000.p/0",
        "0/000.p/256", "0/000.p/-1", "0/x255/x999/x999/x999/x999/999", "0/" + "x999/" * 12 + "999", "99999999999999999999/000", "x/000",
    ],
)  # fmt: skip
def test_what_the_log_does_not_have_is_not_found(log, client, address):
    assert client.get(f"/log/tile/{address}").status_code == 404


def test_an_empty_log_has_no_checkpoint(db, client):
    assert client.get("/log/checkpoint").status_code == 404


def test_the_log_is_read_only(log, client):
    for path in ("/log/checkpoint", "/log/tile/0/000", "/log/tile/entries/000"):
        assert client.post(path).status_code in (403, 405)


@pytest.mark.parametrize(
    ("person", "status"),
    [("auditor", 200), ("registrar", 200), ("cooperative", 403), ("buyer", 403), ("verifier", 403), (None, 401)],
)
def test_entries_are_for_auditors_and_the_operator(log, who, client, person, status):
    if person:
        client.force_login(getattr(who, person).user)
    response = client.get("/log/tile/entries/000")
    assert response.status_code == status
    if status == 200:
        assert "private" in response["Cache-Control"]


def test_who_only_applied_as_auditor_reads_no_entry(log, client):
    applicant = MembershipFactory(
        organisation__kind=Organisation.Kind.AUDITOR, organisation__status=Organisation.Status.APPLIED
    )
    client.force_login(applicant.user)
    assert client.get("/log/tile/entries/000").status_code == 403


def test_entries_hash_to_the_leaves_of_the_tiles(log, who, client):
    client.force_login(who.auditor.user)
    for address in ("000", "001", "002.p/88"):
        found = decode_entry_bundle(client.get(f"/log/tile/entries/{address}").content)
        assert b"".join(map(leaf_hash, found)) == client.get(f"/log/tile/0/{address}").content
    for address in ("002", "002.p/89", "003.p/1", "x999/" * 12 + "999"):
        assert client.get(f"/log/tile/entries/{address}").status_code == 404


def test_a_token_of_the_api_opens_the_entries(log, who, client):
    path = "/log/tile/entries/000"
    for person, status in ((who.auditor, 200), (who.treasurer, 200), (who.buyer, 403), (who.verifier, 403)):
        secret = issue_token(user=person.user, name="test")[1]
        response = client.get(path, headers={"authorization": f"Bearer {secret}"})
        assert response.status_code == status
    assert b"auditors" in response.content


@pytest.mark.parametrize("header", ["Bearer", "Bearer th_unknown", "bearer x", "Bearer " + "x" * 5_000, "Basic YTpi"])
def test_without_a_good_token_one_is_asked_for(log, who, client, header):
    response = client.get("/log/tile/entries/000", headers={"authorization": header})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_a_bad_token_is_not_made_good_by_a_session(log, who, client):
    client.force_login(who.auditor.user)
    assert client.get("/log/tile/entries/000", headers={"authorization": "Bearer th_x"}).status_code == 401


def test_a_tile_costs_one_query(log, client, django_assert_num_queries):
    for address in ("0/000", "0/002.p/88", "1/000.p/2"):
        with django_assert_num_queries(1):
            client.get(f"/log/tile/{address}")


def test_a_proof_as_text_can_be_checked_without_us(log, client):
    for record_id in LogLeaf.objects.filter(index__in=(0, 255, 256, 599)).values_list("record_id", flat=True):
        response = client.get(f"/log/proof/{record_id}")
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        proof = decode_inclusion(response.content.decode())
        body = parse_checkpoint(Verifier(log_signer().vkey).verify(proof.checkpoint))
        entry = bytes(Record.objects.get(pk=record_id).entry)
        verify_inclusion(proof.index, body.size, leaf_hash(entry), proof.hashes, body.root)
        assert proof.extra == b""


@pytest.mark.parametrize("record", ["0", "01", "-1", "x", "9" * 18, "9" * 19, "9" * 40])
def test_what_is_no_record_has_no_proof(log, client, record):
    assert client.get(f"/log/proof/{record}").status_code == 404


def test_the_keys_are_a_line_each(log, client):
    assert client.get("/log/keys").content.decode() == f"0 {log_signer().vkey}\n"
