"""Read the fields of a project: page by page, and as one map."""

from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.parties.models import Membership
from ledger.projects.models import Parcel, Project

GEOJSON = "application/geo+json"


def parcels_listed(project: Project) -> QuerySet[Parcel]:
    """Return a project's fields in the order in which they came, without what a list does not show and is large."""
    return (
        Parcel.objects.filter(project=project).select_related("household").defer("geometry", "practices").order_by("id")
    )


def parcels_drawn(project: Project, most: int) -> list[Parcel]:
    """Return the first fields of a project, so many of them, with what a picture shows."""
    return list(Parcel.objects.filter(project=project).defer("practices").order_by("id")[:most])


def parcel_ids(project: Project, codes: Sequence[str], *, field: str = "parcels") -> list[int]:
    """Return the ids of fields that are named by their codes.

    Raises: InvalidValue where the project has no such field.
    """
    found = dict(Parcel.objects.filter(project=project, code__in=codes).values_list("code", "pk"))
    for code in codes:
        if code not in found:
            raise InvalidValue(field=field, reason=_("The project has no parcel %(code)s.") % {"code": code})
    return [found[code] for code in dict.fromkeys(codes)]


def sees_households(project: Project, reader: Membership | None) -> bool:
    """Return whether somebody may see which household works a field: its cooperative may, the public may not."""
    return reader is not None and reader.organisation_id == project.proponent_id


def geojson_version(project: Project, *, with_households: bool) -> str:
    """Return a mark that is another one as soon as anything of the project's map is."""
    with connection.cursor() as cursor:
        # Every change of a row puts it in another place, by another transaction.
        cursor.execute(_VERSION, [with_households, project.pk])
        (version,) = cursor.fetchone()
    return f"{version}{'-h' if with_households else ''}"


def geojson_of(project: Project, *, with_households: bool) -> Iterator[str]:
    """Yield the fields of a project as a GeoJSON FeatureCollection, piece by piece; shapes are written as they are stored.

    Source: RFC 7946.
    """
    yield '{"type":"FeatureCollection","features":['
    with connection.chunked_cursor() as cursor:
        cursor.execute(_FEATURES, [with_households, project.pk])
        separator = ""
        while rows := cursor.fetchmany(500):
            yield separator + ",".join(row[0] for row in rows)
            separator = ","
    yield "]}"


_VERSION = """
SELECT md5(coalesce(string_agg(concat_ws(':', parcel.id, parcel.xmin, parcel.ctid, household.xmin, household.ctid), ','
                               ORDER BY parcel.id), ''))
  FROM ledger_parcel parcel
  LEFT JOIN ledger_household household ON household.id = parcel.household_id AND %s
 WHERE parcel.project_id = %s
"""
_FEATURES = """
SELECT json_build_object(
           'type', 'Feature',
           'id', parcel.code,
           'properties', jsonb_strip_nulls(jsonb_build_object(
               'code', parcel.code, 'name', parcel.name, 'area_ha', parcel.area_ha, 'area_mu', parcel.area_ha * 15,
               'declared_area_ha', parcel.declared_area_ha, 'converted_from', nullif(parcel.converted_from, ''),
               'household', CASE WHEN %s THEN household.code END)),
           'geometry', parcel.geometry)::text
  FROM ledger_parcel parcel
  LEFT JOIN ledger_household household ON household.id = parcel.household_id
 WHERE parcel.project_id = %s
 ORDER BY parcel.id
"""
