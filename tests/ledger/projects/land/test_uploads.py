"""Files of fields: what is read of good ones, and what is said of bad ones. Nothing of a bad one is kept."""

import json
import struct
from decimal import Decimal

import pytest
from django.utils import translation

from ledger.errors import InvalidValue
from ledger.projects.geometry import area_ha
from ledger.projects.land.examine import examine_shapes
from ledger.projects.land.uploads import MAX_BYTES, Reading, read_upload
from ledger.projects.land.uploads import geojson as geojson_files
from ledger.projects.land.uploads import kml as kml_files
from ledger.projects.land.uploads import shapefile as shapefiles
from ledger.projects.land.uploads import zips as zip_files
from tests.factories import PRACTICES, square
from tests.ledger.projects.land.maps import (
    WGS84_PRJ,
    collection,
    kml,
    kml_polygon,
    shapefile_parts,
    zipped,
)

WGS84 = Reading("WGS84")


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def read(file, content, reading=WGS84):
    return read_upload(file, content, reading, practices=PRACTICES)


def refusal(file, content, reading=WGS84):
    with pytest.raises(InvalidValue) as refused:
        read(file, content, reading)
    return refused.value


def problems_in(file, content, reading=WGS84):
    return examine_shapes(read(file, content, reading).parcels).problems


# GeoJSON


@pytest.mark.parametrize(
    "content", [square(1), {"type": "Feature", "properties": {"code": "A1"}, "geometry": square(1)}]
)
def test_a_polygon_alone_and_a_feature_are_one_field(content):
    (parcel,) = read("a.geojson", json.dumps(content).encode()).parcels
    assert parcel.geometry == square(1)


def test_columns_say_code_name_household_and_area():
    columns = {"code": "A7", "name": "溪边田", "household_code": "3-017", "declared_area_ha": 112.5}
    (parcel,) = read("a.geojson", collection(square(1), columns=[columns])).parcels
    assert (parcel.code, parcel.name, parcel.household_code, parcel.declared_area_ha, parcel.practices) == (
        "A7", "溪边田", "3-017", Decimal("112.5"), PRACTICES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "declared"),
    [
        ({"declared_area_mu": 30}, 2),
        ({"面积亩": "30"}, 2),
        ({"HTMJM": 30.0}, 2),
        ({"SCMJ": 20_000}, 2),
        ({"area_ha": "2"}, 2),
        ({}, None),
        ({"area_ha": ""}, None),
    ],
)
def test_a_declared_area_has_the_unit_of_its_column(columns, declared):
    (parcel,) = read("a.geojson", collection(square(1), columns=[{"code": "A"} | columns])).parcels
    assert parcel.declared_area_ha == declared


def test_columns_of_the_land_contract_registration_are_known():
    columns = {"DKBM": "3506272012030100001", "DKMC": "门口田", "CBFBM": "350627201203010017", "HTMJM": 1.53}
    (parcel,) = read("DK.json", collection(square(1), columns=[columns])).parcels
    assert (parcel.code, parcel.name, parcel.household_code) == ("3506272012030100001", "门口田", "350627201203010017")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_text_comes_in_utf_8_with_and_without_a_mark_and_in_gbk(encoding):
    content = collection(square(1), columns=[{"code": "A", "name": "溪边田"}]).decode().encode(encoding)
    assert read("a.geojson", content).parcels[0].name == "溪边田"


def test_a_field_in_pieces_is_kept_as_several():
    both = {"type": "MultiPolygon", "coordinates": [square(place)["coordinates"] for place in (1, 2)]}
    upload = read("a.geojson", collection(both, columns=[{"code": "A", "area_ha": 5}]))
    assert [(parcel.code, parcel.number, parcel.declared_area_ha) for parcel in upload.parcels] == [
        ("A-1", 1, None),
        ("A-2", 1, None),
    ]
    assert "in pieces" in upload.notices[0]


def test_a_collection_of_shapes_is_taken_apart():
    shape = {"type": "GeometryCollection", "geometries": [square(1), {"type": "Point", "coordinates": [117, 24]}]}
    upload = read("a.geojson", collection(shape))
    assert [parcel.geometry for parcel in upload.parcels] == [square(1)]
    assert "left out" in upload.notices[0]


