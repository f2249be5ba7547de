"""What one is told."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint
from ledger.api.fields import MAX_WHOLE, Choice, JsonObject, Moment, Text, WholeNumber
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, PageQuerySerializer, StrictSerializer
from ledger.errors import NotFound
from ledger.notices import services
from ledger.notices.models import Group, Notice, Severity
from ledger.notices.selectors import narrowed, notices_of
from ledger.notices.words import say

READ_FILTERS = [("unread", "unread"), ("all", "all")]


class PersonalNoticeSerializer(serializers.Serializer[Notice]):
    id = serializers.IntegerField()
    kind = Text()
    about = Choice(choices=Group.choices, source="group")
    severity = Choice(choices=Severity.choices)
    title = serializers.SerializerMethodField(help_text="In the language that Accept-Language asks for.")
    text = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField(
        help_text="Path of the page that it is about; empty where there is none."
    )
    parameters = JsonObject(help_text="What the words are made of.")
    created_at = Moment()
    read_at = Moment(allow_null=True)

    def get_title(self, notice: Notice) -> str:
        return say(notice).title

    def get_text(self, notice: Notice) -> str:
        return say(notice).text

    def get_address(self, notice: Notice) -> str:
        return say(notice).address


class NoticeQuerySerializer(PageQuerySerializer):
    state = Choice(choices=READ_FILTERS, required=False, help_text="All where none is given.")
    about = Choice(choices=Group.choices, required=False)


class ReadNoticesSerializer(StrictSerializer):
    up_to = WholeNumber(min_value=1, max_value=MAX_WHOLE, help_text="The newest notice that you have seen.")


class ReadCountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class Notices(Endpoint):
    tag = "notices"

    @extend_schema(
        summary="List your notices", parameters=[NoticeQuerySerializer], responses=PersonalNoticeSerializer(many=True)
    )
    def list_notices(self, request: Request) -> Response:
        """What you were told, newest first."""
        query = self.query(NoticeQuerySerializer)
        found = narrowed(
            notices_of(self.person), group=query.get("about", ""), is_unread=query.get("state") == "unread"
        )
        return self.page(found, PersonalNoticeSerializer)

    @extend_schema(summary="Mark a notice as read", request=NothingSerializer, responses=PersonalNoticeSerializer)
    @refuses(NotFound)
    def read_notice(self, request: Request, notice_id: int) -> Response:
        """Done twice, it is done once."""
        self.body(NothingSerializer)
        return Response(PersonalNoticeSerializer(services.read_notice(person=self.person, notice_id=notice_id)).data)

    @extend_schema(summary="Mark your notices as read", request=ReadNoticesSerializer, responses=ReadCountSerializer)
    def read_notices(self, request: Request) -> Response:
        """Those up to one that you have seen; what has come since stays unread."""
        up_to = self.body(ReadNoticesSerializer)["up_to"]
        return Response({"count": services.read_all_notices(person=self.person, up_to=up_to)})
