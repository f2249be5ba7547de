"""The parts of the verifier, each against something simpler that must come to the same."""

import json
from itertools import groupby

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.transparency import merkle
from ledger.transparency.offline import serials
from ledger.transparency.offline.entries import MAX_INTEGER, read_json
from ledger.transparency.offline.findings import Fault, Findings
from ledger.transparency.offline.numbers import NumberMap, NumberSet
from ledger.transparency.offline.progress import Progress
from ledger.transparency.offline.replay import Replay
from ledger.transparency.offline.serials import SerialRuns
from ledger.transparency.offline.transactions import serials_digest
from ledger.transparency.offline.tree import GrowingTree
from tests.log_folders import encode

# Serial numbers

LAST = 120
gifts = st.lists(
    st.tuples(st.integers(1, LAST), st.integers(0, 30), st.integers(0, 3)).map(
        lambda gift: (gift[0], min(gift[0] + gift[1], LAST), gift[2])
    ),
    max_size=80,
)


@given(gifts, st.booleans())
@settings(deadline=None)
def test_runs_of_serials_are_what_a_plain_list_of_owners_says(gifts, is_honest):
    before, serials.MAX_CHUNK = serials.MAX_CHUNK, 4  # so that few runs fill many chunks
    try:
        runs, owners = SerialRuns(1, LAST, 9), dict.fromkeys(range(1, LAST + 1), 9)
        for first, last, receiver in gifts:
            giver = owners[first]
            if is_honest:
                last = next((at - 1 for at in range(first, last + 1) if owners[at] != giver), last)
            wrong = next(((at, owners[at]) for at in range(first, last + 1) if owners[at] != giver), None)
            assert runs.give(first, last, giver, receiver) == wrong
            owners |= dict.fromkeys(range(first, last + 1), receiver)
            found = [(owner, list(group)) for owner, group in groupby(owners, key=owners.__getitem__)]
            assert list(runs.runs()) == [(group[0], group[-1], owner) for owner, group in found]
    finally:
        serials.MAX_CHUNK = before


def test_a_giver_that_owns_nothing_of_it_is_told_who_does():
    runs = SerialRuns(1, 10, 9)
    assert runs.give(3, 4, 8, 7) == (3, 9)
    assert list(runs.runs()) == [(1, 2, 9), (3, 4, 7), (5, 10, 9)]


# Numbers


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(0, 600), st.integers(0, 2**64))))
def test_numbers_are_remembered_as_in_a_set(numbers):
    found, places, seen = NumberSet(), NumberMap(), {}
    for place, number in enumerate(numbers):
        assert found.add(number) is (number not in seen)
        assert places.add(number, place) is (number not in seen)
        seen.setdefault(number, place)
        assert places.find(number) == seen[number]
    assert places.find(601) == seen.get(601)


# The tree


@given(st.integers(0, 1_500), st.data())
@settings(deadline=None, max_examples=40)
def test_a_tree_that_grows_by_tiles_has_the_roots_of_one_made_at_once(size, data):
    leaves = [merkle.leaf_hash(b"%d" % at) for at in range(size)]
    earlier = data.draw(st.integers(0, size))
    tree = GrowingTree()
    for start in range(0, size, 256):
        tile = leaves[start : start + 256]
        if start < earlier <= start + 256:
            assert tree.root_after(leaves[start:earlier]) == merkle.root(leaves[:earlier])
        for full in tree.append(tile):
            width = 256 ** (full.level + 1)
            assert merkle.root(full.hashes) == merkle.root(leaves[full.number * width : (full.number + 1) * width])
    assert tree.root() == merkle.root(leaves)
    assert [(tile.level, len(tile.hashes)) for tile in tree.partial_tiles()] == [
        (level, width) for level in range(2) if (width := (size >> 8 * level) % 256)
    ]


# Canonical JSON

