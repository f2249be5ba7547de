"""Methodologies in public, for everybody, and the forms of the later ones."""

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from ledger.models import Parcel, Project
from ledger.projects.services import submit_project
from ledger.quantification import METHODOLOGIES, quantify
from ledger.quantification.factors import rows_of
from ledger.web.forms.samples import EXAMPLE
from tests.cases import rice, soil
from tests.factories import ParcelFactory, ProjectFactory, ReportFactory, square
from tests.ledger.web.test_projects import PROJECT, field
from tests.scenes import hand_in

HEADINGS = "point,upper_cm,lower_cm,bulk_density_g_per_cm3,coarse_fragments_mass_percent,soc_g_per_kg"
TABLE = "\n".join(
    [HEADINGS, *(f"P{at},{upper},{upper + 10},1.25,0,{15 + at}" for at in range(3) for upper in (0, 10, 20, 30))]
)
SETTINGS = {
    "gwp": "AR5",
    "climate": "wet",
    "risk_percent": "10",
    "depth_cm": "30",
    "comparison": "resampled",
    "baseline_change_t_c_per_ha_year": "0",
}
MEASURED = {
    "code": "A01",
    "datum": "WGS84",
    "geometry": str(square(1)).replace("'", '"'),
    "measured-stratum": "A",
    "measured-baseline_on": "2020-03-01",
    "measured-baseline_table": TABLE,
    "measured-baseline_synthetic_n": "150",
    "measured-project_synthetic_n": "150",
    "measured-expected": "0.4",
}


@pytest.fixture
def rice_draft(who):
    settings = {"gwp": "AR5", "region": "east_asia", "climate": "wet"}
    return ProjectFactory(
        proponent=who.cooperative.organisation,
        status=Project.Status.DRAFT,
        methodology="rice-water-2",
        settings=settings,
    )


@pytest.fixture
def soil_draft(who):
    return ProjectFactory(
        proponent=who.cooperative.organisation,
        status=Project.Status.DRAFT,
        methodology="soc-measured-1",
        settings=SETTINGS,
    )


def test_everybody_reads_which_methodologies_there_are(client, db, who):
    for reader in (None, who.buyer, who.auditor):
        if reader:
            client.force_login(reader.user)
        page = client.get("/methodologies").content.decode()
        assert [name in page for name in METHODOLOGIES] == [True] * len(METHODOLOGIES)


@pytest.mark.parametrize("methodology", METHODOLOGIES.values(), ids=lambda one: one.id)
def test_a_methodology_shows_its_equations_and_every_factor(client, db, methodology, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/methodologies/{methodology.id}")
    assert answer.status_code == 200
    rows = [row for table in answer.context["tables"] for row in table.rows]
    assert [row.factor for row in rows] == rows_of(*methodology.tables)
    assert all(row.factor.source for row in rows)
    assert len(answer.context["equations"]) == len(methodology.equations)
    assert "style=" not in answer.content.decode()


def test_what_is_still_to_be_checked_is_said_plainly(client, db):
    answer = client.get("/methodologies/rice-water-1")
    unchecked = [factor for factor in rows_of(*METHODOLOGIES["rice-water-1"].tables) if not factor.is_checked]
    assert answer.context["unchecked"] == len(unchecked) > 0
    assert "notice--warning" in answer.content.decode()


@pytest.mark.parametrize("name", ["rice-water-9", "RICE-WATER-1", "x" * 300, "-"])
def test_what_is_no_methodology_is_not_found(client, db, name):
    assert client.get(f"/methodologies/{name}").status_code == 404


def test_a_new_project_is_offered_every_methodology(client, who):
    client.force_login(who.cooperative.user)
    page = client.get("/projects/new").content.decode()
    assert re.findall(r"\?methodology=([a-z0-9-]+)", page)[-1] == "rice-water-1"
    assert set(re.findall(r"\?methodology=([a-z0-9-]+)", page)) == set(METHODOLOGIES)


@pytest.mark.parametrize(
    ("methodology", "given", "kept"),
    [
        ("rice-water-2", {"climate": "wet"}, {"gwp": "AR5", "region": "east_asia", "climate": "wet"}),
        ("soc-measured-1", SETTINGS | {"began_on": "2015-01-01"}, SETTINGS),
        (
            "soc-measured-1",
            SETTINGS | {"comparison": "control", "began_on": "2015-01-01"},
            {name: value for name, value in SETTINGS.items() if not name.startswith("baseline")}
            | {"comparison": "control", "began_on": "2015-01-01"},
        ),
    ],
)
def test_a_project_keeps_the_settings_of_its_methodology(client, who, methodology, given, kept):
    client.force_login(who.cooperative.user)
    assert client.post(f"/projects/new?methodology={methodology}", PROJECT | given).status_code == 302
    project = Project.objects.get(methodology=methodology)
    assert project.settings == kept


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"comparison": "control"}, "began_on"),
        ({"baseline_change_t_c_per_ha_year": ""}, "baseline_change_t_c_per_ha_year"),
        ({"baseline_change_t_c_per_ha_year": "-1"}, "baseline_change_t_c_per_ha_year"),
        ({"depth_cm": "20"}, "depth_cm"),
        ({"climate": "moist"}, "climate"),
    ],
)
def test_settings_that_cannot_be_are_refused_beside_their_field(client, who, changed, at):
    client.force_login(who.cooperative.user)
    answer = client.post("/projects/new?methodology=soc-measured-1", PROJECT | SETTINGS | changed)
    assert answer.status_code == 422
    assert at in answer.context["form"].errors


