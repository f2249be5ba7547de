from html import unescape

from ledger.transparency.keys import log_signer
from ledger.transparency.selectors import latest_checkpoint
from ledger.transparency.sequencer import sequence_log
from tests.scenes import pay_in


def test_an_empty_log_says_so(client, db):
    assert client.get("/proof").context["checkpoint"] is None


def test_everybody_reads_the_newest_state_and_the_key(client, who, django_assert_num_queries):
    pay_in(who, who.buyer, 100)
    sequence_log()
    with django_assert_num_queries(2):
        page = unescape(client.get("/proof").content.decode())
    assert latest_checkpoint().note in page
    assert log_signer().vkey in page
