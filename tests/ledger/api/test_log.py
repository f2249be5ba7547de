"""The log over the API: its state, and proofs that the published algorithms accept."""

import base64
from typing import Any

import pytest
from django.db import transaction

from ledger.models import Account, Checkpoint, LogLeaf, Record, Transaction
from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from ledger.transparency.notes import Verifier
from ledger.transparency.proofs import decode_inclusion
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import People, issue_to_cooperative, pay_in

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
    assert is_problem(Caller().ask("/log/consistency", first=1, second=1), 404, "no_such_size", "/second")


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
        signed = bytes(Checkpoint.objects.get(tree_size=size).root_hash)
        assert decoded(proof["root_hash"]) == signed
        verify_inclusion(at, size, leaf_hash(entry), [decoded(value) for value in proof["hashes"]], signed)


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
        ("inclusion", {"index": "-1"}, 400, "/index"),
        ("inclusion", {"index": "5"}, 404, "/index"),
        ("inclusion", {"index": str(2**63 - 1)}, 404, "/index"),
        ("inclusion", {"index": str(2**63)}, 400, "/index"),
        ("inclusion", {"leaf_hash": "AAAA"}, 400, "/leaf_hash"),
        ("inclusion", {"leaf_hash": "x" * 5_000}, 400, "/leaf_hash"),
        ("inclusion", {"leaf_hash": "é"}, 400, "/leaf_hash"),
        ("inclusion", {"leaf_hash": "A" * 43 + "="}, 404, "/leaf_hash"),
        ("inclusion", {"index": "1", "record": "1"}, 400, "/record"),
        ("inclusion", {"index": "0", "size": "0"}, 400, "/size"),
        ("inclusion", {"index": "0", "size": "-1"}, 400, "/size"),
        ("inclusion", {"index": "3", "size": "3"}, 404, "/size"),
        ("consistency", {"first": "0", "second": "1"}, 400, "/first"),
        ("consistency", {"first": "1"}, 400, "/second"),
        ("consistency", {"first": "1", "second": "0"}, 400, "/second"),
        ("consistency", {"first": "-1", "second": "1"}, 400, "/first"),
        ("consistency", {"first": "3", "second": "2"}, 422, "/first"),
    ],
)
def test_what_cannot_be_proven_is_refused(path: str, query: dict[str, Any], status: int, pointer: str) -> None:
    write(5)
    sequence_log()
    answer = Caller().ask(f"/log/{path}", **query)
    assert is_problem(answer, status, {400: "invalid_input", 404: "not_found", 422: "invalid_value"}[status], pointer)


@pytest.mark.parametrize("size", [6, 1_000_000, 2**63 - 1])
def test_a_size_that_the_log_has_not_reached_is_said_so(size: int) -> None:
    write(5)
    sequence_log()
    assert is_problem(Caller().ask("/log/inclusion", index=0, size=size), 404, "no_such_size", "/size")
    answer = Caller().ask("/log/consistency", first=1, second=size)
    assert is_problem(answer, 404, "no_such_size", "/second")
    assert answer.json()["detail"] == f"The log has no tree of size {size}: it has 5 records."


def test_a_leaf_is_found_by_record_place_or_hash_alike() -> None:
    records = write(300)
    sequence_log()
    for at in (0, 255, 299):
        by_record = Caller().ask("/log/inclusion", record=records[at]).json()
        assert Caller().ask("/log/inclusion", index=at).json() == by_record
        assert Caller().ask("/log/inclusion", leaf_hash=by_record["leaf_hash"]).json() == by_record
        in_addresses = by_record["leaf_hash"].replace("+", "-").replace("/", "_")
        assert Caller().ask("/log/inclusion", leaf_hash=in_addresses).json() == by_record