@pytest.mark.parametrize(("ends_on", "status"), [("2039-12-31", 302), ("2040-01-01", 422)])
def test_a_change_is_credited_for_as_long_as_its_methodology_says(client, who, ends_on, status):
    client.force_login(who.cooperative.user)
    given = PROJECT | {"risk_percent": "10", "crediting_ends_on": ends_on}
    answer = client.post("/projects/new?methodology=soc-tier1-1", given)
    assert answer.status_code == status
    if status == 422:
        assert "crediting_ends_on" in answer.context["form"].errors


def test_a_paddy_is_added_with_what_it_gets(client, who, rice_draft):
    client.force_login(who.cooperative.user)
    given = field(
        **{"season0-project_urea": "200", "season0-project_limestone": "500", "season0-project_diesel_off_road": "40.5"}
    )
    assert client.post(f"/projects/{rice_draft.code}/fields", given).status_code == 302
    practices = Parcel.objects.get().practices
    assert practices["seasons"][0]["baseline"]["inputs"]["fuel"] == []
    assert practices["seasons"][0]["project"]["inputs"] == {
        "organic_n_kg_per_ha": "0",
        "urea_kg_per_ha": "200",
        "limestone_kg_per_ha": "500",
        "dolomite_kg_per_ha": "0",
        "fuel": [{"kind": "diesel_off_road", "litres_per_ha": "40.5"}],
    }
    # The next field begins with it.
    page = client.get(f"/projects/{rice_draft.code}/fields")
    assert page.context["practices"].seasons[0]["project_urea"].value() == "200"
    submitted = hand_in(who.cooperative, rice_draft)
    assert submitted.forecast["result"]["net_t"] > 0


def test_more_nitrogen_in_urea_than_in_all_is_refused_beside_it(client, who, rice_draft):
    client.force_login(who.cooperative.user)
    answer = client.post(f"/projects/{rice_draft.code}/fields", field(**{"season0-project_urea": "400"}))
    assert answer.status_code == 422
    assert "project_urea" in answer.context["practices"].seasons[0].errors
    assert not Parcel.objects.exists()


