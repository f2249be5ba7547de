"""Whatever an operator who holds the key could lie about is found by the replay, at the right record and in words."""

import json
import re

import pytest

from ledger.transparency.keys import log_signer
from tests.lies import LIES
from tests.log_folders import encode, write_folder

pytestmark = pytest.mark.django_db


def test_there_are_lies_enough():
    assert len(LIES) >= 30


@pytest.mark.parametrize("name", LIES)
def test_a_lie_that_is_signed_is_found(told, verify, tmp_path, name):
    says, tell = LIES[name]
    log = [json.loads(entry) for entry in told.entries]
    index = tell(log)
    write_folder(tmp_path, [encode(record) for record in log], log_signer())
    report = verify(tmp_path, told.vkey)
    finding = report["findings"][0]
    assert re.search(says, finding["problem"]), finding
    assert finding["index"] == index, finding
    if finding["kind"] is not None:
        assert (finding["id"], finding["kind"]) == (log[index]["id"], log[index]["kind"])
    assert (report["verified"], report["rebuilt_root"]) == (False, report["signed_root"])


def test_the_true_log_signed_again_holds(told, verify, tmp_path):
    write_folder(tmp_path, told.entries, log_signer())
    assert verify(tmp_path, told.vkey)["verified"]
