"""The log over the API: its state, and proofs that the published algorithms accept."""

import base64
import time
from typing import Any

import pytest
from django.db import transaction

from ledger.models import Checkpoint, LogLeaf, Record
from ledger.transparency.merkle import leaf_hash, verify_consistency, verify_inclusion
from ledger.transparency.notes import Verifier
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record
from tests.callers import Caller, is_problem

pytestmark = pytest.mark.django_db


def write(count: int) -> list[int]:
    with transaction.atomic():
        return [append_record(kind="test", body={"n": at}, actor="system") for at in range(count)]


def decoded(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def test_an_empty_log_says_so() -> None:
    state = Caller().ask("/log").json()
    assert (state["tree_size"], state["signed_at"], state["waiting"]) == (0, None, 0)
    assert is_problem(Caller().ask("/log/inclusion", record=1), 404, "not_found", "/record")
    assert is_problem(Caller().ask("/log/consistency", first=1, second=1), 422, "invalid_value", "/second")


def test_the_state_is_the_signed_one() -> None:
    write(3)
    sequence_log()
    write(2)
    state = Caller().ask("/log").json()
    newest = Checkpoint.objects.get()
    assert (state["tree_size"], state["waiting"]) == (3, 2)
    assert decoded(state["root_hash"]) == bytes(newest.root_hash)
    text = Verifier(state["vkey"]).verify(newest.note)
    assert text.splitlines() == [state["origin"], "3", state["root_hash"]]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_inclusion_is_proven_at_every_edge(size: int) -> None:
    records = write(size)
    sequence_log()
    for at in sorted({0, 1, 255, 256, 511, 512, size - 2, size - 1} & set(range(size))):
        proof = Caller().ask("/log/inclusion", record=records[at]).json()
        assert (proof["record"], proof["index"], proof["tree_size"]) == (records[at], at, size)
        entry = bytes(Record.objects.get(pk=records[at]).entry)
        assert decoded(proof["leaf_hash"]) == leaf_hash(entry)
        root = bytes(Checkpoint.objects.get(tree_size=size).root_hash)
        assert decoded(proof["root_hash"]) == root
        verify_inclusion(at, size, leaf_hash(entry), [decoded(value) for value in proof["hashes"]], root)


def test_consistency_is_proven_between_any_two_sizes() -> None:
    sizes = []
    for count in (1, 4, 250, 1, 1, 300):
        write(count)
        sequence_log()
        sizes.append(LogLeaf.objects.count())
    roots = {row.tree_size: bytes(row.root_hash) for row in Checkpoint.objects.all()}
    for at, first in enumerate(sizes):
        for second in sizes[at:]:
            proof = Caller().ask("/log/consistency", first=first, second=second).json()
            assert decoded(proof["first_root_hash"]) == roots[first]
            assert decoded(proof["second_root_hash"]) == roots[second]
            hashes = [decoded(value) for value in proof["hashes"]]
            verify_consistency(first, second, hashes, roots[first], roots[second])


def test_a_record_that_waits_is_not_proven_yet() -> None:
    [record] = write(1)
    assert is_problem(Caller().ask("/log/inclusion", record=record), 404, "not_found", "/record")


@pytest.mark.parametrize(
    ("path", "query", "status", "pointer"),
    [
        ("inclusion", {}, 400, "/record"),
        ("inclusion", {"record": "0"}, 400, "/record"),
        ("inclusion", {"record": "-1"}, 400, "/record"),
        ("inclusion", {"record": "1.0"}, 400, "/record"),
        ("inclusion", {"record": "9" * 30}, 400, "/record"),
        ("inclusion", {"record": "9" * 19}, 400, "/record"),
        ("inclusion", {"record": str(2**63 - 1)}, 404, "/record"),
        ("consistency", {"first": "0", "second": "1"}, 400, "/first"),
        ("consistency", {"first": "1"}, 400, "/second"),
        ("consistency", {"first": "1", "second": "6"}, 422, "/second"),
        ("consistency", {"first": "3", "second": "2"}, 422, "/first"),
    ],
)
def test_what_cannot_be_proven_is_refused(path: str, query: dict[str, Any], status: int, pointer: str) -> None:
    write(5)
    sequence_log()
    answer = Caller().ask(f"/log/{path}", **query)
    assert is_problem(answer, status, {400: "invalid_input", 404: "not_found", 422: "invalid_value"}[status], pointer)


def test_a_proof_takes_a_few_tiles_however_long_the_log_is(django_assert_max_num_queries: Any) -> None:
    records = write(1_000)
    sequence_log()
    started = time.monotonic()
    with django_assert_max_num_queries(2 + 2 * 4):
        Caller().ask("/log/inclusion", record=records[300])
    assert time.monotonic() - started < 5