def test_a_field_with_samples_is_added_and_forecast_but_not_credited(client, who, soil_draft):
    client.force_login(who.cooperative.user)
    assert client.post(f"/projects/{soil_draft.code}/fields", MEASURED).status_code == 302
    practices = Parcel.objects.get().practices
    assert list(practices["samples"]) == ["baseline"]
    assert [point["point"] for point in practices["samples"]["baseline"]["points"]] == ["P0", "P1", "P2"]
    # The next field begins with the stratum, and with no samples: they are each field's own.
    again = client.get(f"/projects/{soil_draft.code}/fields").context["practices"].form
    assert (again["stratum"].value(), again["baseline_table"].value()) == ("A", None)
    result = hand_in(who.cooperative, soil_draft).forecast["result"]
    assert result["net_t"] == 0
    assert result["expected_t"] > 0
    assert client.get(f"/projects/{soil_draft.code}").status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_samples_are_read_from_a_file_as_spreadsheets_write_it(client, who, soil_draft, encoding):
    client.force_login(who.cooperative.user)
    content = TABLE.replace("P0", "东一").encode(encoding)
    given = MEASURED | {"measured-baseline_table": "", "measured-baseline_file": SimpleUploadedFile("s.csv", content)}
    assert client.post(f"/projects/{soil_draft.code}/fields", given).status_code == 302
    assert Parcel.objects.get().practices["samples"]["baseline"]["points"][0]["point"] == "东一"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("point,soc", "列|column"),
        (HEADINGS, "row|行"),
        ("\x00", ""),
        (",".join(["x"] * 31), "30"),
        (TABLE.replace("1.25,0,15", "1250,0,15", 1), "2"),
        (TABLE.replace("P0,10,20", "P0,12,20"), "3"),
        (TABLE.replace("P0,0,10", ",0,10"), "2"),
        (TABLE.replace("0,15", "0,fifteen"), "2"),
        (TABLE.replace("0,16", "0,", 1), "6"),
        ('"' + TABLE, ""),
        ("\n".join([f"parcel,{HEADINGS}", "A01,P0,0,40,1.25,0,15", "A02,P0,0,40,1.25,0,15"]), ""),
    ],
)
def test_a_bad_table_is_refused_beside_it_with_the_row(client, who, soil_draft, table, said):
    client.force_login(who.cooperative.user)
    answer = client.post(f"/projects/{soil_draft.code}/fields", MEASURED | {"measured-baseline_table": table})
    assert answer.status_code == 422
    assert re.search(said, str(answer.context["practices"].form.errors["baseline_table"]))
    assert not Parcel.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"\x89PNG\r\n\x1a\n", b"a" * 2_000_001, b""])
def test_a_bad_file_of_samples_is_refused_beside_it(client, who, soil_draft, content):
    client.force_login(who.cooperative.user)
    given = MEASURED | {"measured-baseline_table": "", "measured-baseline_file": SimpleUploadedFile("s.csv", content)}
    answer = client.post(f"/projects/{soil_draft.code}/fields", given)
    assert answer.status_code == 422
    assert "baseline_file" in answer.context["practices"].form.errors


@pytest.mark.parametrize("missing", ["measured-baseline_table", "measured-baseline_on"])
def test_samples_and_their_day_belong_together(client, who, soil_draft, missing):
    client.force_login(who.cooperative.user)
    answer = client.post(f"/projects/{soil_draft.code}/fields", MEASURED | {missing: ""})
    assert missing.removeprefix("measured-") in answer.context["practices"].form.errors


def test_the_table_to_fill_in_can_be_read_again(client, who, soil_draft):
    example = b"".join(client.get("/methodologies/samples.csv")).decode()
    client.force_login(who.cooperative.user)
    given = MEASURED | {"measured-baseline_table": example}
    assert client.post(f"/projects/{soil_draft.code}/fields", given).status_code == 302
    (point,) = Parcel.objects.get().practices["samples"]["baseline"]["points"]
    assert len(point["layers"]) == len(EXAMPLE)


def workbook(answer):
    assert answer.status_code == 200
    assert answer["content-type"].endswith("spreadsheetml.sheet")
    return load_workbook(BytesIO(answer.getvalue()))


@pytest.mark.parametrize("case", [rice(2), soil(2)], ids=lambda case: case["methodology"])
def test_a_report_is_handed_out_as_a_workbook(client, db, case):
    report = ReportFactory(case=case)
    book = workbook(client.get(f"/projects/{report.project.code}/reports/{report.pk}/calculation.xlsx"))
    result, lines, factors = book.worksheets
    assert lines.max_row == len(report.sheet["lines"]) + 1
    assert factors.max_row >= 5
    last = report.sheet["lines"][-1]
    *_rest, number, _unit, exact = [cell.value for cell in lines[lines.max_row]]
    assert exact == last["result"]
    assert number == pytest.approx(float(last["result"]))
    assert result.cell(1, 2).value == case["methodology"]


