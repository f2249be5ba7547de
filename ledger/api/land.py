"""Many fields at once, as a list or as a file; and the fields of a project as a map."""

import base64
import binascii
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Flag, JsonObject, Text
from ledger.api.parsers import MAX_BYTES
from ledger.api.projects import PRACTICES, NewParcelSerializer
from ledger.api.schema import refuses
from ledger.api.serializers import StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, OrganisationNotApproved, WrongState
from ledger.projects.land.examine import MAX_PARCELS, NewParcel
from ledger.projects.land.selectors import GEOJSON, parcel_ids, sees_households
from ledger.projects.land.services import (
    Added,
    add_parcels,
    change_parcel,
    remove_parcels,
    set_household,
    set_practices,
)
from ledger.projects.land.serving import geojson_answer
from ledger.projects.land.uploads import BD09, CGCS2000, GCJ02, WGS84, Reading, read_upload
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code

DATUM_CHOICES = [(name, name) for name in (WGS84, CGCS2000, GCJ02, BD09)]


class NewParcelsSerializer(StrictSerializer):
    parcels = serializers.ListField(child=NewParcelSerializer(), min_length=1, max_length=MAX_PARCELS)


class ParcelFileSerializer(StrictSerializer):
    name = Text(max_length=200, help_text="With its ending: .geojson, .json, .kml, .kmz, .zip.")
    content = Text(max_length=MAX_BYTES, trim_whitespace=False, help_text="The file, in base64 (RFC 4648 §4).")
    datum = Choice(choices=DATUM_CHOICES, help_text="What the coordinates are in.")
    converts = Flag(required=False, help_text="Have GCJ-02 or BD-09 converted, to about 2 m; that is recorded.")
    swaps = Flag(required=False, help_text="Latitude comes first in the file: swap the two.")
    practices = JsonObject(help_text="The practices of every field in the file.")


class ChangedParcelSerializer(NewParcelSerializer):
    parcel = Text(max_length=32, help_text="The code that it has now.")


class NamedParcelsSerializer(StrictSerializer):
    parcels = serializers.ListField(
        child=Text(max_length=32), min_length=1, max_length=MAX_PARCELS, help_text="Codes of fields."
    )


class SamePracticesSerializer(NamedParcelsSerializer):
    practices = JsonObject(help_text="In the methodology's terms.")


class WorkedBySerializer(NamedParcelsSerializer):
    household_code = Text(max_length=32, allow_blank=True, help_text="The cooperative's code of the household.")


class ChangedParcelsSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="How many fields.")


class AddedParcelSerializer(serializers.Serializer[Any]):
    code = Text()
    area_ha = serializers.DecimalField(max_digits=12, decimal_places=4)


class NoticeSerializer(serializers.Serializer[Any]):
    """What was done to a field, or what its owner should look at."""

    parcel = Text()
    detail = Text(source="reason")


class AddedParcelsSerializer(serializers.Serializer[Any]):
    parcels = AddedParcelSerializer(many=True)
    notices = NoticeSerializer(many=True)
    file_notices = serializers.ListField(child=Text(), help_text="What is to be said of the file as a whole.")