def test_heights_are_not_kept():
    shape = square(1)
    high = {"type": "Polygon", "coordinates": [[[*point, 12.5] for point in shape["coordinates"][0]]]}
    upload = read("a.geojson", collection(high))
    assert (upload.parcels[0].geometry, upload.notices) == (shape, ["Heights in the file are not kept."])


def test_fields_without_a_code_have_their_name_or_their_number():
    upload = read("a.geojson", collection(square(1), square(2), columns=[{"name": "门口田"}, {}]))
    assert [parcel.code for parcel in upload.parcels] == ["门口田", "0002"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "none of GeoJSON"),
        (b"\x89PNG\r\n", "none of GeoJSON"),
        (b"<html></html>", "By its name it is JSON, by its content XML"),
        (b"PK\x03\x04", "By its name it is JSON, by its content ZIP"),
        (b"{", "line 1"),
        (b"{\xff\xff}", "neither UTF-8 nor GBK"),
        (b'{"type": "Polygon", "coordinates": [[[NaN, 24]]]}', "cannot be read as JSON"),
        (b"[" * 5_000, "cannot be read as JSON"),
        (b"[]", "no GeoJSON"),
        (b"{}", "no polygon"),
        (b'{"type": "FeatureCollection"}', "not a list"),
        (b'{"type": "FeatureCollection", "features": []}', "no polygon"),
        (b'{"type": "FeatureCollection", "features": [1, null, "x", []]}', "no polygon"),
        (b'{"type": "Feature", "geometry": {"type": "Point", "coordinates": [117, 24]}}', "no polygon"),
        (b'{"type": "Topology", "objects": {}}', "no polygon"),
        (collection(square(1), crs="EPSG:4326"), "does not name"),
        (collection(square(1), crs={"properties": {"name": "EPSG:2437"}}), "Beijing 1954"),
        (collection(square(1), crs={"properties": {"name": "EPSG:3857"}}), "Pseudo-Mercator"),
        (collection(square(1), crs={"properties": {"name": "EPSG:99999"}}), "EPSG:99999"),
        (collection(square(1), crs={"properties": {"name": "/etc/passwd"}}), "/etc/passwd"),
    ],
)
def test_a_bad_geojson_is_refused_by_name(content, why):
    refused = refusal("fields.geojson", content)
    assert why in str(refused)
    assert str(refused).startswith("fields.geojson: ")
    assert refused.field == "file"


@pytest.mark.parametrize("name", ["EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490"])
def test_a_system_in_degrees_is_taken_by_its_name(name):
    content = collection(square(1), crs={"type": "name", "properties": {"name": name}})
    assert read("a.geojson", content).parcels[0].geometry == square(1)


def test_too_many_points_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(geojson_files, "MAX_BRACKETS", 20)
    assert "more than" in str(refusal("a.geojson", collection(*map(square, range(5)))))
    monkeypatch.undo()
    monkeypatch.setattr(geojson_files, "MAX_POINTS", 20)
    assert "points" in str(refusal("a.geojson", collection(*map(square, range(5)))))


def test_too_many_points_of_other_formats_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(kml_files, "MAX_COMMAS", 5)
    assert "500,000 points" in str(refusal("a.kml", kml(kml_polygon(square(1)))))
    monkeypatch.setattr(shapefiles, "MAX_POINTS", 4)
    assert "500,000 points" in str(refusal("a.zip", zipped(shapefile_parts(square(1)))))


def test_a_character_that_cannot_be_stored_is_a_problem_of_its_field():
    columns = [{"code": "A", "household": "3\x00"}, {"code": "\x00"}, {"code": "B", "name": "\x00"}]
    found = problems_in("a.geojson", collection(*map(square, range(3)), columns=columns))
    assert [(problem.number, problem.field) for problem in found] == [(1, "household_code"), (2, "code"), (3, "name")]