def test_inclusion_is_proven_in_an_earlier_tree_too() -> None:
    write(700)
    sequence_log()
    leaves = [bytes(leaf) for leaf in LogLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)]
    for size in (1, 2, 255, 256, 257, 600, 700):
        for at in sorted({0, size // 2, size - 1}):
            proof = Caller().ask("/log/inclusion", index=at, size=size).json()
            assert (proof["index"], proof["tree_size"]) == (at, size)
            assert decoded(proof["root_hash"]) == root(leaves[:size])
            verify_inclusion(at, size, leaves[at], [decoded(each) for each in proof["hashes"]], root(leaves[:size]))


def test_a_proof_takes_one_query_however_long_the_log_is(django_assert_num_queries: Any) -> None:
    records = write(1_000)
    sequence_log()
    for query in ({"record": records[300]}, {"index": 999}, {"leaf_hash": base64.b64encode(hash_at(300)).decode()}):
        with django_assert_num_queries(1):
            assert Caller().ask("/log/inclusion", **query).status_code == 200
    with django_assert_num_queries(5):
        assert Caller().ask("/log/consistency", first=300, second=900).status_code == 200


def hash_at(index: int) -> bytes:
    return bytes(LogLeaf.objects.get(index=index).leaf_hash)


def test_the_state_names_keys_and_witnesses(settings: Any) -> None:
    witness = CosignatureSigner("witness.test/w1", bytes(range(32)))
    settings.LOG_WITNESSES = [(witness.vkey, "https://w1.test")]
    write(3)
    sequence_log()
    state = Caller().ask("/log").json()
    assert state["keys"] == [{"vkey": state["vkey"], "from_size": 0, "note": ""}]
    assert state["witnesses"] == [{"name": "witness.test/w1", "size": 0, "cosigned_at": None, "behind": 3}]


# Entries


def logged(kind: str, body: dict[str, Any], actor: str = "system") -> int:
    with transaction.atomic():
        record = append_record(kind=kind, body=body, actor=actor)
    sequence_log()
    return record


def readers(who: People, record: int) -> set[str]:
    """Return who reads an entry; the others are told that there is none."""
    found = statuses(who, "GET", f"/log/entries/{record}")
    assert found.pop("stranger") == 401
    assert set(found.values()) <= {200, 404}
    assert {name for name in ("registrar", "treasurer", "auditor") if found.pop(name) != 200} == set()
    return {name for name, status in found.items() if status == 200}


def test_an_entry_is_the_exact_bytes_with_their_proof(who: People) -> None:
    write(300)
    record = logged("payment_requested", {"organisation": str(who.buyer.organisation.public_id)})
    answer = Caller(who.buyer).ask(f"/log/entries/{record}").json()
    entry = bytes(Record.objects.get(pk=record).entry)
    assert decoded(answer["entry"]) == entry
    checkpoint = Checkpoint.objects.get(tree_size=answer["tree_size"])
    root_hash = bytes(checkpoint.root_hash)
    hashes = [decoded(value) for value in answer["hashes"]]
    verify_inclusion(answer["index"], answer["tree_size"], leaf_hash(entry), hashes, root_hash)
    assert answer.items() >= Caller().ask("/log/inclusion", record=record).json().items()
    text = decode_inclusion(answer["proof"])
    assert (text.index, text.extra, text.checkpoint) == (answer["index"], entry, checkpoint.note)
    assert list(text.hashes) == hashes


def test_what_names_an_organisation_is_that_ones_to_read(who: People) -> None:
    theirs = {"organisation": str(who.buyer.organisation.public_id)}
    for kind in ("payment_requested", "account_opened", "organisation_approved", "member_added"):
        assert readers(who, logged(kind, theirs)) == {"buyer"}


def test_what_its_people_did_is_an_organisations_to_read(who: People) -> None:
    for person, name in ((who.buyer, "buyer"), (who.verifier, "verifier")):
        actor = f"user:{person.user.public_id}"
        assert readers(who, logged("report_verified", {"project": "TH-35-999999"}, actor)) == {name}
    colleague = MembershipFactory(organisation=who.buyer.organisation)
    assert readers(who, logged("anything", {}, f"user:{colleague.user.public_id}")) == {"buyer"}


def test_a_projects_facts_are_its_proponents_to_read(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    body = {"project": project.code, "report": "1", "vintage": 2024}
    for kind in ("project_registered", "report_approved", "batch_issued"):
        assert readers(who, logged(kind, body)) == {"cooperative"}
    assert readers(who, logged("project_registered", {"project": "nonsense"})) == set()


def test_a_transaction_is_both_sides_to_read_and_what_refers_to_it_too(who: People) -> None:
    batch = issue_to_cooperative(who, 100)
    pay_in(who, who.buyer, 1_000)
    sequence_log()
    issued = batch.transaction
    assert readers(who, issued.record_id) == {"cooperative"}
    paid = Transaction.objects.get(kind="deposit")
    assert readers(who, paid.record_id) == {"buyer"}
    seller = Account.objects.get(organisation=who.cooperative.organisation)
    buyer = Account.objects.get(organisation=who.buyer.organisation)
    transfers = [{"transfer": "1", "debit": str(seller.pk), "credit": str(buyer.pk), "amount": 5}]
    both = {"transaction": "1", "kind": "settlement", "transfers": transfers}
    assert readers(who, logged("transaction_posted", both)) == {"cooperative", "buyer"}
    assert readers(who, logged("credits_retired", {"transaction": str(paid.pk)})) == {"buyer"}
    assert readers(who, logged("correction_requested", {"transaction": str(issued.pk)})) == {"cooperative"}
    transfer = paid.transfers.get()
    assert readers(who, logged("serials_listed", {"transfer": str(transfer.pk), "serials": []})) == {"buyer"}
    assert readers(who, logged("account_opened", {"account": str(buyer.pk), "organisation": None})) == {"buyer"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("market_opened", {"market": "1", "symbol": "X"}),
        ("instructions_executed", {"market": "1", "sha256": "00"}),
        ("log_key_rotated", {"old_vkey": "a", "new_vkey": "b", "note": "c"}),
        ("account_opened", {"account": "999999999", "organisation": None}),
        ("transaction_posted", {"transaction": "x", "transfers": [{"debit": "-1", "credit": "9" * 30}]}),
        ("credits_retired", {"transaction": 7}),
        ("anything", {"organisation": ["x"], "project": {"a": 1}, "account": True}),
    ],
)
def test_what_concerns_nobody_is_for_auditors_and_the_operator(who: People, kind: str, body: dict[str, Any]) -> None:
    assert readers(who, logged(kind, body)) == set()


def test_a_record_that_is_not_there_or_waits_is_not_found(who: People) -> None:
    [waiting] = write(1)
    for record in (waiting, waiting + 1_000, 2**63 - 1):
        assert is_problem(Caller(who.auditor).ask(f"/log/entries/{record}"), 404, "not_found")


def test_an_entry_costs_few_queries(who: People, django_assert_max_num_queries: Any) -> None:
    record = logged("payment_requested", {"organisation": str(who.buyer.organisation.public_id)})
    caller = Caller(who.buyer)
    with django_assert_max_num_queries(5):
        assert caller.ask(f"/log/entries/{record}").status_code == 200
