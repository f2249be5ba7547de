"""A serial number's life, and the evidence of its steps, over the API."""

import base64
from typing import Any

import pytest

from ledger.credits.services import retire_credits
from ledger.models import Batch, Record, Retirement
from ledger.transparency.merkle import leaf_hash, verify_inclusion
from ledger.transparency.notes import Verifier, parse_checkpoint
from ledger.transparency.sequencer import sequence_log
from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, issue_to_cooperative


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 100, buffer_t=10)


def retire(who: People, batch: Batch, **changes: Any) -> Retirement:
    given = {"quantity_t": 7, "beneficiary_name": "榕江公司", "purpose": "event"} | changes
    return retire_credits(actor=who.cooperative, batch_id=batch.pk, **given)


def test_a_serial_number_has_its_whole_life(who: People, batch: Batch) -> None:
    retirement = retire(who, batch)
    sequence_log()
    found = Caller().ask("/serials/3").json()
    coop = who.cooperative.organisation
    named = {"id": str(coop.public_id), "name": coop.name, "name_en": coop.name_en}
    assert found["serial"] == "3"
    assert found["written"] == f"{batch.asset.code}-000000000003"
    assert (found["batch"], found["project"], found["vintage"]) == (batch.asset.code, batch.project.code, batch.vintage)
    assert found["report"]["id"] == batch.report_id
    assert found["holder"] == {"purpose": "retired", "organisation": None}
    assert found["next_after"] is None
    issuance, retired = found["moves"]
    assert issuance["kind"] == "issuance"
    assert issuance["receiver"] == {"purpose": "holding", "organisation": named}
    assert issuance["recorded"]["record"] == batch.transaction.record_id
    assert retired["quantity_t"] == 7
    assert retired["retirement"] == {
        "id": str(retirement.public_id),
        "purpose": "event",
        "organisation": named,
        "beneficiary_name": "榕江公司",
        "recorded": {"record": Record.objects.latest("id").pk, "log_index": Record.objects.count() - 1},
    }
    issued = found["steps"][-1]
    assert issued["kind"] == "batch_issued"
    assert issued["recorded"]["log_index"] == issuance["recorded"]["log_index"] + 1


def test_everybody_may_trace(who: People, batch: Batch) -> None:
    assert set(statuses(who, "GET", "/serials/3").values()) == {200}
    assert set(statuses(who, "GET", f"/records/{batch.transaction.record_id}/evidence").values()) == {200}


def test_a_hidden_beneficiary_is_null_to_others(who: People, batch: Batch) -> None:
    retire(who, batch, beneficiary_name="隐名公司", is_beneficiary_public=False)
    for person, is_seen in [
        (who.cooperative, True),
        (who.registrar, True),
        (who.treasurer, True),
        (who.auditor, True),
        (who.buyer, False),
        (who.verifier, False),
        (None, False),
    ]:
        shown = Caller(person).ask("/serials/3").json()["moves"][-1]["retirement"]
        assert (shown["beneficiary_name"], shown["organisation"] is not None) == (
            ("隐名公司", True) if is_seen else (None, False)
        )


def test_a_number_as_it_is_written_leads_to_the_same(who: People, batch: Batch) -> None:
    caller = Caller()
    assert (
        caller.ask(f"/serials/{batch.asset.code}-000000000003-000000000009").json() == caller.ask("/serials/3").json()
    )


@pytest.mark.parametrize(
    ("serial", "code"),
    [
        ("0", "no_serial_number"),
        ("-3", "no_serial_number"),
        ("x", "no_serial_number"),
        ("%00", "no_serial_number"),
        ("%ff", "no_serial_number"),
        ("1.5", "no_serial_number"),
        ("9" * 5_000, "no_serial_number"),
        ("101", "unknown_serial_number"),
        (str(2**63), "unknown_serial_number"),
        ("9" * 40, "unknown_serial_number"),
        ("TH-35-999999-2022-000000000003", "serial_number_elsewhere"),
    ],
)
def test_what_is_no_serial_number_is_not_found(who: People, batch: Batch, serial: str, code: str) -> None:
    assert is_problem(Caller().ask(f"/serials/{serial}"), 404, code, "/serial")


