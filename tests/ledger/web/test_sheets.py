from decimal import Decimal

from ledger.quantification import quantify
from ledger.web.sheets import csv_lines, emissions_of, view_sheet
from tests.factories import PRACTICES, SETTINGS


def sheet_of(parcels):
    case = {
        "methodology": "rice-water-1",
        **SETTINGS,
        "parcels": [{"id": f"P{at}", "area_ha": "100", **PRACTICES} for at in range(parcels)],
    }
    return quantify(case).as_dict()


def test_lines_stand_by_parcel_and_season_and_the_totals_apart():
    sheet = sheet_of(2)
    view = view_sheet(sheet, SETTINGS)
    shown = [line.number for parcel in view.parcels for season in parcel.seasons.values() for line in season.lines]
    assert [parcel.code for parcel in view.parcels] == ["P0", "P1"]
    assert sorted(shown + [line.number for line in view.totals]) == [line["number"] for line in sheet["lines"]]


def test_each_factor_is_cited_once_with_its_source():
    view = view_sheet(sheet_of(3), SETTINGS)
    cited = [(factor.symbol, factor.value, factor.source) for factor in view.factors]
    assert len(set(cited)) == len(cited)
    assert [factor.reference for factor in view.factors] == list(range(1, len(cited) + 1))


def test_a_long_sheet_is_shown_parcels_at_a_time(monkeypatch):
    monkeypatch.setattr("ledger.web.sheets.PARCELS_A_PAGE", 2)
    view = view_sheet(sheet_of(5), SETTINGS, page="3")
    assert [parcel.code for parcel in view.parcels] == ["P4"]


def test_bars_go_from_what_was_emitted_to_what_counts():
    sheet = sheet_of(1)
    before, after = emissions_of(sheet["result"], SETTINGS)
    bars = view_sheet(sheet, SETTINGS).bars
    assert [bar.amount for bar in bars][:2] == [before, after]
    assert bars[-1].amount == sheet["result"]["net_t"]
    assert sum(bar.amount for bar in bars[1:]) == before
    assert max(Decimal(bar.width) for bar in bars) == 100


def test_a_spreadsheet_runs_nothing_of_a_sheet():
    sheet = sheet_of(1)
    sheet["lines"][0]["parcel"] = "=1+1"
    sheet["lines"][1]["result"] = "-1.5"
    first, second = list(csv_lines(sheet))[2:4]
    assert ",'=1+1," in first
    assert ",-1.5," in second
