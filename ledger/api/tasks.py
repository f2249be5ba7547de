"""What waits for whoever calls, and for the caller's organisation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer
from ledger.errors import NotAllowed
from ledger.parties.models import Membership
from ledger.workload.selectors import tasks_of
from ledger.workload.tasks import MOST_OF_A_KIND, Task


class TaskSerializer(serializers.Serializer[Task]):
    kind = Text(help_text="What is to be done, as a word that stays: `findings_to_answer`, `transfer_to_decide`, …")
    title = Text(help_text="The same in words, in the language that was asked for.")
    subject = Text(help_text="With what: a project, credits, a sum.")
    page = Text(source="url", help_text="Where people do it.")
    count = serializers.IntegerField(help_text="How many: of a queue at the operator's desk, of findings, of vintages.")
    roles = serializers.ListField(
        child=Choice(choices=Membership.Role.choices), help_text="Who of the organisation can do it; empty: anybody."
    )
    is_mine = serializers.BooleanField(help_text="Whether your role is one of them.")
    since = Moment(allow_null=True, help_text="Since when it waits, or the first of several.")
    due_on = serializers.DateField(allow_null=True, help_text="The last day for it, in China.")
    due_at = Moment(allow_null=True, source="ends_at", help_text="The instant by which it is to be done.")
    is_late = serializers.BooleanField()


class TasksSerializer(serializers.Serializer[Any]):
    tasks = TaskSerializer(
        many=True, help_text=f"Yours first, of these what is due first; {MOST_OF_A_KIND} of a kind at most."
    )


class Tasks(Endpoint):
    tag = "organisations"

    @extend_schema(
        summary="List what waits for you",
        responses=TasksSerializer,
        examples=[
            OpenApiExample(
                "Credits that were offered",
                value={
                    "tasks": [
                        {
                            "kind": "transfer_to_decide",
                            "title": "Accept the credits, or decline them",
                            "subject": "TH-35-000001-2025 · 40 t · Nanjing Rice Cooperative",
                            "page": "/transfers/01234567-89ab-cdef-0123-456789abcdef",
                            "count": 1,
                            "roles": ["owner", "trader"],
                            "is_mine": True,
                            "since": "2026-11-30T09:00:00+08:00",
                            "due_on": None,
                            "due_at": "2026-12-07T09:00:00+08:00",
                            "is_late": False,
                        }
                    ]
                },
                response_only=True,
            )
        ],
    )
    @refuses(NotAllowed)
    def list_tasks(self, request: Request) -> Response:
        """What your organisation has to do: the same list as on the home page. It is bounded, and comes whole.

        Of the operator's people each task is a queue of the desk. Nothing waits for an organisation that is not approved.
        """
        self.query(NothingSerializer)
        return Response(show(TasksSerializer, {"tasks": [_shown(task, self.actor) for task in tasks_of(self.actor)]}))


def _shown(task: Task, reader: Membership) -> dict[str, Any]:
    return {
        "kind": task.kind,
        "title": str(task.title),
        "subject": task.subject,
        "url": task.url,
        "count": task.count,
        "roles": task.roles,
        "is_mine": task.is_for(reader),
        "since": task.since,
        "due_on": task.due_on,
        "ends_at": task.ends_at,
        "is_late": task.is_late,
    }
