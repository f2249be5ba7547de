"""Records are found by what they are about, whatever their bytes are."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger.transparency import subjects
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.subjects import places_of


def write(*records):
    with transaction.atomic():
        return append_records([NewRecord(kind, body, "system", timezone.now()) for kind, body in records])


@pytest.mark.parametrize(
    ("kind", "body", "subject"),
    [
        ("project_registered", {"project": "TH-35-000001"}, subjects.project_subject("TH-35-000001")),
        ("parcel_added", {"project": "P", "parcel": '田 "1"'}, subjects.parcel_subject("P", '田 "1"')),
        ("report_verified", {"project": "P", "report": "7"}, subjects.report_subject(7)),
        ("credits_retired", {"retirement": "x-y"}, subjects.retirement_subject("x-y")),
    ],
)
def test_a_record_is_found_with_its_place(db, kind, body, subject):
    other, wanted = write((kind, {"project": "Q", "report": "8"}), (kind, body))
    assert places_of([subject]) == {(kind, subject): subjects.Place(wanted, None)}
    sequence_log()
    assert places_of([subject, "report 9"]) == {(kind, subject): subjects.Place(wanted, 1)}
    assert other < wanted


def test_each_part_of_a_report_is_found_by_the_report(db):
    body = {"project": "P", "report": "7"}
    written = write(*(("batch_issued", {**body, "asset": asset}) for asset in ("P-2020", "P-2020-2")))
    found = places_of([subjects.report_subject(7)])
    assert found == {
        ("batch_issued", subjects.batch_subject(asset)): subjects.Place(record, None)
        for asset, record in zip(("P-2020", "P-2020-2"), written, strict=True)
    }


def test_of_a_field_that_was_added_again_the_later_record_counts(db):
    body = {"project": "P", "parcel": "A"}
    _first, _removed, again = write(("parcel_added", body), ("parcel_removed", body), ("parcel_added", body))
    assert places_of([subjects.parcel_subject("P", "A")])["parcel_added", "parcel P A"].record_id == again


def test_other_kinds_are_not_found_whatever_they_say(db):
    write(("transaction_posted", {"report": "7", "project": "P"}))
    assert places_of(["report 7", "project P"]) == {}


def test_the_index_answers(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + subjects._PLACES, [["report 7"]])
        assert any("record_subjects" in line for (line,) in cursor.fetchall())


@pytest.mark.parametrize(
    "entry", [b"", b"\xff\x00", b"no JSON", b"[]", b"7", b"{}", b'{"body":7}', b'{"body":{"report":"\\u0000"}}']
)
def test_bytes_that_were_tampered_with_are_about_nothing_and_can_be_written(db, entry):
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_subject('report_verified', %s::bytea)", [entry])
        assert cursor.fetchone() == (None,)
