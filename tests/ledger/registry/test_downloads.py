"""Files for other programs: their schemas, their pick-lists, and that they are whole, safe and never sent twice for nothing."""

import csv
import hashlib
import io
import json
import zipfile

import pytest
import time_machine

from ledger.credits.services import retire_credits
from ledger.models import Account, Project, RegistryDump
from ledger.projects.cadtrust import COVERED_BY_NDC, STATUSES
from ledger.quantification import METHODOLOGIES
from ledger.registry import cad_trust, offsetsdb
from ledger.registry.dumps import KEPT, dump_path, write_dump
from ledger.registry.imports.services import run_import, take_in
from ledger.registry.places import refresh_places
from ledger.transparency.sequencer import sequence_log
from tests.factories import OrganisationFactory, ParcelFactory, ProjectFactory
from tests.scenes import issue_to_cooperative

# Which pick-list a field of CAD Trust takes its words from.
PICKED = {
    "sector": "sector",
    "projectType": "projectType",
    "coveredByNDC": "coveredByNDC",
    "projectStatus": "projectStatus",
    "unitMetric": "unitMetric",
    "country": "country",
    "countryJurisdictionOfOwner": "country",
    "unitType": "unitType",
    "unitStatus": "unitStatus",
    "correspondingAdjustmentDeclaration": "correspondingAdjustmentDeclaration",
    "correspondingAdjustmentStatus": "correspondingAdjustmentStatus",
}
# What the published validations require of a project and of a unit.
REQUIRED = {
    "projects": (
        *(
            "projectId",
            "originProjectId",
            "registryOfOrigin",
            "projectName",
            "projectLink",
            "projectDeveloper",
            "sector",
        ),
        *("projectType", "coveredByNDC", "projectStatus", "projectStatusDate", "unitMetric", "methodology"),
    ),
    "units": (
        *("countryJurisdictionOfOwner", "unitBlockStart", "unitBlockEnd", "unitCount", "vintageYear", "unitType"),
        *("unitStatus", "unitRegistryLink", "correspondingAdjustmentDeclaration", "correspondingAdjustmentStatus"),
    ),
}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.REGISTRY_FILES = tmp_path


@pytest.fixture
def batch(who):
    """Return a batch of 100 t: 80 held, 10 in the buffer pool, 7 and 3 retired, the latter by somebody who is not named."""
    project = ProjectFactory(proponent=who.cooperative.organisation, name="=HYPERLINK(1)", county_code="350627")
    ParcelFactory(project=project)
    refresh_places()
    issued = issue_to_cooperative(who, 100, buffer_t=10, project=project)
    for tonnes, is_public in ((7, True), (3, False)):
        retire_credits(
            actor=who.cooperative,
            batch_id=issued.pk,
            quantity_t=tonnes,
            beneficiary_name="隐名公司",
            purpose="event",
            is_beneficiary_public=is_public,
        )
    return issued


def content(answer):
    return b"".join(answer.streaming_content)


def rows(client, name, **query):
    as_json = json.loads(content(client.get(f"/downloads/{name}.json", query)))
    text = content(client.get(f"/downloads/{name}.csv", query)).decode()
    assert text.startswith("\ufeff")
    as_csv = list(csv.DictReader(io.StringIO(text[1:])))
    assert len(as_csv) == len(as_json)
    return as_json, as_csv


@pytest.mark.parametrize("table", ["projects", "units"])
def test_cad_trusts_files_have_its_fields_and_words(client, batch, table):
    as_json, as_csv = rows(client, f"cad-trust/{table}")
    fields = {"projects": cad_trust.PROJECT_FIELDS, "units": cad_trust.UNIT_FIELDS}[table]
    lists = cad_trust.pick_lists()
    for row in as_json:
        assert tuple(row) == fields
        assert all(row[name] not in (None, "") for name in REQUIRED[table])
        for name, value in row.items():
            assert name not in PICKED or value in lists[PICKED[name]], name
    assert all(tuple(row) == fields for row in as_csv)


def test_every_state_of_ours_is_one_of_cad_trusts_words():
    lists = cad_trust.pick_lists()
    assert {*STATUSES} == {*Project.Status.values} - {"draft"}
    assert {*STATUSES.values()} <= {*lists["projectStatus"]}
    assert {*COVERED_BY_NDC} == {*Project.Ndc.values}
    assert {*COVERED_BY_NDC.values()} <= {*lists["coveredByNDC"]}
    assert {*cad_trust.UNIT_STATUS} == {*Account.Purpose.values} - {"bank", "fees", "issuance", "share"}
    assert {*cad_trust.UNIT_STATUS.values()} <= {*lists["unitStatus"]}
    for name, methodology in METHODOLOGIES.items():
        assert cad_trust.unit_type(name) in lists["unitType"]
        assert methodology.project_type in lists["projectType"]
        assert methodology.sector in lists["sector"]


def test_units_are_all_tonnes_of_a_batch_once_and_name_no_holder(client, who, batch):
    units, _csv = rows(client, "cad-trust/units")
    assert sum(unit["unitCount"] for unit in units) == 100
    by_status = {}
    for unit in units:
        by_status[unit["unitStatus"]] = by_status.get(unit["unitStatus"], 0) + unit["unitCount"]
        last, first = (int(unit[name].rpartition("-")[2]) for name in ("unitBlockEnd", "unitBlockStart"))
        assert last - first + 1 == unit["unitCount"]
        assert (unit["unitOwner"] is None) == (unit["unitStatus"] != "Retired")
    assert by_status == {"Held": 80, "Buffer": 10, "Retired": 10}
    assert "隐名" not in json.dumps(units, ensure_ascii=False)