def test_a_workbook_runs_nothing(client, db):
    case = rice()
    case["parcels"][0]["id"] = "=1+1"
    report = ReportFactory(case=case)
    book = workbook(client.get(f"/projects/{report.project.code}/reports/{report.pk}/calculation.xlsx"))
    cell = book.worksheets[1].cell(2, 2)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_forecast_is_handed_out_as_a_workbook(client, who):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    address = f"/projects/{draft.code}/calculation.xlsx"
    client.force_login(who.cooperative.user)
    assert client.get(address).status_code == 404
    ParcelFactory(project=draft)
    submit_project(actor=who.cooperative, project_id=draft.pk)
    workbook(client.get(address))
    client.force_login(who.buyer.user)
    assert client.get(address).status_code == 404


def test_a_sheet_too_long_for_a_workbook_is_refused_and_not_offered(client, db, monkeypatch):
    monkeypatch.setattr("ledger.web.sheets.MAX_WORKBOOK_LINES", 10)
    report = ReportFactory()
    address = f"/projects/{report.project.code}/reports/{report.pk}"
    assert client.get(f"{address}/calculation.xlsx").status_code == 422
    page = client.get(address).content.decode()
    assert "calculation.csv" in page
    assert "calculation.xlsx" not in page


def test_the_csv_of_a_later_sheet_has_each_factor_with_its_source(client, db):
    report = ReportFactory(case=rice())
    content = b"".join(client.get(f"/projects/{report.project.code}/reports/{report.pk}/calculation.csv")).decode()
    assert "EF4 = 0.014 (IPCC 2019 Refinement, Vol. 4, Ch. 11, Table 11.3)" in content


def test_emission_intensity_stands_beside_the_result_where_yields_are_known(client, db):
    case = rice()
    address = "/projects/{0.project.code}/reports/{0.pk}"
    assert client.get(address.format(ReportFactory(case=case))).context["sheet"].intensity is None
    case["parcels"][0]["seasons"][0]["yield_t_per_ha"] = {"baseline": "6.50", "project": "6.60"}
    intensity = client.get(address.format(ReportFactory(case=case))).context["sheet"].intensity
    lines = [line for line in quantify(case).lines if line.scenario == "project" and line.unit == "t CO2e"]
    emitted = sum(line.result for line in lines) * 1000 + 28 * quantify(case).result.ch4_project_kg
    assert intensity.project == pytest.approx(emitted / 660)
    assert intensity.baseline > intensity.project


def test_the_intensity_of_a_known_field_by_hand(client, db):
    # 1 ha, 112 days of 1.32 kg: 147.84 kg of methane, × 28 = 4139.52; N2O 150 × 0.003 × 44/28 × 265 = 187.392857...
    case = rice(version=1, area_ha="1")
    case["parcels"][0]["seasons"][0]["yield_t_per_ha"] = {"baseline": "5", "project": "5"}
    report = ReportFactory(case=case)
    view = client.get(f"/projects/{report.project.code}/reports/{report.pk}").context["sheet"]
    assert float(view.intensity.baseline) == pytest.approx((4139.52 + 150 * 0.003 * 44 / 28 * 265) / 5)


def test_without_any_harvest_there_is_no_intensity_of_the_project(client, db):
    case = rice(version=1)
    case["parcels"][0]["seasons"][0]["yield_t_per_ha"] = {"baseline": "5", "project": "0"}
    report = ReportFactory(case=case)
    view = client.get(f"/projects/{report.project.code}/reports/{report.pk}")
    assert view.context["sheet"].intensity.project is None


def test_strata_are_named_on_the_page(client, db):
    report = ReportFactory(case=soil(2))
    view = client.get(f"/projects/{report.project.code}/reports/{report.pk}").context["sheet"]
    assert [parcel.code for parcel in view.parcels] == ["stratum:A0", "P0", "stratum:A1", "P1"]
    assert "stratum:" not in view.parcels[0].name