class Parcels(Endpoint):
    tag = "projects"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="Add many fields to a draft",
        request=NewParcelsSerializer,
        responses={201: AddedParcelsSerializer},
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def add_parcels(self, request: Request, code: str) -> Response:
        """All or none: everything that is wrong with any of them is told at once, with where it is as `geojson`."""
        project = self._project(code)
        given = [NewParcel(**each) for each in self.body(NewParcelsSerializer)["parcels"]]
        return _answer(add_parcels(actor=self.actor, project_id=project.pk, parcels=given), [])

    @extend_schema(
        summary="Add the fields of a file to a draft",
        request=ParcelFileSerializer,
        responses={201: AddedParcelsSerializer},
        examples=[
            OpenApiExample(
                "A shapefile",
                value={"name": "fields.zip", "content": "UEsDBBQ…", "datum": "CGCS2000", "practices": PRACTICES},
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def upload_parcels(self, request: Request, code: str) -> Response:
        """GeoJSON, KML, KMZ or a zipped shapefile; a pointer such as /features/2/geometry counts the features from 0."""
        project = self._project(code)
        given = self.body(ParcelFileSerializer)
        reading = Reading(given["datum"], swaps=given.get("swaps", False), converts=given.get("converts", False))
        try:
            upload = read_upload(given["name"], _decoded(given["content"]), reading, practices={})
        except InvalidValue as error:
            raise InvalidValue(field="content" if error.field == "file" else error.field, reason=str(error)) from None
        parcels = [replace(each, practices=given["practices"]) for each in upload.parcels]
        added = add_parcels(actor=self.actor, project_id=project.pk, parcels=parcels, within="features")
        return _answer(added, upload.notices)

    @extend_schema(
        summary="Change a field of a draft", request=ChangedParcelSerializer, responses=AddedParcelsSerializer
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def change_parcel(self, request: Request, code: str) -> Response:
        """It becomes what is given, as if it had been added so; `parcel` is the code that it has now."""
        given = self.body(ChangedParcelSerializer)
        project = self._project(code)
        (parcel_id,) = parcel_ids(project, [given.pop("parcel")], field="parcel")
        changed = change_parcel(actor=self.actor, project_id=project.pk, parcel_id=parcel_id, new=NewParcel(**given))
        return _answer(changed, [], status=200)

    @extend_schema(
        summary="Take fields out of a draft", request=NamedParcelsSerializer, responses=ChangedParcelsSerializer
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def remove_parcels(self, request: Request, code: str) -> Response:
        """All that are named, or none."""
        project, named = self._project(code), self.body(NamedParcelsSerializer)["parcels"]
        done = remove_parcels(actor=self.actor, project_id=project.pk, parcel_ids=parcel_ids(project, named))
        return Response({"changed": len(done)})

    @extend_schema(
        summary="Give fields of a draft the same practices",
        request=SamePracticesSerializer,
        responses=ChangedParcelsSerializer,
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def set_practices(self, request: Request, code: str) -> Response:
        """All that are named, or none."""
        project, given = self._project(code), self.body(SamePracticesSerializer)
        done = set_practices(
            actor=self.actor,
            project_id=project.pk,
            parcel_ids=parcel_ids(project, given["parcels"]),
            practices=given["practices"],
        )
        return Response({"changed": len(done)})

    @extend_schema(
        summary="Say which household works fields", request=WorkedBySerializer, responses=ChangedParcelsSerializer
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def set_household(self, request: Request, code: str) -> Response:
        """All fields that are named, or none; an empty code: no household."""
        project, given = self._project(code), self.body(WorkedBySerializer)
        done = set_household(
            actor=self.actor,
            project_id=project.pk,
            parcel_ids=parcel_ids(project, given["parcels"]),
            household_code=given["household_code"],
        )
        return Response({"changed": len(done)})

    @extend_schema(
        summary="Read a project's fields as a map",
        responses={(200, GEOJSON): OpenApiResponse(OpenApiTypes.OBJECT, description="GeoJSON (RFC 7946), with ETag.")},
    )
    def get_parcels_geojson(self, request: Request, code: str) -> Any:
        """A FeatureCollection in WGS 84; asked with If-None-Match, 304 where nothing has changed."""
        project = self._project(code)
        return geojson_answer(request._request, project, with_households=sees_households(project, self.viewer))

    def _project(self, code: str) -> Project:
        return access_project_by_code(code=code, membership=self.viewer)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue(field="content", reason=_("This is not base64.")) from None


def _answer(added: Added, file_notices: list[str], *, status: int = 201) -> Response:
    answer = {"parcels": added.parcels, "notices": added.notices, "file_notices": file_notices}
    return Response(show(AddedParcelsSerializer, answer), status=status)