texts = st.text(st.characters(codec="utf-8"), max_size=8)
contents = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def canonical(content):
    """Write as RFC 8785 says, by sorting names as UTF-16."""
    if isinstance(content, dict):
        names = sorted(content, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(content[name])}" for name in names) + "}"
    if isinstance(content, list):
        return "[" + ",".join(map(canonical, content)) + "]"
    return json.dumps(content, ensure_ascii=False)


@settings(deadline=None)
@given(contents)
@example({"\U0001f600": 1, "\ufb01": 2})
@example({"a": 'say ":"', "b": {'":': ['":']}})
def test_what_is_canonical_is_read(content):
    assert read_json(canonical(content).encode()) == content


@given(contents, st.data())
@settings(max_examples=300, deadline=None)
def test_one_byte_put_in_or_out_is_another_text_or_refused(content, data):
    """Two texts that are read as one and the same would let a record be written again with another hash."""
    raw = canonical(content).encode()
    at = data.draw(st.integers(0, len(raw)))
    byte = bytes([data.draw(st.integers(0, 255))])
    for changed in (raw[:at] + byte + raw[at:], raw[:at] + raw[at + 1 :], raw[:at] + byte + raw[at + 1 :]):
        if changed == raw:
            continue
        try:
            found = read_json(changed)
        except Fault:
            continue
        assert canonical(found).encode() == changed


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b'{"a":1}{"a":1}', "it is not JSON"),
        (b'"\x01"', "it is not JSON"),
        (b'"\xff"', "it is not UTF-8"),
        (b'"\\ud800"', "it is not UTF-8"),
        (b'"\xed\xa0\x80"', "it is not UTF-8"),
        (b'{"a":1.5}', "it has a number that is not whole"),
        (b'{"a":1e3}', "it has a number that is not whole"),
        (b'{"a":NaN}', "it has a number that is not whole"),
        (b'{"a":9007199254740992}', "it has a number beyond 2^53 - 1, which must be written as text"),
        (b'[-9007199254740992,"\\n"]', "it has a number beyond 2^53 - 1, which must be written as text"),
        (b'{"a":-0}', "its JSON is not canonical"),
        (b'{"a": 1}', "its JSON is not canonical"),
        (b'{"a":1}\n', "its JSON is not canonical"),
        (b'{"b":1,"a":1}', "its JSON is not canonical"),
        (b'{"a":1,"a":1}', "its JSON is not canonical"),
        (b'{"a":{"b":1,"b":2}}', "its JSON is not canonical"),
        (b'{"a":"\\u0041"}', "its JSON is not canonical"),
        (b'{"a":"\\/"}', "its JSON is not canonical"),
        (b'{"a":"\\u001F"}', "its JSON is not canonical"),
        ('{"\ufb01":1,"\U0001f600":1}'.encode(), "its JSON is not canonical"),
    ],
)
def test_what_is_not_canonical_is_refused(raw, says):
    with pytest.raises(Fault, match=f"^{says.replace('^', '.')}"):
        read_json(raw)


# Serial numbers that are listed apart


def record(number, kind, body):
    head = {"v": 1, "id": str(number), "kind": kind, "at": "2026-03-01T00:00:00.000000Z", "actor": "system"}
    return encode(head | {"nonce": "A" * 22, "body": body})


def replayed(bodies):
    findings = Findings()
    entries = [record(number, kind, body) for number, (kind, body) in enumerate(bodies, 1)]
    replay = Replay(findings, entries.__getitem__)
    for index, entry in enumerate(entries):
        replay.take(index, entry)
    replay.finish()
    return replay, [str(finding) for finding in findings.in_order()]


def opened(account, purpose, organisation=None):
    return "account_opened", {"account": account, "asset": "P-2026", "purpose": purpose, "organisation": organisation}


def transaction(number, kind, debit, credit, amount, **more):
    transfer = {"transfer": str(number), "debit": debit, "credit": credit, "amount": amount}
    transfer |= {name: more.pop(name) for name in ("serials", "serials_sha256") if name in more}
    body = {"transaction": str(number), "kind": kind, "occurred_at": "2026-03-01T00:00:00.000000Z"}
    return "transaction_posted", body | {"transfers": [transfer]} | more