def test_offsetsdbs_files_have_its_fields_and_come_in_again_as_they_went_out(client, batch):
    projects, _csv = rows(client, "offsetsdb/projects")
    assert [tuple(row) for row in projects] == [offsetsdb.PROJECT_FIELDS]
    assert (projects[0]["issued"], projects[0]["retired"], projects[0]["status"]) == (100, 10, "registered")
    credits, _csv = rows(client, "offsetsdb/credits")
    assert all(tuple(row) == offsetsdb.CREDIT_FIELDS for row in credits)
    assert sorted((row["transaction_type"], row["quantity"]) for row in credits) == [
        ("issuance", 100),
        ("retirement", 3),
        ("retirement", 7),
    ]
    for name, count in (("projects", 1), ("credits", 3)):
        file = content(client.get(f"/downloads/offsetsdb/{name}.csv"))
        source = take_in(chunks=[file], file_name="ours.csv")
        run_import(import_id=source.pk)
        source.refresh_from_db()
        assert (source.rows_accepted, source.rows_refused) == (count, 0), list(source.refusals.values())


def test_no_cell_of_a_file_is_a_formula(client, batch):
    for name in ("cad-trust/projects", "offsetsdb/projects"):
        _json, as_csv = rows(client, name)
        assert as_csv[0].get("projectName", as_csv[0].get("name")) == "'=HYPERLINK(1)"


def test_files_have_what_the_search_finds(client, who, batch):
    other = issue_to_cooperative(who, 5)
    assert len(rows(client, "cad-trust/projects")[0]) == 2
    for name in ("cad-trust/projects", "offsetsdb/projects"):
        assert len(rows(client, name, county="350627")[0]) == 1
    assert {unit["projectId"] for unit in rows(client, "cad-trust/units", county="350627")[0]} == {batch.project.code}
    assert {row["project_id"] for row in rows(client, "offsetsdb/credits", q=other.project.name)[0]} == {
        other.project.code
    }
    assert rows(client, "offsetsdb/credits", vintage=1999)[0] == []
    for wrong in ("cad-trust/credits.csv", "none/projects.csv", "cad-trust/projects.xml"):
        assert client.get(f"/downloads/{wrong}").status_code == 404


def test_what_has_not_changed_is_not_sent_again(client, who, batch):
    sequence_log()
    first = client.get("/downloads/cad-trust/projects.csv")
    again = client.get("/downloads/cad-trust/projects.csv", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    since = client.get("/downloads/cad-trust/projects.csv", headers={"if-modified-since": first["Last-Modified"]})
    assert since.status_code == 304
    other = client.get("/downloads/cad-trust/projects.csv?q=x", headers={"if-none-match": first["ETag"]})
    assert other.status_code == 200
    issue_to_cooperative(who, 5)
    sequence_log()
    changed = client.get("/downloads/cad-trust/projects.csv", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    assert client.head("/downloads/cad-trust/projects.csv").status_code == 200


def test_a_file_is_read_part_by_part(client, who, batch, django_assert_max_num_queries):
    for _number in range(30):
        ProjectFactory(proponent=OrganisationFactory(kind="cooperative"))
    with django_assert_max_num_queries(4):
        assert len(json.loads(content(client.get("/downloads/cad-trust/projects.json")))) == 31
    with django_assert_max_num_queries(6):
        content(client.get("/downloads/offsetsdb/projects.json"))


def test_a_day_has_one_dump_with_its_hash(client, who, batch):
    made = write_dump()
    assert write_dump() is None
    page = client.get("/downloads").content.decode()
    assert made.name in page
    assert made.sha256 in page
    file = content(client.get(f"/downloads/dumps/{made.name}"))
    assert hashlib.sha256(file).hexdigest() == made.sha256
    assert client.get(f"/downloads/dumps/{made.name}.sha256").content.decode() == f"{made.sha256}  {made.name}\n"
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert len(json.loads(archive.read("cad-trust/projects.json"))) == made.row_counts["cad-trust/projects"] == 1
        assert archive.read("offsetsdb/credits.csv").startswith(b"\xef\xbb\xbfproject_id")
    for wrong in ("none.zip", "..%2F..%2Fsecret", "none.zip.sha256"):
        assert client.get(f"/downloads/dumps/{wrong}").status_code == 404


def test_old_dumps_go_and_their_hashes_stay(client, db):
    for day in range(1, KEPT + 2):
        with time_machine.travel(f"2026-06-{day:02d}T12:00:00+08:00", tick=False):
            write_dump()
    first, last = RegistryDump.objects.earliest("id"), RegistryDump.objects.latest("id")
    assert (dump_path(first.name).exists(), dump_path(last.name).exists()) == (False, True)
    assert client.get(f"/downloads/dumps/{first.name}").status_code == 404
    assert client.get(f"/downloads/dumps/{first.name}.sha256").status_code == 200
    assert client.get("/downloads").status_code == 200
