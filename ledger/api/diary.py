"""The field diary: what a phone writes, sends again where the connection broke, and reads."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, ClockTime, Identifier, JsonObject, Moment, Text, WholeNumber
from ledger.api.schema import refuses
from ledger.api.serializers import PageQuerySerializer, ReasonSerializer, StrictSerializer
from ledger.errors import IdempotencyConflict, InvalidValue, NotAllowed, OrganisationNotApproved, WrongState
from ledger.projects.concern import access_concerning_project
from ledger.projects.diary import services
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.diary.season import Remark
from ledger.projects.diary.selectors import Filter, diary_of
from ledger.projects.documents.models import Document
from ledger.projects.reports import take_over_diary
from ledger.projects.reports.from_diary import TakenOver
from ledger.projects.selectors import access_project_by_code
from ledger.registry.search import FIRST_YEAR, LAST_YEAR


class DiaryPlaceSerializer(StrictSerializer):
    """Where the phone was, in WGS 84."""

    latitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    accuracy_m = WholeNumber(min_value=0, max_value=services.MAX_ACCURACY_M)


class NewDiaryEntrySerializer(StrictSerializer):
    client_uuid = Identifier(help_text="Made by the sender, once an entry: what is sent again is kept once.")
    kind = Choice(choices=DiaryEntry.Kind.choices)
    parcels = serializers.ListField(child=Text(max_length=32), max_length=services.MAX_PARCELS)
    happened_on = serializers.DateField(help_text="In Asia/Shanghai.")
    happened_time = ClockTime(required=False, allow_null=True)
    season = Text(max_length=64, required=False, allow_blank=True)
    content = JsonObject(
        required=False,
        help_text="By kind, numbers in texts: water_level_cm; method; straw_t_per_ha; manure_kind, manure_t_per_ha, "
        "n_kg_per_ha; yield_t_per_ha; depth_cm, samples.",
    )
    note = Text(max_length=services.MAX_NOTE, required=False, allow_blank=True)
    place = DiaryPlaceSerializer(required=False, allow_null=True)
    replaces = WholeNumber(required=False, allow_null=True, min_value=1, help_text="The entry that this one corrects.")


class DiaryQuerySerializer(PageQuerySerializer):
    parcel = Text(max_length=32, required=False)
    season = Text(max_length=64, required=False)
    kind = Choice(choices=DiaryEntry.Kind.choices, required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)
    withdrawn = Choice(choices=[("true", "true"), ("false", "false")], required=False, help_text="Withdrawn ones, too.")


class PhotoSerializer(serializers.Serializer[Document]):
    id = Identifier(source="public_id")
    sha256 = Text()


class DiaryEntrySerializer(serializers.Serializer[DiaryEntry]):
    id = serializers.IntegerField()
    client_uuid = Identifier()
    kind = Choice(choices=DiaryEntry.Kind.choices)
    parcels = serializers.ListField(child=Text())
    season = Text()
    happened_on = serializers.DateField()
    happened_time = ClockTime(allow_null=True)
    content = JsonObject()
    note = Text()
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    accuracy_m = serializers.IntegerField(allow_null=True)
    replaces = serializers.IntegerField(source="replaces_id", allow_null=True)
    created_at = Moment()
    withdrawn_at = Moment(allow_null=True)
    withdrawal_reason = Text()
    photos = serializers.SerializerMethodField()

    def get_photos(self, entry: DiaryEntry) -> list[dict[str, Any]]:
        photos = getattr(entry, "photos", None)
        if photos is None:
            photos = entry.documents.filter(withdrawn_at=None).order_by("id")
        return [show(PhotoSerializer, photo) for photo in photos]


class VintageSerializer(StrictSerializer):
    vintage = WholeNumber(min_value=FIRST_YEAR, max_value=LAST_YEAR)


class RemarkSerializer(serializers.Serializer[Remark]):
    """What the diary lacks, or says otherwise than was registered."""

    parcel = Text(help_text="Empty where it is of the project as a whole.")
    season = Text()
    code = Text(help_text="Stable, for programs.")
    detail = Text(source="text", help_text="For people, in the language that Accept-Language asks for.")


class TakenOverSerializer(serializers.Serializer[TakenOver]):
    report = serializers.IntegerField(source="report.pk", help_text="The id of the draft.")
    parcels = serializers.IntegerField(source="fields", help_text="Of how many fields the diary says something.")
    remarks = RemarkSerializer(many=True)


class Diary(Endpoint):
    tag = "diary"

    @extend_schema(
        summary="List a project's diary",
        parameters=[DiaryQuerySerializer],
        responses=DiaryEntrySerializer(many=True),
    )
    @refuses(NotAllowed)
    def list_diary(self, request: Request, code: str) -> Response:
        """For the project's cooperative, its verifiers, the operator and auditors."""
        wanted = self.query(DiaryQuerySerializer)
        project = access_concerning_project(code=code, membership=self.actor)
        names = ("parcel", "season", "kind", "starts_on", "ends_on")
        chosen: dict[str, Any] = {name: wanted[name] for name in names if name in wanted}
        includes_withdrawn = wanted.get("withdrawn") == "true"
        found = diary_of(project, Filter(**chosen, includes_withdrawn=includes_withdrawn))
        return self.page(found, DiaryEntrySerializer)

    @extend_schema(
        summary="Write into the diary",
        request=NewDiaryEntrySerializer,
        responses={201: DiaryEntrySerializer, 200: DiaryEntrySerializer},
        examples=[
            OpenApiExample(
                "Water let off",
                value={
                    "client_uuid": "0a3c1f0e-58a5-4d0b-9d3e-7a0a5a9a6c10",
                    "kind": "drainage",
                    "parcels": ["A01", "A02"],
                    "happened_on": "2024-05-20",
                    "happened_time": "09:30:00",
                    "season": "early",
                    "content": {"water_level_cm": "-5"},
                    "place": {"latitude": "24.512346", "longitude": "117.100000", "accuracy_m": 12},
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState, IdempotencyConflict)
    def create_diary_entry(self, request: Request, code: str) -> Response:
        """For owners and traders of the project's cooperative. 201 where it is new, 200 where it was sent before."""
        given = self.body(NewDiaryEntrySerializer)
        project = access_project_by_code(code=code, membership=self.actor)
        place = given.pop("place", None)
        written = services.write_entry(
            actor=self.actor,
            project_id=project.pk,
            new=services.NewEntry(**{"content": {}} | given, place=place and services.Place(**place)),
        )
        return Response(show(DiaryEntrySerializer, written.entry), status=201 if written.is_new else 200)

    @extend_schema(
        summary="Take the diary of a year over into its report",
        request=VintageSerializer,
        responses={201: TakenOverSerializer},
        examples=[OpenApiExample("A year", value={"vintage": 2024}, request_only=True)],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def report_from_diary(self, request: Request, code: str) -> Response:
        """Into the draft that is there, or one that is begun now; `remarks` says what the diary lacks."""
        given = self.body(VintageSerializer)
        project = access_project_by_code(code=code, membership=self.actor)
        taken = take_over_diary(actor=self.actor, project_id=project.pk, **given)
        return Response(show(TakenOverSerializer, taken), status=201)

    @extend_schema(summary="Withdraw a diary entry", request=ReasonSerializer, responses=DiaryEntrySerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def withdraw_diary_entry(self, request: Request, code: str, entry_id: int) -> Response:
        """It stays to be read by those whom it concerns, and counts no more."""
        project = access_project_by_code(code=code, membership=self.actor)
        entry = services.withdraw_entry(
            actor=self.actor, project_id=project.pk, entry_id=entry_id, **self.body(ReasonSerializer)
        )
        return Response(show(DiaryEntrySerializer, entry))