@pytest.mark.parametrize(
    ("after", "status", "code"),
    [
        ("x", 400, "invalid_input"),
        ("0", 400, "invalid_input"),
        ("-1", 400, "invalid_input"),
        (str(2**63), 400, "invalid_input"),
        ("9" * 5_000, 400, "invalid_input"),
        (str(2**63 - 1), 404, "not_found"),
    ],
)
def test_a_place_to_go_on_from_that_is_none(who: People, batch: Batch, after: str, status: int, code: str) -> None:
    assert is_problem(Caller().ask("/serials/3", after=after), status, code, "/after")


def test_a_trace_takes_few_queries(who: People, batch: Batch, django_assert_num_queries: Any) -> None:
    retire(who, batch)
    with django_assert_num_queries(11):
        Caller().ask("/serials/3")


def checked(evidence: dict[str, Any]) -> list[bytes | None]:
    """Return the entries of evidence that holds, checked by what shares nothing with what made it.

    Raises: ProofError, NoteError where it does not hold.
    """
    checkpoint = parse_checkpoint(Verifier(evidence["vkey"]).verify(evidence["checkpoint"]))
    entries = []
    for proof in evidence["proofs"]:
        leaf, path = base64.b64decode(proof["leaf_hash"]), [base64.b64decode(text) for text in proof["hashes"]]
        verify_inclusion(proof["index"], checkpoint.size, leaf, path, checkpoint.root)
        entry = None if proof["entry"] is None else base64.b64decode(proof["entry"])
        assert entry is None or leaf_hash(entry) == leaf
        entries.append(entry)
    return entries


def test_the_evidence_of_a_public_retirement_is_whole(who: People, batch: Batch) -> None:
    retirement = retire(who, batch)
    sequence_log()
    retired, moved = checked(Caller().ask(f"/retirements/{retirement.public_id}/evidence").json())
    assert retired == bytes(Record.objects.get(kind="credits_retired").entry)
    assert moved == bytes(Record.objects.get(pk=retirement.transaction.record_id).entry)


def test_entries_that_are_not_public_are_for_their_organisation_and_who_reads_everything(
    who: People, batch: Batch
) -> None:
    retirement = retire(who, batch, is_beneficiary_public=False)
    sequence_log()
    addresses = {
        f"/retirements/{retirement.public_id}/evidence": {"cooperative", "registrar", "treasurer", "auditor"},
        f"/records/{retirement.transaction.record_id}/evidence": {"registrar", "treasurer", "auditor"},
    }
    people = {
        name: getattr(who, name) for name in ("cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor")
    }
    for address, readers in addresses.items():
        for name, person in {**people, "stranger": None}.items():
            entries = checked(Caller(person).ask(address).json())
            assert all((entry is not None) == (name in readers) for entry in entries), (address, name)


def test_a_record_without_a_place_has_no_proof_yet(who: People, batch: Batch) -> None:
    sequence_log()
    retirement = retire(who, batch)
    evidence = Caller(who.auditor).ask(f"/retirements/{retirement.public_id}/evidence").json()
    assert evidence["checkpoint"] is None
    waiting = {"index": None, "leaf_hash": None, "hashes": [], "entry": None}
    assert [proof | {"record": 0} for proof in evidence["proofs"]] == [waiting | {"record": 0}] * 2


def test_the_evidence_takes_few_queries_however_long_the_log_is(who: People, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        retirement = retire(who, issue_to_cooperative(who, 10))
    sequence_log()
    with django_assert_num_queries(6):
        Caller().ask(f"/retirements/{retirement.public_id}/evidence")


@pytest.mark.parametrize(
    "address", ["/records/999999/evidence", "/records/0/evidence", "/records/x/evidence", f"/records/{2**63}/evidence",
                "/retirements/01234567-89ab-cdef-0123-456789abcdef/evidence", "/retirements/x/evidence"]
)  # fmt: skip
def test_what_there_is_not_has_no_evidence(db: None, address: str) -> None:
    assert is_problem(Caller().ask(address), 404, "not_found")