def test_too_many_features_and_too_many_bytes_are_refused():
    points = b",".join([b'{"type":"Point"}'] * 10_001)
    assert "10,000 features" in str(refusal("a.geojson", b'{"type":"FeatureCollection","features":[' + points + b"]}"))
    assert "larger than 20 MB" in str(refusal("a.geojson", b" " * (MAX_BYTES + 1)))


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ({"type": "Polygon"}, "empty"),
        ({"type": "Polygon", "coordinates": 7}, "empty"),
        ({"type": "MultiPolygon", "coordinates": []}, "empty"),
        ({"type": "MultiPolygon", "coordinates": [7]}, "empty"),
        ({"type": "Polygon", "coordinates": [[["117", "24"]] * 4]}, "longitude and latitude"),
        ({"type": "Polygon", "coordinates": [[[117, 24], [118, 24], [118, 25]]]}, "four points"),
        ({"type": "Polygon", "coordinates": [[[y, x] for x, y in square(1)["coordinates"][0]]]}, "swapped"),
        ({"type": "Polygon", "coordinates": [[[1e30, 1e30]] * 4]}, "Longitude comes first"),
    ],
)
def test_a_bad_shape_is_told_with_its_place_in_the_file(shape, why):
    (problem,) = problems_in("a.geojson", collection(square(1), shape, square(2)))
    assert (problem.number, problem.field) == (2, "geometry")
    assert why in problem.reason


def test_every_problem_of_a_file_is_told_at_once():
    bow_tie = {"type": "Polygon", "coordinates": [[[117, 24], [117.02, 24.02], [117.02, 24], [117, 24.02], [117, 24]]]}
    columns = [
        {"code": "A"},
        {"code": "A"},
        {"code": "C" * 33},
        {"code": "D", "area_ha": -3},
        {"code": "E", "area_ha": "much"},
    ]
    shapes = [bow_tie, square(10), square(11), square(12), square(13)]
    found = problems_in("a.geojson", collection(*shapes, columns=columns))
    assert [(problem.number, problem.field) for problem in found] == [
        (1, "geometry"), (3, "code"), (4, "declared_area_ha"), (5, "declared_area_ha"),
    ]  # fmt: skip
    assert found[0].shape == {"type": "Point", "coordinates": [117.01, 24.01]}


# Datum and order


def test_swapped_coordinates_are_put_right_where_it_is_asked_for():
    wrong = {"type": "Polygon", "coordinates": [[[y, x] for x, y in square(1)["coordinates"][0]]]}
    (parcel,) = read("a.geojson", collection(wrong), Reading("WGS84", swaps=True)).parcels
    assert parcel.geometry == square(1)


def test_whoever_hands_a_file_in_says_its_datum():
    assert refusal("a.geojson", collection(square(1)), Reading("")).field == "datum"
    assert refusal("a.geojson", collection(square(1)), Reading("mars")).field == "datum"


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_a_shifted_datum_is_refused_or_converted_and_that_is_kept(datum):
    refused = refusal("a.geojson", collection(square(1)), Reading(datum))
    assert refused.field == "converts"
    assert "2 m" in str(refused)
    upload = read("a.geojson", collection(square(1)), Reading(datum, converts=True))
    assert upload.parcels[0].converted_from == datum
    assert upload.parcels[0].geometry != square(1)
    assert datum in upload.notices[0]


# KML


def test_a_placemark_is_a_field():
    data = '<ExtendedData><Data name="household"><value>3-1</value></Data></ExtendedData>'
    upload = read("a.kml", kml(f"<name>A1</name>{data}{kml_polygon(square(1))}"))
    (parcel,) = upload.parcels
    assert (parcel.code, parcel.household_code, parcel.geometry) == ("A1", "3-1", square(1))
    assert upload.notices == ["Heights in the file are not kept."]


def test_a_hole_and_several_polygons_of_a_placemark_are_read():
    hole = [[117.022, 24.002], [117.022, 24.004], [117.024, 24.004], [117.024, 24.002], [117.022, 24.002]]
    with_hole = {"type": "Polygon", "coordinates": [*square(1)["coordinates"], hole]}
    both = f"<name>A</name><MultiGeometry>{kml_polygon(with_hole, '')}{kml_polygon(square(5), '')}</MultiGeometry>"
    parcels = read("a.kml", kml(both)).parcels
    assert [(parcel.code, len(parcel.geometry["coordinates"])) for parcel in parcels] == [("A-1", 2), ("A-2", 1)]


def test_points_and_lines_are_left_out_and_counted():
    line = "<LineString><coordinates>117,24 118,24</coordinates></LineString>"
    upload = read("a.kml", kml(line, "<Point><coordinates>117,24</coordinates></Point>", kml_polygon(square(1), "")))
    assert [parcel.number for parcel in upload.parcels] == [3]
    assert upload.notices[0].startswith("2 points or lines")


