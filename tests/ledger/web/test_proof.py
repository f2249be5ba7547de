"""The page that says how anyone can check the log."""

from html import unescape

from django.utils import timezone

from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.cosigning import keep_cosignatures
from ledger.transparency.keys import log_signer
from ledger.transparency.notes import parse_note
from ledger.transparency.rotation import rotate_log_key
from ledger.transparency.selectors import latest_checkpoint
from ledger.transparency.sequencer import sequence_log
from tests.scenes import pay_in


def test_an_empty_log_says_so(client, db):
    assert client.get("/proof").context["checkpoint"] is None


def test_everybody_reads_the_newest_state_and_the_key(client, who, django_assert_num_queries):
    pay_in(who, who.buyer, 100)
    sequence_log()
    with django_assert_num_queries(4):
        page = unescape(client.get("/proof").content.decode())
    assert latest_checkpoint().note in page
    assert log_signer().vkey in page


WITNESS = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))


def test_the_page_shows_who_witnesses_the_log(client, who, settings):
    pay_in(who, who.buyer, 100)
    sequence_log()
    assert "Any organisation can" in client.get("/proof", headers={"accept-language": "en"}).content.decode()
    settings.LOG_WITNESSES = [(WITNESS.vkey, "")]
    assert "not yet" in client.get("/proof", headers={"accept-language": "en"}).content.decode()
    text = parse_note(latest_checkpoint().note).text
    line = WITNESS.signature_line(text, int(timezone.now().timestamp()))
    keep_cosignatures(f"{text}\n{line}".encode())
    page = unescape(client.get("/proof", headers={"accept-language": "en"}).content.decode())
    assert "not yet" not in page
    assert latest_checkpoint().note + line in page


def test_after_a_rotation_the_page_leads_to_the_earlier_keys(client, who, tmp_path, settings):
    settings.LOG_SIGNING_KEY_FILE = tmp_path / "key"
    log_signer.cache_clear()
    pay_in(who, who.buyer, 100)
    old = log_signer().vkey
    sequence_log()
    assert "/log/keys" not in client.get("/proof").content.decode()
    new = rotate_log_key()
    log_signer.cache_clear()
    page = unescape(client.get("/proof").content.decode())
    assert f">{new.vkey}<" in page
    assert "/log/keys" in page
    assert client.get("/log/keys").content.decode() == f"0 {old}\n{new.from_size} {new.vkey}\n"