EVEN = [[str(number), str(number)] for number in range(2, 41, 2)]
BATCH = {"asset": "P-2026", "project": "P", "vintage": 2026, "report": "1", "first_serial": "1", "last_serial": "40"}
BEFORE = [
    opened("1", "issuance"),
    opened("2", "holding", "coop"),
    opened("3", "holding", "mill"),
    transaction(1, "issuance", "1", "2", 40, serials=[["1", "40"]]),
    ("batch_issued", BATCH | {"quantity_t": 40, "buffer_t": 0, "transaction": "1"}),
]


def listed(part, serials, *, parts=2):
    return "serials_listed", {"transfer": "2", "part": part, "parts": parts, "serials": serials}


MOVE = transaction(2, "transfer", "2", "3", 20, serials_sha256=serials_digest(EVEN))
OFFER = {
    "credit_transfer": "T",
    "asset": "P-2026",
    "sender": "coop",
    "recipient": "mill",
    "quantity_t": 20,
    "ground": "gift",
    "expires_at": "2026-03-08T00:00:00.000000Z",
    "details_sha256": "0",
}
AGREED = [("credit_transfer_offered", OFFER), ("credit_transfer_accepted", OFFER | {"transaction": "2"})]
ASKED = {"correction": "1", "transaction": "2", "reason": "wrong"}
BACK = transaction(3, "reversal", "3", "2", 20, serials=EVEN, reverses="2")
CORRECTED = [
    ("correction_requested", ASKED),
    BACK,
    ("correction_confirmed", ASKED | {"reversal": "3"}),
]


def test_serials_that_are_listed_before_their_transaction_are_moved():
    replay, problems = replayed([*BEFORE, listed(1, EVEN[:12]), listed(2, EVEN[12:]), MOVE, *AGREED])
    assert problems == []
    owned = {(account.id, first) for account, (first, _last) in replay.batches.owned()}
    assert owned == {("2" if number % 2 else "3", number) for number in range(1, 41)}


def test_a_transaction_whose_serials_were_listed_is_reversed():
    replay, problems = replayed([*BEFORE, listed(1, EVEN[:12]), listed(2, EVEN[12:]), MOVE, *AGREED, *CORRECTED])
    assert problems == []
    assert [(account.id, run) for account, run in replay.batches.owned()] == [("2", (1, 40))]


def test_a_list_with_another_number_is_found():
    wrong = [*EVEN[12:-1], ["39", "39"]]
    _replay, problems = replayed([*BEFORE, listed(1, EVEN[:12]), listed(2, wrong), MOVE])
    assert problems[0] == (
        "Record 7, id 8, transaction_posted: transfer 2: the serial numbers listed for it have another hash than it says"
    )


def test_a_list_that_is_not_whole_is_found():
    _replay, problems = replayed([*BEFORE, listed(1, EVEN[:12]), MOVE])
    assert "have another hash than it says" in problems[0]


def test_kinds_that_are_not_known_are_counted_and_no_fault():
    replay, problems = replayed([*BEFORE, ("weather_seen", {}), ("weather_seen", {}), ("report_verified", {})])
    assert problems == []
    assert replay.unknown_kinds == {"weather_seen": 2}


# The bar


def test_the_bar_is_drawn_a_hundred_times_at_most_and_taken_away():
    class Terminal:
        def __init__(self):
            self.written = []

        def write(self, text):
            self.written.append(text)

        def flush(self):
            pass

    terminal = Terminal()
    bar = Progress(terminal)
    for done in range(0, 100_001, 7):
        bar.show(done, 100_001)
    assert len(terminal.written) <= 101
    assert terminal.written[50] == "\r[####################                    ]  50 %  50,001 of 100,001 records"
    bar.end()
    assert terminal.written[-1] == "\r\x1b[K"