def test_spaces_behind_commas_are_read_over():
    text = kml(kml_polygon(square(1))).decode().replace(",24", ", 24")
    assert read("a.kml", text.encode()).parcels[0].geometry == square(1)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><kml>&b;</kml>"""
FETCHES = b"""<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>"""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "document type or entities"),
        (FETCHES, "document type or entities"),
        (b"<kml>", "cannot be read as XML"),
        (b"<kml>" + b"<Folder>" * 100 + b"</Folder>" * 100 + b"</kml>", "far more in it"),
        (b"<svg></svg>", "begins with"),
        (b"<kml></kml>", "no polygon"),
        (kml("<name>x</name>", kml_polygon(square(1)).replace("117.02,24.0,0", "117.02;24.0", 1)), "feature 2"),
        (kml(kml_polygon(square(1)).replace("117.02", "nan", 1)), "no point"),
        (kml(kml_polygon(square(1)).replace("117.02", "1e999", 1)), "no point"),
        (b'<?xml version="1.0" encoding="no-such"?><kml/>', "cannot be read as XML"),
    ],
)
def test_a_bad_kml_is_refused(content, why):
    assert why in str(refusal("fields.kml", content))


def test_a_placemark_without_an_outline_is_told_by_its_number():
    (problem,) = problems_in("a.kml", kml(kml_polygon(square(1)), "<Polygon></Polygon>"))
    assert (problem.number, problem.field) == (2, "geometry")


def test_a_kmz_is_read():
    content = zipped({"doc.kml": kml(f"<name>A1</name>{kml_polygon(square(1))}"), "files/icon.png": b"\x89PNG"})
    assert [parcel.code for parcel in read("a.kmz", content).parcels] == ["A1"]


# Shapefiles


def test_a_shapefile_is_read_with_its_columns():
    rows = [{"DKBM": "A1", "DKMC": "溪边田", "HTMJM": 30.0}]
    (parcel,) = read("fields.zip", zipped(shapefile_parts(square(1), rows=rows))).parcels
    assert (parcel.code, parcel.name, parcel.declared_area_ha) == ("A1", "溪边田", 2)
    assert area_ha(parcel.geometry) == area_ha(square(1))


@pytest.mark.parametrize("cpg", [None, "GBK", "936"])
def test_a_table_in_gbk_is_read(cpg):
    rows = [{"code": "A1", "name": "溪边田"}]
    parts = shapefile_parts(square(1), rows=rows, encoding="gbk") | ({"fields.cpg": cpg} if cpg else {})
    assert read("fields.zip", zipped(parts)).parcels[0].name == "溪边田"


@pytest.mark.parametrize("epsg", [4527, 4547, 4508])
def test_zones_of_cgcs2000_are_converted(epsg):
    upload = read("fields.zip", zipped(shapefile_parts(square(1), epsg=epsg)))
    found = sorted(upload.parcels[0].geometry["coordinates"][0])
    for (x, y), (east, north) in zip(found, sorted(square(1)["coordinates"][0]), strict=True):
        assert (x, y) == pytest.approx((east, north), abs=1e-9)
    assert "CGCS2000" in upload.notices[0]


def test_a_hole_of_a_shapefile_is_read():
    hole = [[117.022, 24.002], [117.022, 24.004], [117.024, 24.004], [117.024, 24.002], [117.022, 24.002]]
    with_hole = {"type": "Polygon", "coordinates": [*square(1)["coordinates"], hole]}
    (parcel,) = read("fields.zip", zipped(shapefile_parts(with_hole))).parcels
    assert len(parcel.geometry["coordinates"]) == 2


@pytest.mark.parametrize(("epsg", "name"), [(2437, "Beijing"), (2361, "Xian"), (32650, "UTM"), (3857, "Mercator")])
def test_other_systems_are_refused_by_name(epsg, name):
    refused = str(refusal("fields.zip", zipped(shapefile_parts(square(1), epsg=epsg))))
    assert name in refused
    assert refused.startswith("fields.prj: ")


def changed(**members):
    parts = shapefile_parts(square(1))
    for name, content in members.items():
        if content is None:
            del parts[f"fields.{name}"]
        else:
            parts[f"fields.{name}"] = content
    return parts


def lying_header(content, at, value):
    return content[:at] + struct.pack("<i", value) + content[at + 4 :]


SHP = shapefile_parts(square(1))["fields.shp"]
DBF = shapefile_parts(square(1))["fields.dbf"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"prj": None}, "There is no fields.prj"),
        ({"prj": ""}, "no coordinate system"),
        ({"prj": "GEOGCS[" * 500}, "no coordinate system"),
        ({"prj": "x" * 20_000}, "too long"),
        ({"shp": b""}, "damaged"),
        ({"shp": b"PNG" * 50}, "damaged"),
        ({"shp": SHP[:120]}, "damaged"),
        ({"shp": lying_header(SHP, 32, 1)}, "not polygons"),
        ({"shp": lying_header(SHP, 144, 2**31 - 1)}, "damaged"),
        ({"shp": lying_header(SHP, 148, 2**31 - 1)}, "damaged"),
        ({"shp": lying_header(SHP, 148, -5)}, "damaged"),
        ({"shp": lying_header(SHP, 152, 99)}, "damaged"),
        ({"dbf": b""}, "damaged"),
        ({"dbf": DBF[:40]}, "damaged"),
        ({"dbf": lying_header(DBF, 4, 2**31 - 1)}, "2147483647 rows"),
        ({"dbf": lying_header(DBF, 4, 0)}, "0 rows"),
        ({"cpg": "klingon"}, "no encoding"),
    ],
)
def test_a_bad_shapefile_is_refused(members, why):
    assert why in str(refusal("fields.zip", zipped(changed(**members))))


def test_a_shapefile_without_a_table_has_numbers_for_codes():
    assert [parcel.code for parcel in read("fields.zip", zipped(changed(dbf=None))).parcels] == ["0001"]


# Archives


def test_a_bomb_is_refused_by_what_it_says_it_holds(monkeypatch):
    monkeypatch.setattr(zip_files, "MAX_UNPACKED", 1_000_000)
    assert "unpacks to more" in str(refusal("a.zip", zipped({"fields.shp": b"\0" * 2_000_000})))


def test_a_bomb_that_lies_about_its_size_is_refused(monkeypatch):
    monkeypatch.setattr(zip_files, "MAX_UNPACKED", 1_000_000)
    content = zipped(shapefile_parts(square(1)) | {"fields.shp": b"\0" * 2_000_000})
    # Both the list and the member's own header say ten bytes.
    lying = content.replace(struct.pack("<I", 2_000_000), struct.pack("<I", 10))
    assert lying != content
    assert str(refusal("a.zip", lying))


def test_members_that_no_honest_archive_has_are_refused():
    inner = zipped({"a.txt": "x"})
    for members, why in (
        ({"../fields.shp": b""}, "points out"),
        ({"/etc/fields.shp": b""}, "points out"),
        ({"C:\\fields.shp": b""}, "points out"),
        ({"a\\..\\..\\fields.shp": b""}, "points out"),
        ({"inner.zip": inner}, "archive itself"),
        ({"fields.shp": inner, "fields.prj": WGS84_PRJ}, "archive itself"),
        ({f"{at}.shp": b"" for at in range(65)}, "more than 64 files"),
        ({"a.shp": b"", "b.shp": b""}, "several shapefiles"),
        ({"readme.txt": "x"}, "no shapefile"),
        ({}, "no shapefile"),
    ):
        assert why in str(refusal("a.zip", zipped(members))), why


def test_a_link_and_a_password_in_an_archive_are_refused():
    import zipfile

    link = zipfile.ZipInfo("fields.shp")
    link.external_attr = 0o120777 << 16
    secret = zipfile.ZipInfo("fields.shp")
    for member, flag, why in ((link, 0, "link"), (secret, 1, "password")):
        content = bytearray(zipped({member: b"x"}))
        listed = content.rindex(b"PK\x01\x02")
        content[listed + 8] |= flag
        assert why in str(refusal("a.zip", bytes(content)))


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06", zipped({"a.shp": b"x"})[:-10]])
def test_a_damaged_archive_is_refused(content):
    assert "no zip file" in str(refusal("a.zip", content))


def test_a_damaged_member_is_refused():
    content = bytearray(zipped(shapefile_parts(square(1))))
    content[60] ^= 0xFF
    assert str(refusal("a.zip", bytes(content))).startswith("a.zip: ")
