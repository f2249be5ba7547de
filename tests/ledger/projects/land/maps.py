"""Files of fields, as programs write them and as nobody should."""

import io
import json
import zipfile
from typing import Any

import shapefile
from pyproj import CRS, Transformer

WGS84_PRJ = CRS.from_epsg(4326).to_wkt("WKT1_ESRI")
CGCS2000_PRJ = CRS.from_epsg(4490).to_wkt("WKT1_ESRI")


def collection(*shapes: dict[str, Any], columns: list[dict[str, Any]] | None = None, **more: Any) -> bytes:
    """Return a FeatureCollection of shapes with the columns of each."""
    rows = columns or [{"code": f"A{at:02d}"} for at in range(1, len(shapes) + 1)]
    features = [
        {"type": "Feature", "properties": row, "geometry": shape} for shape, row in zip(shapes, rows, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False).encode()


def kml(*placemarks: str) -> bytes:
    """Return a KML file of placemarks."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        + "".join(f"<Placemark>{placemark}</Placemark>" for placemark in placemarks)
        + "</Document></kml>"
    ).encode()


def kml_polygon(shape: dict[str, Any], height: str = ",0") -> str:
    """Return a polygon as KML writes it."""
    outline, *holes = (" ".join(f"{x},{y}{height}" for x, y in ring) for ring in shape["coordinates"])
    inner = "".join(
        f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing></innerBoundaryIs>"
        for hole in holes
    )
    return (
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>\n{outline}\n</coordinates></LinearRing>"
        f"</outerBoundaryIs>{inner}</Polygon>"
    )


def zipped(members: dict[str, bytes | str], **options: Any) -> bytes:
    """Return a zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def shapefile_parts(
    *shapes: dict[str, Any], rows: list[dict[str, Any]] | None = None, epsg: int | None = None, encoding: str = "utf-8"
) -> dict[str, bytes | str]:
    """Return the files of a shapefile; `epsg` also converts the shapes into that system."""
    parts = {name: io.BytesIO() for name in ("shp", "shx", "dbf")}
    rows = rows or [{"code": f"A{at:02d}"} for at in range(1, len(shapes) + 1)]
    prj = CGCS2000_PRJ if epsg is None else CRS.from_epsg(epsg).to_wkt("WKT1_ESRI")
    with shapefile.Writer(**parts, encoding=encoding) as writer:
        for name, value in rows[0].items():
            if isinstance(value, float):
                writer.field(name, "N", 18, 4)
            else:
                writer.field(name, "C", 60)
        for shape, row in zip(shapes, rows, strict=True):
            # Outlines run clockwise in a shapefile.
            rings = [[list(point) for point in ring] for ring in shape["coordinates"]]
            if epsg is not None:
                forth = Transformer.from_crs(4490, epsg, always_xy=True)
                rings = [[list(forth.transform(*point)) for point in ring] for ring in rings]
            writer.poly([ring[::-1] for ring in rings])
            writer.record(**row)
    found: dict[str, bytes | str] = {f"fields.{name}": part.getvalue() for name, part in parts.items()}
    return found | {"fields.prj": prj}
